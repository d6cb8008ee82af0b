"""Every fault does what its docstring says, and goes when its time or its strikes are over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.field_faults import FIELD_CASES

from hw_sim import Harness
from hw_sim.faults import KINDS, FaultError

SUBMIT = "0011000B916407281553F80000AA0AE8329BFD4697D9EC37"
OK = b"\r\nOK\r\n"
PHONE = "+46708251358"


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as harness:
        harness.command("ATE0")
        harness.command("AT+CMEE=1")
        yield harness


def hang(harness: Harness) -> None:
    harness.modem.fault("hang", for_s=20)
    assert harness.command("AT") == b""
    assert harness.wait(21) == b""
    assert harness.command("AT") == OK


def dying(harness: Harness) -> None:
    harness.modem.fault("dying", for_s=30)
    assert harness.command("AT") == b"\r\n^BOOT:91409020,0,0,0,6\r\n"
    harness.wait(31)
    assert harness.command("AT") == OK


def slow(harness: Harness) -> None:
    harness.modem.fault("slow", seconds=3.0, count=1)
    assert harness.command("AT") == b""
    assert harness.wait(2.9) == b""
    assert harness.wait(0.2) == OK
    assert harness.command("AT") == OK


def garbage(harness: Harness) -> None:
    harness.modem.fault("garbage", share=1.0, count=3)
    said = harness.command("AT")
    assert OK in said
    assert len(said) > len(OK)


def split(harness: Harness) -> None:
    harness.modem.fault("split", most=2, gap_s=0.1)
    first = harness.command("AT")
    assert 1 <= len(first) <= 2
    assert first + harness.wait(5) == OK


def merge(harness: Harness) -> None:
    harness.modem.fault("merge", hold_s=0.5)
    assert harness.command("AT") + harness.command("AT") == b""
    assert harness.wait(1) == OK + OK


def drop_bytes(harness: Harness) -> None:
    harness.modem.fault("drop-bytes", share=0.5)
    said = b"".join(harness.command("AT+CSQ") for _ in range(10))
    assert 0 < len(said) < 10 * len(b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n")


def echo_mad(harness: Harness) -> None:
    harness.modem.fault("echo-mad", times=2, count=1)
    assert harness.command("AT") == b"AT\rAT\r" + OK
    assert harness.command("AT") == OK


def only_ok(harness: Harness) -> None:
    harness.modem.fault("only-ok", for_s=10)
    assert harness.command("AT+CREG?") == OK
    assert harness.command("AT+CMGS=23") == b"\r\n> "
    assert harness.type(f"{SUBMIT}\x1a") == OK
    assert harness.phone(PHONE).received == []
    harness.wait(11)
    assert harness.command("AT+CREG?") != OK
    harness.modem.fault("only-ok", prompt=False, count=1)
    assert harness.command("AT+CMGS=23") == OK


def mirror(harness: Harness) -> None:
    harness.modem.fault("mirror", count=1)
    assert harness.command("AT") == b"AT\r"
    assert harness.command("AT") == OK


def nmea(harness: Harness) -> None:
    harness.modem.fault("nmea", for_s=3.5)
    assert harness.command("AT").startswith(b"$GPGGA,")
    assert harness.wait(3).count(b"$GPRMC") == 3
    harness.wait(1)
    assert harness.command("AT") == OK


def babble(harness: Harness) -> None:
    harness.modem.fault("babble", text="+CUSD: {n}", bytes_s=1000, for_s=1)
    said = harness.wait(2)
    assert 900 < len(said) < 1600
    assert said.startswith(b"\r\n+CUSD: 0\r\n")
    assert b"\r\n+CUSD: 49\r\n" in said
    harness.modem.fault("babble", form="binary", bytes_s=1000, for_s=1)
    assert 900 < len(harness.wait(2)) < 1100
    assert harness.command("AT") == OK


def cms_error(harness: Harness) -> None:
    harness.modem.fault("cms-38", count=1)
    assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 38\r\n"
    assert OK in harness.send(SUBMIT)


def cme_error(harness: Harness) -> None:
    harness.modem.fault("cme-error", command="+CREG", code=100, count=1)
    assert harness.command("AT+CSQ").endswith(OK)
    assert harness.command("AT+CREG?") == b"\r\n+CME ERROR: 100\r\n"
    assert harness.command("AT+CREG?").endswith(OK)
    harness.modem.fault("cme-14")
    assert harness.command("AT+CSQ") == b"\r\n+CME ERROR: 14\r\n"
    assert harness.command("AT") == OK


def stuck_500(harness: Harness) -> None:
    harness.modem.fault("stuck-500")
    assert [harness.send(SUBMIT) for _ in range(3)] == [b"\r\n+CMS ERROR: 500\r\n"] * 3
    harness.command("AT+CFUN=1,1")
    assert OK in harness.send(SUBMIT)


def taken_error(harness: Harness) -> None:
    harness.modem.fault("taken-error", count=1)
    assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 332\r\n"
    assert len(harness.phone(PHONE).received) == 1


def lost_result(harness: Harness) -> None:
    harness.modem.fault("lost-result", count=1)
    assert harness.send(SUBMIT) == b""
    assert len(harness.phone(PHONE).received) == 1
    assert harness.command("AT") == OK


def late_result(harness: Harness) -> None:
    harness.modem.fault("late-result", seconds=30.0, count=1)
    assert harness.send(SUBMIT) == b""
    assert harness.command("AT") == OK
    assert harness.wait(31) == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"


def slow_result(harness: Harness) -> None:
    harness.modem.fault("slow-result", seconds=20.0)
    assert harness.send(SUBMIT) == b""
    assert harness.command("AT") == OK
    assert harness.send(SUBMIT) == b""  # it waits for the first one
    assert harness.wait(19) == b""
    assert harness.wait(2) == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"
    assert harness.wait(20) == b"\r\n+CMGS: 1\r\n\r\nOK\r\n"


def stuck_send(harness: Harness) -> None:
    harness.modem.fault("stuck-send", count=1)
    assert harness.send(SUBMIT) == b""
    assert harness.command("AT") == b""
    assert harness.type("\x1b") == b""
    assert harness.command("AT") == OK


def wrong_result(harness: Harness) -> None:
    harness.modem.fault("wrong-result", count=1)
    assert harness.command("AT+CSQ").startswith(b"\r\n+CSQ")
    assert harness.command("AT+CREG?").startswith(b"\r\n+CSQ")
    assert harness.command("AT+CREG?").startswith(b"\r\n+CREG")


def false_ok(harness: Harness) -> None:
    harness.modem.fault("false-ok", count=1)
    assert harness.send(SUBMIT) == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"
    assert harness.sim.submits == []


def prompt_missing(harness: Harness) -> None:
    harness.modem.fault("prompt-missing", count=1)
    assert harness.command("AT+CMGS=23") == b""
    assert harness.type("\x1b") == OK
    assert harness.command("AT+CMGS=23") == b"\r\n> "


def prompt_late(harness: Harness) -> None:
    harness.modem.fault("prompt-late", seconds=4.0, count=1)
    assert harness.command("AT+CMGS=23") == b""
    assert harness.wait(4) == b"\r\n> "
    assert OK in harness.type(SUBMIT + "\x1a")


def prompt_form(harness: Harness) -> None:
    harness.modem.fault("prompt-form", form="double", count=1)
    assert harness.command("AT+CMGS=23") == b"\r\n\r\n> "


def urc_storm(harness: Harness) -> None:
    harness.modem.fault("urc-storm", text="+ZUSIMR:2", every_s=0.1, for_s=2.05)
    assert harness.wait(5).count(b"\r\n+ZUSIMR:2\r\n") == 21


def urc_midresponse(harness: Harness) -> None:
    harness.modem.fault("urc-midresponse", count=1)
    assert harness.command("AT+CSQ") == b"\r\n+CSQ: 20,99\r\n\r\n^RSSI:14\r\n" + OK


def hang_command(harness: Harness) -> None:
    harness.modem.fault("hang-command", command="+CMGL", count=1)
    assert harness.command("AT+CMGL=4") == b""
    assert harness.command("AT+CMGL=4") == OK


def bad_index(harness: Harness) -> None:
    harness.command("AT+CNMI=2,1")
    harness.modem.fault("bad-index", count=1)
    harness.sim.send(from_=PHONE, to="modem0", text="x")
    assert harness.wait(0) == b'\r\n+CMTI: "SM",-1\r\n'


def misframe(harness: Harness) -> None:
    harness.modem.fault("misframe", form="creg-empty", count=1)
    assert harness.command("AT+CREG?") == OK
    assert harness.command("AT+CREG?").startswith(b"\r\n+CREG")


def reset(harness: Harness) -> None:
    harness.modem.fault("reset")
    assert harness.command("AT") == b"AT\r" + OK  # the echo is back


def reset_mid_pdu(harness: Harness) -> None:
    harness.modem.fault("reset-mid-pdu")
    assert harness.send(SUBMIT) == b""
    assert harness.sim.submits == []
    harness.command("ATE0")
    harness.modem.fault("reset-mid-pdu", taken=True)
    assert harness.send(SUBMIT) == b""
    assert len(harness.sim.submits) == 1


def vanish(harness: Harness) -> None:
    harness.modem.fault("vanish", for_s=3)
    assert not harness.modem.powered
    harness.wait(4)
    assert harness.command("AT") == b"AT\r" + OK


def renumber(harness: Harness) -> None:
    harness.modem.fault("renumber", for_s=3)
    harness.wait(4)
    assert harness.modem.link_name == "modem0b"


def storage_full(harness: Harness) -> None:
    harness.command("AT+CNMI=2,1")
    harness.modem.fault("storage-full", for_s=60)
    harness.sim.send(from_=PHONE, to="modem0", text="x")
    assert harness.wait(1) == b""
    assert b'"SM",30,30' in harness.command("AT+CPMS?")
    assert harness.command("AT+CMGD=3").endswith(b'+CMTI: "SM",3\r\n')
    harness.wait(61)
    assert len(harness.modem.memories["SM"]) == 1


def sim_removed(harness: Harness) -> None:
    harness.modem.fault("sim-removed", for_s=5)
    assert harness.wait(0) == b"\r\n+CPIN: NOT INSERTED\r\n"
    assert harness.command("AT+CPIN?") == b"\r\n+CME ERROR: 10\r\n"
    assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 310\r\n"
    assert harness.wait(6) == b"\r\n+CPIN: READY\r\n"
    assert OK in harness.send(SUBMIT)


def pin_again(harness: Harness) -> None:
    harness.modem.fault("pin-again", for_s=60)
    assert harness.wait(0) == b"\r\n+CPIN: SIM PIN\r\n"
    assert harness.command("AT+CMGL=4") == b"\r\n+CMS ERROR: 311\r\n"
    assert harness.command('AT+CPIN="1234"') == OK
    assert harness.command("AT+CMGL=4") == OK


def network_lost(harness: Harness) -> None:
    harness.command("AT+CREG=1")
    harness.modem.fault("network-lost", for_s=5)
    assert harness.wait(0) == b"\r\n+CREG: 2\r\n"
    assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 331\r\n"
    assert harness.wait(6) == b"\r\n+CREG: 1\r\n"


def denied(harness: Harness) -> None:
    harness.modem.fault("denied", for_s=5)
    assert harness.command("AT+CREG?").startswith(b"\r\n+CREG: 0,3\r\n")
    harness.wait(6)
    assert harness.command("AT+CREG?").startswith(b"\r\n+CREG: 0,1\r\n")


def roaming(harness: Harness) -> None:
    harness.modem.fault("roaming", for_s=5)
    assert harness.command("AT+CREG?").startswith(b"\r\n+CREG: 0,5\r\n")
    assert OK in harness.send(SUBMIT)


def deaf_inbound(harness: Harness) -> None:
    harness.command("AT+CNMI=2,1")
    harness.modem.fault("deaf-inbound")
    harness.sim.send(from_=PHONE, to="modem0", text="x")
    assert harness.wait(5) == b""
    harness.command("AT+CFUN=1,1")
    harness.wait(1)
    assert len(harness.modem.memories["SM"]) == 1


def weak_signal(harness: Harness) -> None:
    harness.modem.fault("weak-signal", for_s=5)
    assert harness.command("AT+CSQ").startswith(b"\r\n+CSQ: 2,")
    harness.wait(6)
    assert harness.command("AT+CSQ").startswith(b"\r\n+CSQ: 20,")


def odd_references(harness: Harness) -> None:
    harness.modem.fault("odd-references", form="constant", count=2)
    assert [harness.send(SUBMIT).split(b"\r\n")[1] for _ in range(3)] == [b"+CMGS: 0", b"+CMGS: 0", b"+CMGS: 2"]
    harness.modem.fault("odd-references")
    assert len({harness.send(SUBMIT) for _ in range(5)}) > 1


def forget(harness: Harness) -> None:
    harness.command("AT+CNMI=2,1")
    harness.command("AT+CSMS=1")
    harness.command("AT+CMGF=0")
    harness.modem.fault("forget", what="cnmi")
    assert harness.command("AT+CNMI?").startswith(b"\r\n+CNMI: 0,0,0,0,0\r\n")
    assert harness.command("AT+CSMS?").startswith(b"\r\n+CSMS: 1,")
    harness.modem.fault("forget")
    assert harness.command("AT+CSMS?").startswith(b"\r\n+CSMS: 0,")
    assert harness.command("AT+CMGF?").startswith(b"\r\n+CMGF: 1\r\n")


def lost_indications(harness: Harness) -> None:
    for until in ("settings", "restart"):
        harness.command("ATE0")
        harness.command("AT+CNMI=2,1")
        harness.modem.fault("lost-indications", until=until)
        harness.sim.send(from_=PHONE, to="modem0", text="x")
        assert harness.wait(0) == b""
        assert harness.command("AT+CNMI?").startswith(b"\r\n+CNMI: 2,1,0,0,0\r\n")
        harness.command("AT+CNMI=2,1")
        harness.sim.send(from_=PHONE, to="modem0", text="y")
        assert (b"+CMTI" in harness.wait(0)) == (until == "settings")
    harness.modem.fault("reset")
    assert not harness.modem.faults.active


def sends_nothing(harness: Harness) -> None:
    harness.modem.fault("sends-nothing")
    assert harness.send(SUBMIT) == b""
    assert harness.command("AT") == OK
    harness.modem.faults.clear()
    harness.modem.fault("sends-nothing", form="no-prompt")
    assert harness.send(SUBMIT) == b""
    assert harness.type("\x1b") == OK
    harness.modem.faults.clear()
    assert harness.sim.submits == []
    harness.modem.fault("sends-nothing", form="refused")
    assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 38\r\n"
    harness.modem.fault("reset")
    harness.command("ATE0")
    assert OK in harness.send(SUBMIT)


CASES: dict[str, Callable[[Harness], None]] = {
    case.__name__.replace("_", "-"): case
    for case in (
        hang, dying, slow, garbage, split, merge, drop_bytes, echo_mad, cms_error, cme_error, stuck_500, taken_error,
        lost_result, late_result, slow_result, stuck_send, wrong_result, false_ok, prompt_missing, prompt_late,
        prompt_form, urc_storm, urc_midresponse, hang_command, bad_index, misframe, reset, reset_mid_pdu, vanish,
        renumber, storage_full, sim_removed, pin_again, network_lost, denied, roaming, deaf_inbound, weak_signal,
        forget, lost_indications, sends_nothing, odd_references, only_ok, mirror, nmea, babble,
        *FIELD_CASES,
    )
}  # fmt: skip


def test_every_fault_has_its_case_and_says_what_it_imitates() -> None:
    assert set(CASES) == set(KINDS)
    for kind, fault in KINDS.items():
        assert fault.__doc__, kind


@pytest.mark.parametrize("kind", sorted(CASES))
def test_fault(kind: str, harness: Harness) -> None:
    CASES[kind](harness)
    assert any(event["kind"] == kind for event in harness.sim.events.of("fault"))


def test_an_unknown_fault_names_the_nearest(harness: Harness) -> None:
    with pytest.raises(FaultError, match="did you mean hang"):
        harness.modem.fault("hnag")
    with pytest.raises(
        FaultError,
        match=r"^fault 'lost' does not exist; did you mean lost-indications or lost-result or network-lost\?$",
    ):
        harness.modem.fault("lost")
    with pytest.raises(
        FaultError, match="fault 'zzzz' does not exist; use one of acknowledgement-form, babble, bad-index, "
    ):
        harness.modem.fault("zzzz")


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("slow", {"colour": "red"}, "fault slow: unknown option 'colour'; use seconds"),
        ("slow", {"second": 3}, "fault slow: unknown option 'second'; did you mean seconds?"),
        ("hang", {"seconds": 3}, "fault hang: unknown option 'seconds'; none is valid here"),
        ("hang", {"modem": "modem1"}, "fault hang: unknown option 'modem'; none is valid here"),
        ("cme-error", {"x": 3}, "fault cme-error: unknown option 'x'; use one of code, command"),
        ("slow", {"seconds": "abc"}, "fault slow: seconds: 'abc' is not valid; use a number"),
        ("slow", {"seconds": -1}, "fault slow: seconds: -1.0 is not valid; use 0 or more"),
        ("slow", {"seconds": float("nan")}, "fault slow: seconds: nan is not valid; use 0 or more"),
        ("garbage", {"share": 7}, "fault garbage: share: 7.0 is not valid; use 0 to 1"),
        ("split", {"most": 0}, "fault split: most: 0 is not valid; use 1 or more"),
        ("split", {"most": 2.5}, "fault split: most: 2.5 is not valid; use a whole number"),
        ("reset-mid-pdu", {"taken": 1}, "fault reset-mid-pdu: taken: 1 is not valid; use true or false"),
        (
            "misframe",
            {"form": "x"},
            "fault misframe: form: 'x' is not valid; use one of cnum, creg-bare, creg-quote, creg-empty, ",
        ),
        ("bad-index", {"form": "x"}, "fault bad-index: form: 'x' is not valid; use one of minus, empty, bare, memory"),
        (
            "storage-full",
            {"memory": "XX"},
            "fault storage-full: memory: 'XX' is not valid; use one of SM, ME,",
        ),
        ("dying", {"text": "日本"}, "fault dying: text: '日本' is not valid; use printable characters up to U+00FF"),
        ("dying", {"every_s": 0}, "fault dying: every_s: 0.0 is not valid; use 0.001 or more"),
        (
            "vanish",
            {"name": "../x"},
            "fault vanish: name: '../x' is not valid; use a file name of letters, digits, dots, - and _",
        ),
        ("pin-again", {"pin": "12"}, "fault pin-again: pin: '12' is not valid; use 4 to 8 digits"),
    ],
)
def test_a_bad_option_is_told_with_what_is_wanted(
    kind: str, options: dict[str, Any], said: str, harness: Harness
) -> None:
    with pytest.raises(FaultError) as caught:
        harness.modem.fault(kind, **options)
    assert str(caught.value).startswith(said)
    assert harness.modem.faults.active == []
    assert harness.sim.events.of("fault") == []


def test_a_number_will_do_for_a_text(harness: Harness) -> None:
    """On a command line 4711 looks like a number."""
    harness.modem.fault("pin-again", pin=4711)
    assert harness.modem.card.pin_code == "4711"


def test_faults_are_cleared(harness: Harness) -> None:
    harness.modem.fault("hang")
    harness.modem.faults.clear()
    assert harness.command("AT") == OK
