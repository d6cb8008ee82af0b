"""Messages over AT: sending, storage, indications, acknowledgement, text mode (27.005)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hw_sim import Harness

# SUBMIT, TP-VP 24 h, to +46708251358, "hellohello" (the example that many PDU pages carry); 0031 asks for a report
SUBMIT = "0011000B916407281553F80000AA0AE8329BFD4697D9EC37"
WITH_REPORT = "0031" + SUBMIT[4:]
PHONE = "+46708251358"


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as harness:
        harness.command("ATE0")
        harness.command("AT+CMEE=1")
        yield harness


def incoming(harness: Harness, text: str = "Hi", **options: object) -> bytes:
    harness.sim.send(from_=PHONE, to="modem0", text=text, **options)
    return harness.wait(0)


def test_the_prompt_and_the_reference(harness: Harness) -> None:
    assert harness.command("AT+CMGS=23") == b"\r\n> "
    assert harness.type(SUBMIT + "\x1a") == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"
    assert harness.send(SUBMIT) == b"\r\n+CMGS: 1\r\n\r\nOK\r\n"
    assert [message.text for message in harness.phone(PHONE).received] == ["hellohello"] * 2


def test_escape_leaves_the_prompt_and_sends_nothing(harness: Harness) -> None:
    harness.command("AT+CMGS=23")
    assert harness.type(SUBMIT[:10] + "\x1b") == b"\r\nOK\r\n"
    assert harness.sim.submits == []


def test_the_payload_is_echoed_while_echo_is_on(harness: Harness) -> None:
    harness.command("ATE1")
    assert harness.command("AT+CMGS=23") == b"AT+CMGS=23\r\r\n> "
    assert harness.type(SUBMIT).startswith(SUBMIT.encode())


@pytest.mark.parametrize("pdu", ["00", "0011", "XX", SUBMIT[:-2], SUBMIT + "00", "0C" + SUBMIT])
def test_a_wrong_pdu_is_error_304(harness: Harness, pdu: str) -> None:
    harness.command("AT+CMGS=23")
    assert harness.type(pdu + "\x1a") == b"\r\n+CMS ERROR: 304\r\n"


def test_error_instead_of_the_prompt(harness: Harness) -> None:
    assert harness.command("AT+CMGS=300") == b"\r\n+CMS ERROR: 304\r\n"
    harness.modem.radio.set_coverage(False)
    assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 331\r\n"


def test_no_service_centre(harness: Harness) -> None:
    harness.command('AT+CSCA=""')
    assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 330\r\n"
    harness.command('AT+CSCA="+491710760000",145')
    assert harness.command("AT+CSCA?") == b'\r\n+CSCA: "+491710760000",145\r\n\r\nOK\r\n'
    assert b"+CMGS" in harness.send(SUBMIT)


def test_the_reference_wraps_and_lives_on_the_sim(harness: Harness) -> None:
    harness.modem.card.last_mr = 254
    assert b"+CMGS: 255" in harness.send(SUBMIT)
    harness.modem.reboot()
    harness.command("ATE0")
    assert b"+CMGS: 0" in harness.send(SUBMIT)


@pytest.mark.parametrize(
    ("cnmi", "said"),
    [
        ("2,0,0,0,0", b""),
        ("2,1,0,0,0", b'\r\n+CMTI: "SM",1\r\n'),
        ("2,2,0,0,0", b"\r\n+CMT: ,21\r\n"),
        ("1,1", b'\r\n+CMTI: "SM",1\r\n'),
        ("3,1", b'\r\n+CMTI: "SM",1\r\n'),
        ("0,1", b""),
        ("2,3", b'\r\n+CMTI: "SM",1\r\n'),
    ],
)
def test_indications_of_a_plain_message(harness: Harness, cnmi: str, said: bytes) -> None:
    assert harness.command(f"AT+CNMI={cnmi}") == b"\r\nOK\r\n"
    heard = incoming(harness)
    assert heard.startswith(said) if said else heard == b""


def test_buffered_indications_are_flushed_or_cleared(harness: Harness) -> None:
    harness.command("AT+CNMI=0,1,0,0,0")
    incoming(harness)
    incoming(harness)
    assert harness.command("AT+CNMI=2,1,0,0,0") == b'\r\nOK\r\n\r\n+CMTI: "SM",1\r\n\r\n+CMTI: "SM",2\r\n'
    harness.command("AT+CNMI=0,1,0,0,0")
    incoming(harness)
    assert harness.command("AT+CNMI=2,1,0,0,1") == b"\r\nOK\r\n"


def test_a_flash_message_is_shown_and_not_stored(harness: Harness) -> None:
    harness.command("AT+CNMI=2,1")
    assert incoming(harness, flash=True).startswith(b"\r\n+CMT: ,21\r\n")
    assert len(harness.modem.memories["SM"]) == 0


def test_class_3_is_routed_under_mt_3(harness: Harness) -> None:
    harness.command("AT+CNMI=2,3")
    harness.phone(PHONE).submit("+491700000001", 2, bytes.fromhex("C834"), dcs=0xF3)
    assert harness.wait(0).startswith(b"\r\n+CMT: ,")


def test_reading_listing_deleting(harness: Harness) -> None:
    incoming(harness, "one")
    incoming(harness, "two")
    assert harness.command("AT+CPMS?").startswith(b'\r\n+CPMS: "SM",2,30,"SM",2,30')
    first = harness.command("AT+CMGR=1")
    assert first.startswith(b"\r\n+CMGR: 0,,22\r\n0791947101670000")
    assert harness.command("AT+CMGR=1").startswith(b"\r\n+CMGR: 1,,22\r\n")
    assert harness.command("AT+CMGL=0").count(b"+CMGL: 2,0,,22\r\n") == 1
    assert harness.command("AT+CMGL=0") == b"\r\nOK\r\n"
    assert harness.command("AT+CMGL=4").count(b"+CMGL:") == 2
    assert harness.command("AT+CMGD=1") == b"\r\nOK\r\n"
    assert harness.command("AT+CMGR=1") == b"\r\nOK\r\n"
    assert harness.command("AT+CMGD=99") == b"\r\n+CMS ERROR: 321\r\n"
    assert harness.command("AT+CMGD=?").startswith(b"\r\n+CMGD: (2),(0-4)")
    harness.command("AT+CMGD=1,4")
    assert harness.command("AT+CMGL=4") == b"\r\nOK\r\n"


@pytest.mark.parametrize(("flag", "left"), [(1, 3), (2, 2), (3, 1), (4, 0)])
def test_delete_flags(harness: Harness, flag: int, left: int) -> None:
    incoming(harness, "unread")
    incoming(harness, "read")
    harness.command("AT+CMGR=2")
    for status in (2, 3):
        harness.command(f"AT+CMGW=23,{status}")
        assert harness.type(SUBMIT + "\x1a").startswith(b"\r\n+CMGW: ")
    harness.command(f"AT+CMGD=1,{flag}")
    assert len(harness.modem.memories["SM"]) == left


def test_a_stored_message_is_sent(harness: Harness) -> None:
    harness.command("AT+CMGW=23")
    assert harness.type(SUBMIT + "\x1a") == b"\r\n+CMGW: 1\r\n\r\nOK\r\n"
    assert harness.command("AT+CMSS=1") == b"\r\n+CMSS: 0\r\n\r\nOK\r\n"
    assert harness.command('AT+CMSS=1,"+491510000009"') == b"\r\n+CMSS: 1\r\n\r\nOK\r\n"
    assert harness.phone("+491510000009").received[0].text == "hellohello"
    assert b"+CMGL: 1,3,," in harness.command("AT+CMGL=3")
    assert harness.command("AT+CMSS=9") == b"\r\n+CMS ERROR: 321\r\n"


def test_memories_have_their_capacity_and_a_full_one_makes_the_network_wait(harness: Harness) -> None:
    harness.command("AT+CNMI=2,1")
    for number in range(31):
        incoming(harness, f"n{number}")
    assert b'"SM",30,30' in harness.command("AT+CPMS?")
    assert harness.sim.network.waiting(harness.modem) == 1
    assert harness.command("AT+CMGD=7").endswith(b'OK\r\n\r\n+CMTI: "SM",7\r\n')
    assert harness.sim.network.waiting(harness.modem) == 0


def test_mt_is_sm_and_me_in_one(harness: Harness) -> None:
    harness.command('AT+CPMS="MT","ME","ME"')
    incoming(harness)
    assert harness.command("AT+CMGL=4").startswith(b"\r\n+CMGL: 31,0,,")
    assert harness.command('AT+CPMS="XX"') == b"\r\n+CMS ERROR: 302\r\n"


def test_a_report_is_routed(harness: Harness) -> None:
    harness.command("AT+CNMI=2,1,0,1,0")
    said = harness.send(WITH_REPORT)
    # STATUS-REPORT of reference 0 for +46708251358, delivered; SCTS and discharge of the logical calendar
    tpdu = "0600" + "0B916407281553F8" + "62101021001000" + "62101021002000" + "00"
    assert said == b"\r\n+CMGS: 0\r\n\r\nOK\r\n\r\n+CDS: 25\r\n07919471016700" + b"00" + tpdu.encode() + b"\r\n"


def test_a_report_is_stored(harness: Harness) -> None:
    harness.command("AT+CNMI=2,1,0,2,0")
    assert harness.send(WITH_REPORT).endswith(b'+CDSI: "SR",1\r\n')
    harness.command('AT+CPMS="SR"')
    assert harness.command("AT+CMGR=1").startswith(b"\r\n+CMGR: 0,,25\r\n")


def test_reports_are_dropped_without_ds_and_not_made_without_request(harness: Harness) -> None:
    assert harness.send(WITH_REPORT) == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"
    harness.command("AT+CNMI=2,1,0,1,0")
    assert harness.send(SUBMIT) == b"\r\n+CMGS: 1\r\n\r\nOK\r\n"


def test_phase_2_plus_wants_an_acknowledgement(harness: Harness) -> None:
    assert harness.command("AT+CSMS=1") == b"\r\n+CSMS: 1,1,1\r\n\r\nOK\r\n"
    harness.command("AT+CNMI=2,2,0,1,0")
    assert harness.command("AT+CNMA") == b"\r\n+CMS ERROR: 340\r\n"
    assert b"+CMT: " in incoming(harness)
    assert incoming(harness) == b""  # the network waits
    assert b"+CMT: " in harness.command("AT+CNMA")
    harness.command("AT+CNMA=0")
    assert harness.command("AT+CNMA") == b"\r\n+CMS ERROR: 340\r\n"


def test_a_missing_acknowledgement_ends_routing_and_the_network_redelivers(harness: Harness) -> None:
    harness.command("AT+CSMS=1")
    harness.command("AT+CNMI=2,2,0,1,0")
    incoming(harness)
    harness.wait(16)
    assert harness.command("AT+CNMI?") == b"\r\n+CNMI: 2,0,0,0,0\r\n\r\nOK\r\n"
    harness.command("AT+CNMI=2,1")
    harness.sim.network.available(harness.modem)
    assert harness.wait(1) == b'\r\n+CMTI: "SM",1\r\n'


def test_a_negative_acknowledgement_with_a_pdu(harness: Harness) -> None:
    harness.command("AT+CSMS=1")
    harness.command("AT+CNMI=2,2")
    incoming(harness)
    assert harness.command("AT+CNMA=2,3") == b"\r\n> "
    assert harness.type("00D300\x1a") == b"\r\nOK\r\n"
    assert harness.sim.network.waiting(harness.modem) == 1


def test_type_0_is_silent_and_replacement_replaces(harness: Harness) -> None:
    incoming(harness, "silent", pid=0x40)
    assert len(harness.modem.memories["SM"]) == 0
    incoming(harness, "first", pid=0x41)
    incoming(harness, "second", pid=0x41)
    assert len(harness.modem.memories["SM"]) == 1


def test_text_mode_sends_reads_and_lists(harness: Harness) -> None:
    harness.command("AT+CMGF=1")
    assert harness.command(f'AT+CMGS="{PHONE}"') == b"\r\n> "
    assert harness.type("Hello\x1a") == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"
    assert harness.phone(PHONE).received[0].text == "Hello"
    harness.command("AT+CNMI=2,1")
    incoming(harness, "Hi")
    head = f'"{PHONE}",,"26/01/01,12:00:02+00"'.encode()
    assert harness.command('AT+CMGL="ALL"') == b'\r\n+CMGL: 1,"REC UNREAD",' + head + b"\r\nHi\r\n\r\nOK\r\n"
    harness.command("AT+CSDH=1")
    said = harness.command("AT+CMGR=1")
    assert said == b'\r\n+CMGR: "REC READ",' + head + b',145,4,0,0,"+491710760000",145,2\r\nHi\r\n\r\nOK\r\n'


def test_text_mode_routes_texts_and_reports(harness: Harness) -> None:
    harness.command("AT+CMGF=1")
    harness.command("AT+CSMP=49,167,0,0")
    harness.command("AT+CNMI=2,2,0,1,0")
    harness.command(f'AT+CMGS="{PHONE}"')
    said = harness.type("x\x1a")
    assert said.endswith(f'+CDS: 6,0,"{PHONE}",145,"26/01/01,12:00:01+00","26/01/01,12:00:02+00",0\r\n'.encode())
    assert incoming(harness, "Hi") == f'\r\n+CMT: "{PHONE}",,"26/01/01,12:00:03+00"\r\nHi\r\n'.encode()


def test_text_mode_in_ucs2(harness: Harness) -> None:
    harness.command("AT+CMGF=1")
    harness.command('AT+CSCS="UCS2"')
    harness.command("AT+CSMP=17,167,0,8")
    number = PHONE.encode("utf-16-be").hex().upper()
    harness.command(f'AT+CMGS="{number}"')
    harness.type("д".encode("utf-16-be").hex().upper() + "\x1a")
    assert harness.phone(PHONE).received[0].text == "д"
    assert harness.command("AT+CSCA?").startswith(b'\r\n+CSCA: "002B003400390031')


def test_text_mode_parameters(harness: Harness) -> None:
    assert harness.command("AT+CSMP?") == b"\r\n+CSMP: 17,167,0,0\r\n\r\nOK\r\n"
    assert harness.command('AT+CSCB=0,"50",""') == b"\r\nOK\r\n"
    assert harness.command("AT+CSCB?") == b'\r\n+CSCB: 0,"50",""\r\n\r\nOK\r\n'
    harness.command("AT+CMGF=1")
    harness.command(f'AT+CMGS="{PHONE}"')
    assert harness.type("x" * 161 + "\x1a") == b"\r\n+CMS ERROR: 305\r\n"


def test_a_command_deletes_what_still_waits(harness: Harness) -> None:
    harness.phone(PHONE).switch_off()
    harness.send(SUBMIT)
    # COMMAND: reference 0, delete (2), about message 0, no data (23.040 9.2.2.4)
    pdu = "00" + "02" + "00" + "00" + "02" + "00" + "0B916407281553F8" + "00"
    harness.command(f"AT+CMGC={len(pdu) // 2 - 1}")
    assert harness.type(pdu + "\x1a") == b"\r\n+CMGC: 1\r\n\r\nOK\r\n"
    harness.phone(PHONE).switch_on()
    harness.wait(1)
    assert harness.phone(PHONE).received == []


@pytest.mark.parametrize(("state", "error"), [("absent", 310), ("pin", 311), ("puk", 316), ("dead", 313)])
def test_messages_need_a_sim(state: str, error: int) -> None:
    with Harness(pin="1234") as harness:
        harness.command("ATE0")
        card = harness.modem.card
        harness.modem.sim.inserted = state != "absent"
        card.pin_left = 0 if state in ("puk", "dead") else 3
        card.puk_left = 0 if state == "dead" else 10
        assert harness.command("AT+CMGL=4") == f"\r\n+CMS ERROR: {error}\r\n".encode()


def test_a_held_link_makes_the_next_message_faster_and_is_let_go() -> None:
    def took(harness: Harness) -> float:
        harness.command("AT+CMGS=23")
        harness.wait(0.1)
        start = harness.clock.now()
        said = harness.type(SUBMIT + "\x1a")
        while b"+CMGS" not in said:
            said += harness.wait(0.05)
        harness.wait(0.1)
        return harness.clock.now() - start

    with Harness("quectel-ec25", timing="real") as harness:  # 0.5 to 2 s alone, 0.3 to 1 s with the link held
        harness.command("ATE0")
        harness.command("AT+CMMS=1")
        harness.wait(0.1)
        alone = took(harness)
        held = [took(harness) for _ in range(8)]
        assert max(held) < 1.3
        assert alone >= 0.5
        harness.wait(5.1)
        harness.command("AT+CMMS?")
        assert b"+CMMS: 0" in harness.wait(0.1)
