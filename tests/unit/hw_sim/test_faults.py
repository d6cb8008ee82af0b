"""Every fault does what its docstring says, and goes when its time or its strikes are over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hw_sim import Desk
from hw_sim.faults import KINDS, FaultError

SUBMIT = "0011000B916407281553F80000AA0AE8329BFD4697D9EC37"
OK = b"\r\nOK\r\n"
PHONE = "+46708251358"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk() as desk:
        desk.command("ATE0")
        desk.command("AT+CMEE=1")
        yield desk


def hang(desk: Desk) -> None:
    desk.modem.fault("hang", for_s=20)
    assert desk.command("AT") == b""
    assert desk.wait(21) == b""
    assert desk.command("AT") == OK


def dying(desk: Desk) -> None:
    desk.modem.fault("dying", for_s=30)
    assert desk.command("AT") == b"\r\n^BOOT:91409020,0,0,0,6\r\n"
    desk.wait(31)
    assert desk.command("AT") == OK


def slow(desk: Desk) -> None:
    desk.modem.fault("slow", seconds=3.0, count=1)
    assert desk.command("AT") == b""
    assert desk.wait(2.9) == b""
    assert desk.wait(0.2) == OK
    assert desk.command("AT") == OK


def garbage(desk: Desk) -> None:
    desk.modem.fault("garbage", share=1.0, count=3)
    said = desk.command("AT")
    assert OK in said
    assert len(said) > len(OK)


def split(desk: Desk) -> None:
    desk.modem.fault("split", most=2, gap_s=0.1)
    first = desk.command("AT")
    assert 1 <= len(first) <= 2
    assert first + desk.wait(5) == OK


def merge(desk: Desk) -> None:
    desk.modem.fault("merge", hold_s=0.5)
    assert desk.command("AT") + desk.command("AT") == b""
    assert desk.wait(1) == OK + OK


def drop_bytes(desk: Desk) -> None:
    desk.modem.fault("drop-bytes", share=0.5)
    said = b"".join(desk.command("AT+CSQ") for _ in range(10))
    assert 0 < len(said) < 10 * len(b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n")


def echo_mad(desk: Desk) -> None:
    desk.modem.fault("echo-mad", times=2, count=1)
    assert desk.command("AT") == b"AT\rAT\r" + OK
    assert desk.command("AT") == OK


def only_ok(desk: Desk) -> None:
    desk.modem.fault("only-ok", for_s=10)
    assert desk.command("AT+CREG?") == OK
    assert desk.command("AT+CMGS=23") == b"\r\n> "
    assert desk.type(f"{SUBMIT}\x1a") == OK
    assert desk.phone(PHONE).received == []
    desk.wait(11)
    assert desk.command("AT+CREG?") != OK
    desk.modem.fault("only-ok", prompt=False, count=1)
    assert desk.command("AT+CMGS=23") == OK


def mirror(desk: Desk) -> None:
    desk.modem.fault("mirror", count=1)
    assert desk.command("AT") == b"AT\r"
    assert desk.command("AT") == OK


def nmea(desk: Desk) -> None:
    desk.modem.fault("nmea", for_s=3.5)
    assert desk.command("AT").startswith(b"$GPGGA,")
    assert desk.wait(3).count(b"$GPRMC") == 3
    desk.wait(1)
    assert desk.command("AT") == OK


def babble(desk: Desk) -> None:
    desk.modem.fault("babble", text="+CUSD: {n}", bytes_s=1000, for_s=1)
    said = desk.wait(2)
    assert 900 < len(said) < 1600
    assert said.startswith(b"\r\n+CUSD: 0\r\n")
    assert b"\r\n+CUSD: 49\r\n" in said
    desk.modem.fault("babble", form="binary", bytes_s=1000, for_s=1)
    assert 900 < len(desk.wait(2)) < 1100
    assert desk.command("AT") == OK


def cms_error(desk: Desk) -> None:
    desk.modem.fault("cms-38", count=1)
    assert desk.send(SUBMIT) == b"\r\n+CMS ERROR: 38\r\n"
    assert OK in desk.send(SUBMIT)


def cme_error(desk: Desk) -> None:
    desk.modem.fault("cme-error", command="+CREG", code=100, count=1)
    assert desk.command("AT+CSQ").endswith(OK)
    assert desk.command("AT+CREG?") == b"\r\n+CME ERROR: 100\r\n"
    assert desk.command("AT+CREG?").endswith(OK)
    desk.modem.fault("cme-14")
    assert desk.command("AT+CSQ") == b"\r\n+CME ERROR: 14\r\n"
    assert desk.command("AT") == OK


def stuck_500(desk: Desk) -> None:
    desk.modem.fault("stuck-500")
    assert [desk.send(SUBMIT) for _ in range(3)] == [b"\r\n+CMS ERROR: 500\r\n"] * 3
    desk.command("AT+CFUN=1,1")
    assert OK in desk.send(SUBMIT)


def taken_error(desk: Desk) -> None:
    desk.modem.fault("taken-error", count=1)
    assert desk.send(SUBMIT) == b"\r\n+CMS ERROR: 332\r\n"
    assert len(desk.phone(PHONE).received) == 1


def lost_result(desk: Desk) -> None:
    desk.modem.fault("lost-result", count=1)
    assert desk.send(SUBMIT) == b""
    assert len(desk.phone(PHONE).received) == 1
    assert desk.command("AT") == OK


def late_result(desk: Desk) -> None:
    desk.modem.fault("late-result", seconds=30.0, count=1)
    assert desk.send(SUBMIT) == b""
    assert desk.command("AT") == OK
    assert desk.wait(31) == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"


def slow_result(desk: Desk) -> None:
    desk.modem.fault("slow-result", seconds=20.0)
    assert desk.send(SUBMIT) == b""
    assert desk.command("AT") == OK
    assert desk.send(SUBMIT) == b""  # it waits for the first one
    assert desk.wait(19) == b""
    assert desk.wait(2) == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"
    assert desk.wait(20) == b"\r\n+CMGS: 1\r\n\r\nOK\r\n"


def stuck_send(desk: Desk) -> None:
    desk.modem.fault("stuck-send", count=1)
    assert desk.send(SUBMIT) == b""
    assert desk.command("AT") == b""
    assert desk.type("\x1b") == b""
    assert desk.command("AT") == OK


def wrong_result(desk: Desk) -> None:
    desk.modem.fault("wrong-result", count=1)
    assert desk.command("AT+CSQ").startswith(b"\r\n+CSQ")
    assert desk.command("AT+CREG?").startswith(b"\r\n+CSQ")
    assert desk.command("AT+CREG?").startswith(b"\r\n+CREG")


def false_ok(desk: Desk) -> None:
    desk.modem.fault("false-ok", count=1)
    assert desk.send(SUBMIT) == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"
    assert desk.sim.submits == []


def prompt_missing(desk: Desk) -> None:
    desk.modem.fault("prompt-missing", count=1)
    assert desk.command("AT+CMGS=23") == b""
    assert desk.type("\x1b") == OK
    assert desk.command("AT+CMGS=23") == b"\r\n> "


def prompt_late(desk: Desk) -> None:
    desk.modem.fault("prompt-late", seconds=4.0, count=1)
    assert desk.command("AT+CMGS=23") == b""
    assert desk.wait(4) == b"\r\n> "
    assert OK in desk.type(SUBMIT + "\x1a")


def prompt_form(desk: Desk) -> None:
    desk.modem.fault("prompt-form", form="double", count=1)
    assert desk.command("AT+CMGS=23") == b"\r\n\r\n> "


def urc_storm(desk: Desk) -> None:
    desk.modem.fault("urc-storm", text="+ZUSIMR:2", every_s=0.1, for_s=2.05)
    assert desk.wait(5).count(b"\r\n+ZUSIMR:2\r\n") == 21


def urc_midresponse(desk: Desk) -> None:
    desk.modem.fault("urc-midresponse", count=1)
    assert desk.command("AT+CSQ") == b"\r\n+CSQ: 20,99\r\n\r\n^RSSI:14\r\n" + OK


def hang_command(desk: Desk) -> None:
    desk.modem.fault("hang-command", command="+CMGL", count=1)
    assert desk.command("AT+CMGL=4") == b""
    assert desk.command("AT+CMGL=4") == OK


def bad_index(desk: Desk) -> None:
    desk.command("AT+CNMI=2,1")
    desk.modem.fault("bad-index", count=1)
    desk.sim.send(from_=PHONE, to="modem0", text="x")
    assert desk.wait(0) == b'\r\n+CMTI: "SM",-1\r\n'


def misframe(desk: Desk) -> None:
    desk.modem.fault("misframe", form="creg-empty", count=1)
    assert desk.command("AT+CREG?") == OK
    assert desk.command("AT+CREG?").startswith(b"\r\n+CREG")


def reset(desk: Desk) -> None:
    desk.modem.fault("reset")
    assert desk.command("AT") == b"AT\r" + OK  # the echo is back


def reset_mid_pdu(desk: Desk) -> None:
    desk.modem.fault("reset-mid-pdu")
    assert desk.send(SUBMIT) == b""
    assert desk.sim.submits == []
    desk.command("ATE0")
    desk.modem.fault("reset-mid-pdu", taken=True)
    assert desk.send(SUBMIT) == b""
    assert len(desk.sim.submits) == 1


def vanish(desk: Desk) -> None:
    desk.modem.fault("vanish", for_s=3)
    assert not desk.modem.powered
    desk.wait(4)
    assert desk.command("AT") == b"AT\r" + OK


def renumber(desk: Desk) -> None:
    desk.modem.fault("renumber", for_s=3)
    desk.wait(4)
    assert desk.modem.link_name == "modem0b"


def storage_full(desk: Desk) -> None:
    desk.command("AT+CNMI=2,1")
    desk.modem.fault("storage-full", for_s=60)
    desk.sim.send(from_=PHONE, to="modem0", text="x")
    assert desk.wait(1) == b""
    assert b'"SM",30,30' in desk.command("AT+CPMS?")
    assert desk.command("AT+CMGD=3").endswith(b'+CMTI: "SM",3\r\n')
    desk.wait(61)
    assert len(desk.modem.memories["SM"]) == 1


def sim_removed(desk: Desk) -> None:
    desk.modem.fault("sim-removed", for_s=5)
    assert desk.wait(0) == b"\r\n+CPIN: NOT INSERTED\r\n"
    assert desk.command("AT+CPIN?") == b"\r\n+CME ERROR: 10\r\n"
    assert desk.send(SUBMIT) == b"\r\n+CMS ERROR: 310\r\n"
    assert desk.wait(6) == b"\r\n+CPIN: READY\r\n"
    assert OK in desk.send(SUBMIT)


def pin_again(desk: Desk) -> None:
    desk.modem.fault("pin-again", for_s=60)
    assert desk.wait(0) == b"\r\n+CPIN: SIM PIN\r\n"
    assert desk.command("AT+CMGL=4") == b"\r\n+CMS ERROR: 311\r\n"
    assert desk.command('AT+CPIN="1234"') == OK
    assert desk.command("AT+CMGL=4") == OK


def network_lost(desk: Desk) -> None:
    desk.command("AT+CREG=1")
    desk.modem.fault("network-lost", for_s=5)
    assert desk.wait(0) == b"\r\n+CREG: 2\r\n"
    assert desk.send(SUBMIT) == b"\r\n+CMS ERROR: 331\r\n"
    assert desk.wait(6) == b"\r\n+CREG: 1\r\n"


def denied(desk: Desk) -> None:
    desk.modem.fault("denied", for_s=5)
    assert desk.command("AT+CREG?").startswith(b"\r\n+CREG: 0,3\r\n")
    desk.wait(6)
    assert desk.command("AT+CREG?").startswith(b"\r\n+CREG: 0,1\r\n")


def roaming(desk: Desk) -> None:
    desk.modem.fault("roaming", for_s=5)
    assert desk.command("AT+CREG?").startswith(b"\r\n+CREG: 0,5\r\n")
    assert OK in desk.send(SUBMIT)


def deaf_inbound(desk: Desk) -> None:
    desk.command("AT+CNMI=2,1")
    desk.modem.fault("deaf-inbound")
    desk.sim.send(from_=PHONE, to="modem0", text="x")
    assert desk.wait(5) == b""
    desk.command("AT+CFUN=1,1")
    desk.wait(1)
    assert len(desk.modem.memories["SM"]) == 1


def weak_signal(desk: Desk) -> None:
    desk.modem.fault("weak-signal", for_s=5)
    assert desk.command("AT+CSQ").startswith(b"\r\n+CSQ: 2,")
    desk.wait(6)
    assert desk.command("AT+CSQ").startswith(b"\r\n+CSQ: 20,")


def odd_references(desk: Desk) -> None:
    desk.modem.fault("odd-references", form="constant", count=2)
    assert [desk.send(SUBMIT).split(b"\r\n")[1] for _ in range(3)] == [b"+CMGS: 0", b"+CMGS: 0", b"+CMGS: 2"]
    desk.modem.fault("odd-references")
    assert len({desk.send(SUBMIT) for _ in range(5)}) > 1


def forget(desk: Desk) -> None:
    desk.command("AT+CNMI=2,1")
    desk.command("AT+CSMS=1")
    desk.command("AT+CMGF=0")
    desk.modem.fault("forget", what="cnmi")
    assert desk.command("AT+CNMI?").startswith(b"\r\n+CNMI: 0,0,0,0,0\r\n")
    assert desk.command("AT+CSMS?").startswith(b"\r\n+CSMS: 1,")
    desk.modem.fault("forget")
    assert desk.command("AT+CSMS?").startswith(b"\r\n+CSMS: 0,")
    assert desk.command("AT+CMGF?").startswith(b"\r\n+CMGF: 1\r\n")


def lost_indications(desk: Desk) -> None:
    for until in ("settings", "restart"):
        desk.command("ATE0")
        desk.command("AT+CNMI=2,1")
        desk.modem.fault("lost-indications", until=until)
        desk.sim.send(from_=PHONE, to="modem0", text="x")
        assert desk.wait(0) == b""
        assert desk.command("AT+CNMI?").startswith(b"\r\n+CNMI: 2,1,0,0,0\r\n")
        desk.command("AT+CNMI=2,1")
        desk.sim.send(from_=PHONE, to="modem0", text="y")
        assert (b"+CMTI" in desk.wait(0)) == (until == "settings")
    desk.modem.fault("reset")
    assert not desk.modem.faults.active


def sends_nothing(desk: Desk) -> None:
    desk.modem.fault("sends-nothing")
    assert desk.send(SUBMIT) == b""
    assert desk.command("AT") == OK
    desk.modem.faults.clear()
    desk.modem.fault("sends-nothing", form="no-prompt")
    assert desk.send(SUBMIT) == b""
    assert desk.type("\x1b") == OK
    desk.modem.faults.clear()
    assert desk.sim.submits == []
    desk.modem.fault("sends-nothing", form="refused")
    assert desk.send(SUBMIT) == b"\r\n+CMS ERROR: 38\r\n"
    desk.modem.fault("reset")
    desk.command("ATE0")
    assert OK in desk.send(SUBMIT)


CASES: dict[str, Callable[[Desk], None]] = {
    case.__name__.replace("_", "-"): case
    for case in (
        hang, dying, slow, garbage, split, merge, drop_bytes, echo_mad, cms_error, cme_error, stuck_500, taken_error,
        lost_result, late_result, slow_result, stuck_send, wrong_result, false_ok, prompt_missing, prompt_late,
        prompt_form, urc_storm, urc_midresponse, hang_command, bad_index, misframe, reset, reset_mid_pdu, vanish,
        renumber, storage_full, sim_removed, pin_again, network_lost, denied, roaming, deaf_inbound, weak_signal,
        forget, lost_indications, sends_nothing, odd_references, only_ok, mirror, nmea, babble,
    )
}  # fmt: skip


def test_every_fault_has_its_case_and_says_what_it_imitates() -> None:
    assert set(CASES) == set(KINDS)
    for kind, fault in KINDS.items():
        assert fault.__doc__, kind


@pytest.mark.parametrize("kind", sorted(CASES))
def test_fault(kind: str, desk: Desk) -> None:
    CASES[kind](desk)
    assert any(event["kind"] == kind for event in desk.sim.events.of("fault"))


def test_an_unknown_fault_names_the_nearest(desk: Desk) -> None:
    with pytest.raises(FaultError, match="did you mean hang"):
        desk.modem.fault("hnag")
    with pytest.raises(
        FaultError, match=r"^no fault lost; did you mean lost-indications or lost-result or network-lost\?$"
    ):
        desk.modem.fault("lost")
    with pytest.raises(FaultError, match="no fault zzzz; there are babble, bad-index, cme-error, "):
        desk.modem.fault("zzzz")


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("slow", {"colour": "red"}, "fault slow has no option colour; there is only seconds"),
        ("slow", {"second": 3}, "fault slow has no option second; did you mean seconds?"),
        ("hang", {"seconds": 3}, "fault hang has no option seconds; there are none"),
        ("hang", {"modem": "modem1"}, "fault hang has no option modem; there are none"),
        ("cme-error", {"x": 3}, "fault cme-error has no option x; there are code, command"),
        ("slow", {"seconds": "abc"}, "fault slow: seconds: a number is wanted, not 'abc'"),
        ("slow", {"seconds": -1}, "fault slow: seconds: 0 or more is wanted, not -1.0"),
        ("slow", {"seconds": float("nan")}, "fault slow: seconds: 0 or more is wanted, not nan"),
        ("garbage", {"share": 7}, "fault garbage: share: 0 to 1 is wanted, not 7.0"),
        ("split", {"most": 0}, "fault split: most: 1 or more is wanted, not 0"),
        ("split", {"most": 2.5}, "fault split: most: a whole number is wanted, not 2.5"),
        ("reset-mid-pdu", {"taken": 1}, "fault reset-mid-pdu: taken: true or false is wanted, not 1"),
        ("misframe", {"form": "x"}, "fault misframe: form is one of cnum, creg-bare, creg-quote, creg-empty, "),
        ("bad-index", {"form": "x"}, "fault bad-index: form is one of minus, empty, bare, memory, not 'x'"),
        ("storage-full", {"memory": "XX"}, "fault storage-full: memory is one of SM, ME, SR, BM, MT, not 'XX'"),
        ("dying", {"text": "日本"}, "fault dying: text: a text of printable characters up to U+00FF is wanted"),
        ("dying", {"every_s": 0}, "fault dying: every_s: 0.001 or more is wanted, not 0.0"),
        ("vanish", {"name": "../x"}, "fault vanish: name: a file name of letters, digits, dots, - and _ is wanted"),
        ("pin-again", {"pin": "12"}, "fault pin-again: pin: 4 to 8 digits is wanted, not '12'"),
    ],
)
def test_a_bad_option_is_told_with_what_is_wanted(kind: str, options: dict[str, Any], said: str, desk: Desk) -> None:
    with pytest.raises(FaultError) as caught:
        desk.modem.fault(kind, **options)
    assert str(caught.value).startswith(said)
    assert desk.modem.faults.active == []
    assert desk.sim.events.of("fault") == []


def test_a_number_will_do_for_a_text(desk: Desk) -> None:
    """On a command line 4711 looks like a number."""
    desk.modem.fault("pin-again", pin=4711)
    assert desk.modem.card.pin_code == "4711"


def test_faults_are_cleared(desk: Desk) -> None:
    desk.modem.fault("hang")
    desk.modem.faults.clear()
    assert desk.command("AT") == OK
