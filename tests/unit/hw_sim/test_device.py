"""SIM, radio, services: 27.007 as far as software for texts meets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hw_sim import Harness


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as harness:
        harness.command("ATE0")
        harness.command("AT+CMEE=1")
        yield harness


@pytest.fixture
def locked() -> Iterator[Harness]:
    with Harness(pin="1234") as harness:
        harness.command("ATE0")
        harness.command("AT+CMEE=1")
        yield harness


def test_identity(harness: Harness) -> None:
    assert harness.command("AT+CGMI") == b"\r\nhw-sim\r\n\r\nOK\r\n"
    assert harness.command("AT+CGSN") == b"\r\n350000000000014\r\n\r\nOK\r\n"  # 14 digits and their Luhn digit
    assert harness.command("AT+CIMI") == b"\r\n262010000000001\r\n\r\nOK\r\n"
    assert harness.command("AT+CCID").startswith(b"\r\n+CCID: 8949017")
    assert harness.command("AT+CNUM") == b'\r\n+CNUM: "","+491700000001",145\r\n\r\nOK\r\n'


def test_the_pin_and_its_counters(locked: Harness) -> None:
    assert locked.command("AT+CREG?") == b"\r\n+CREG: 0,0\r\n\r\nOK\r\n"
    assert locked.command("AT+CMGL=4") == b"\r\n+CMS ERROR: 311\r\n"
    assert locked.command('AT+CPIN="0000"') == b"\r\n+CME ERROR: 16\r\n"
    assert locked.command("AT+CPINR").startswith(b"\r\n+CPINR: SIM PIN,2,3\r\n")
    assert locked.command('AT+CPIN="0000"') == b"\r\n+CME ERROR: 16\r\n"
    assert locked.command('AT+CPIN="0000"') == b"\r\n+CME ERROR: 12\r\n"
    assert locked.command("AT+CPIN?") == b"\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n"
    assert locked.command('AT+CPIN="1234"') == b"\r\n+CME ERROR: 12\r\n"
    assert locked.command('AT+CPIN="11111111","4321"') == b"\r\n+CME ERROR: 16\r\n"
    assert locked.command('AT+CPIN="12345678","4321"') == b"\r\nOK\r\n"
    assert locked.command("AT+CREG?") == b"\r\n+CREG: 0,1\r\n\r\nOK\r\n"
    locked.modem.reboot()
    assert locked.command('AT+CPIN="4321"').endswith(b"\r\nOK\r\n")


def test_ten_wrong_puks_kill_the_card(locked: Harness) -> None:
    for _ in range(3):
        locked.command('AT+CPIN="0000"')
    for _ in range(9):
        assert locked.command('AT+CPIN="0","4321"') == b"\r\n+CME ERROR: 16\r\n"
    assert locked.command('AT+CPIN="0","4321"') == b"\r\n+CME ERROR: 13\r\n"
    assert locked.command("AT+CPIN?") == b"\r\n+CME ERROR: 13\r\n"


def test_the_pin_query_is_switched_and_the_pin_changed(locked: Harness) -> None:
    locked.command('AT+CPIN="1234"')
    assert locked.command('AT+CLCK="SC",2') == b"\r\n+CLCK: 1\r\n\r\nOK\r\n"
    assert locked.command('AT+CPWD="SC","1234","9876"') == b"\r\nOK\r\n"
    assert locked.command('AT+CLCK="SC",0,"1234"') == b"\r\n+CME ERROR: 16\r\n"
    assert locked.command('AT+CLCK="SC",0,"9876"') == b"\r\nOK\r\n"
    locked.modem.reboot()
    assert locked.command("AT+CPIN?").endswith(b"+CPIN: READY\r\n\r\nOK\r\n")


def test_functionality_and_registration_urcs(harness: Harness) -> None:
    harness.command("AT+CREG=2")
    assert harness.command("AT+CREG?") == b'\r\n+CREG: 2,1,"5E25","605F"\r\n\r\nOK\r\n'
    # unsolicited lines wait for the final result
    assert harness.command("AT+CFUN=4") == b"\r\nOK\r\n\r\n+CREG: 0\r\n"
    assert harness.command("AT+CSQ") == b"\r\n+CSQ: 99,99\r\n\r\nOK\r\n"
    assert harness.command("AT+CFUN=1") == b'\r\nOK\r\n\r\n+CREG: 1,"5E25","605F"\r\n'
    harness.command("AT+CEREG=1")
    assert harness.command("AT+COPS=2") == b"\r\nOK\r\n\r\n+CREG: 0\r\n\r\n+CEREG: 0\r\n"
    assert harness.command("AT+CFUN=7") == b"\r\nERROR\r\n"


def test_a_reboot_brings_everything_to_its_default(harness: Harness) -> None:
    harness.command("AT+CNMI=2,1")
    assert harness.command("AT+CFUN=1,1") == b"\r\nOK\r\n"
    assert harness.command("AT+CNMI?") == b"AT+CNMI?\r\r\n+CNMI: 0,0,0,0,0\r\n\r\nOK\r\n"


def test_operators(harness: Harness) -> None:
    assert harness.command("AT+COPS?") == b'\r\n+COPS: 0,0,"Telekom.de",0\r\n\r\nOK\r\n'
    harness.command("AT+COPS=3,2")
    assert harness.command("AT+COPS?") == b'\r\n+COPS: 0,2,"26201",0\r\n\r\nOK\r\n'
    assert b'(1,"Vodafone.de","Voda","26202",0)' in harness.command("AT+COPS=?")
    assert harness.command('AT+COPS=1,2,"26202"') == b"\r\n+CME ERROR: 30\r\n"


def test_a_scan_takes_its_time_when_timing_is_real() -> None:
    with Harness("simcom-sim800", timing="real") as harness:
        harness.command("ATE0")
        harness.wait(1)
        assert harness.command("AT+COPS=?") == b""
        assert harness.wait(40) == b""
        assert b"+COPS: (2," in harness.wait(6)
        harness.command("AT+COPS=?")
        harness.wait(5)
        harness.type("x")  # any character ends it (V.250 5.6.1)
        assert harness.wait(0.1) == b"\r\nOK\r\n"
        assert harness.wait(60) == b""


def test_a_serial_line_has_its_speed() -> None:
    with Harness("wavecom", timing="real") as harness:
        harness.wait(1)
        harness.command("ATE0")
        harness.wait(1)
        assert harness.command("AT+CGMM") == b""
        # 9600 bit/s: 8 octets there and 32 back take 41.7 ms, the command itself 20 ms
        assert harness.wait(0.061) == b""
        assert harness.wait(0.001) == b"\r\n MULTIBAND  900E  1800\r\n\r\nOK\r\n"


def test_a_second_port_answers_without_unsolicited_lines() -> None:
    with Harness("huawei-e1752") as harness:
        second = harness.modem.transports[1]
        second.write(b"AT+CMGF?\r")
        assert second.read() == b"AT+CMGF?\r\r\n+CMGF: 0\r\n\r\nOK\r\n"
        harness.command("AT+CNMI=2,1")
        harness.sim.send(from_="+491510000001", to="modem0", text="x")
        assert b"+CMTI" in harness.wait(6)
        assert second.read() == b""


def test_ussd_and_its_session(harness: Harness) -> None:
    assert harness.command('AT+CUSD=1,"*102#",15') == b'\r\nOK\r\n\r\n+CUSD: 0,"Your number is +491700000001",15\r\n'
    assert b'+CUSD: 1,"1 Balance\n2 My number' in harness.command('AT+CUSD=1,"*101#"')
    assert harness.command('AT+CUSD=1,"1"').endswith(b'+CUSD: 0,"Postpaid",15\r\n')
    assert harness.command('AT+CUSD=1,"*999#"').endswith(b"+CUSD: 4\r\n")
    assert harness.command('AT+CUSD=1,"*199#"').endswith(b"+CUSD: 5\r\n")
    harness.command('AT+CUSD=1,"*101#"')
    assert harness.command("AT+CUSD=2") == b"\r\nOK\r\n"
    assert harness.command('AT+CUSD=1,"1"').endswith(b"+CUSD: 4\r\n")
    harness.modem.card.credit = 12.5
    assert b"Balance: 12.50 EUR" in harness.command("ATD*100#;")


def test_an_incoming_call(harness: Harness) -> None:
    harness.command("AT+CLIP=1;+CRC=1")
    assert harness.modem.voice.ring("+49301234")
    assert harness.wait(0) == b'\r\n+CRING: VOICE\r\n\r\n+CLIP: "+49301234",145,,,,0\r\n'
    assert harness.wait(5).startswith(b"\r\n+CRING: VOICE\r\n")
    assert harness.command("AT+CLCC").startswith(b'\r\n+CLCC: 1,1,4,0,0,"+49301234",145')
    assert harness.command("ATA") == b"\r\nOK\r\n"
    harness.modem.voice.ended_by_peer()
    assert harness.wait(0) == b"\r\nNO CARRIER\r\n"
    assert harness.command("ATA") == b"\r\nNO CARRIER\r\n"


def test_s0_answers(harness: Harness) -> None:
    harness.command("ATS0=2")
    harness.modem.voice.ring("+49301234")
    harness.wait(6)
    assert harness.command("AT+CPAS") == b"\r\n+CPAS: 4\r\n\r\nOK\r\n"


def test_outgoing_calls(harness: Harness) -> None:
    phone = harness.phone("+491510000001")
    assert harness.command("ATD+491510000001;") == b"\r\nOK\r\n"
    assert harness.command("ATH") == b"\r\nOK\r\n"
    phone.call_result = 7
    assert harness.command("ATD+491510000001;") == b"\r\nBUSY\r\n"
    assert harness.command("ATD123") == b"\r\nNO CARRIER\r\n"
    assert phone.calls == [harness.modem.number] * 2
    other = harness.add(name="modem1", number="+491700000077")
    assert harness.command("ATD+491700000077;") == b"\r\nNO ANSWER\r\n"
    assert other.memory.read() == b"\r\nRING\r\n"


def test_clock(harness: Harness) -> None:
    assert harness.command("AT+CCLK?") == b'\r\n+CCLK: "26/01/01,12:00:00+00"\r\n\r\nOK\r\n'
    harness.command('AT+CCLK="27/02/03,04:05:06+04"')
    assert harness.command("AT+CCLK?") == b'\r\n+CCLK: "27/02/03,03:05:06+00"\r\n\r\nOK\r\n'
    assert harness.command('AT+CCLK="x"') == b"\r\n+CME ERROR: 50\r\n"
    harness.command("AT+CTZR=1")
    harness.modem.radio.set_coverage(False)
    harness.modem.radio.set_coverage(True)
    assert harness.wait(0) == b"\r\n+CTZV: +00\r\n"


def test_phonebook(harness: Harness) -> None:
    assert harness.command('AT+CPBW=,"+49301234",145,"Ann"') == b"\r\nOK\r\n"
    assert harness.command("AT+CPBR=1,5") == b'\r\n+CPBR: 1,"+49301234",145,"Ann"\r\n\r\nOK\r\n'
    assert harness.command('AT+CPBF="an"').startswith(b"\r\n+CPBF: 1,")
    assert harness.command("AT+CPBW=1") == b"\r\nOK\r\n"
    assert harness.command("AT+CPBR=1,5") == b"\r\nOK\r\n"


def test_the_multiplexer_is_refused(harness: Harness) -> None:
    assert harness.command("AT+CMUX=0") == b"\r\n+CME ERROR: 4\r\n"


def test_signal_drifts_within_its_range(harness: Harness) -> None:
    harness.modem.radio.rssi_drift = 3
    seen = {harness.command("AT+CSQ") for _ in range(50)}
    assert len(seen) > 2
    assert harness.command("AT+CESQ").startswith(b"\r\n+CESQ: ")


@pytest.mark.parametrize(
    ("charset", "shown"),
    [
        ("GSM", b"+491700000001"),
        ("UCS2", b"002B003400390031003700300030003000300030003000300031"),
        ("HEX", b"2B343931373030303030303031"),
    ],
)
def test_character_sets_apply_to_strings(harness: Harness, charset: str, shown: bytes) -> None:
    harness.command(f'AT+CSCS="{charset}"')
    assert shown in harness.command("AT+CNUM")


@pytest.mark.parametrize("command", ["+CPIN", "+CREG=9", "+CMGR", "+CNMI=9", '+CSCS="X"', "+CMEE=7"])
def test_wrong_parameters_are_errors(harness: Harness, command: str) -> None:
    assert b"ERROR" in harness.command("AT" + command)
