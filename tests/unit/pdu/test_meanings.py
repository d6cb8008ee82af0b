"""Tables of meanings: TP-ST, causes of refusal; references; a PDU explained field by field."""

from __future__ import annotations

import pytest

from gsmgw.errors import Disposition
from gsmgw.model import DeliveryOutcome
from gsmgw.pdu import parse_pdu, status_meaning
from gsmgw.pdu.causes import CME, CMS, cme_cause, cms_cause, failure_cause
from gsmgw.pdu.describe import describe
from gsmgw.pdu.references import HORIZON_S, References

DAY_S = 24 * 3600.0

# -- TP-ST, TS 23.040 9.2.3.15 -----------------------------------------------------------------------------------------


def test_outcomes_of_every_status() -> None:
    for code in range(256):
        meaning = status_meaning(code)
        assert meaning.code == code
        assert meaning.title
        if code < 0x20:
            expected = DeliveryOutcome.DELIVERED
        elif code < 0x40:
            expected = DeliveryOutcome.PENDING
        else:
            expected = DeliveryOutcome.FAILED
        assert meaning.outcome is expected
        assert meaning.final == (not 0x20 <= code < 0x40)


def test_statuses_with_a_name() -> None:
    defined = {code for code in range(256) if status_meaning(code).defined}
    assert defined == {*range(0x03), *range(0x20, 0x26), *range(0x40, 0x4A), *range(0x60, 0x66)}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x00, "received by the recipient"),
        (0x02, "replaced"),
        (0x03, "completed, reserved"),
        (0x10, "completed, specific"),
        (0x21, "busy, still trying"),
        (0x30, "still trying, specific"),
        (0x46, "validity period expired"),
        (0x4A, "permanent error, reserved"),
        (0x5F, "permanent error, specific"),
        (0x62, "no response from the recipient, no longer trying"),
        (0x7F, "temporary error, no longer trying, specific"),
        (0x80, "reserved, read as service rejected"),
        (0xFF, "service rejected"),
    ],
)
def test_titles(code: int, words: str) -> None:
    assert words in status_meaning(code).title


# -- causes ------------------------------------------------------------------------------------------------------------


def codes(disposition: Disposition) -> set[int]:
    return {code for code, cause in CMS.items() if cause.disposition is disposition}


def test_what_each_refusal_allows() -> None:
    assert codes(Disposition.UNKNOWN) == {197, 332}
    assert codes(Disposition.ACCOUNT) == {8, 10, 50, 257}
    assert codes(Disposition.ELSEWHERE) == {69, 193}
    assert codes(Disposition.MODEM) == {
        208, 209, 211, 262, 303, 310, 311, 312, 313, 315, 316, 317, 318, 320, 322, 330, 331,
    }  # fmt: skip
    assert codes(Disposition.LATER) == {
        11, 17, 21, 22, 27, 29, 38, 41, 42, 47, 81, 111, 127, 192, 194, 210, 212, 213, 255, 256, 258, 300, 301, 302,
        314, 321, 340, 500,
    }  # fmt: skip
    assert codes(Disposition.NEVER) == {
        1, 28, 30, 95, 96, 97, 98, 99, 128, 129, 130, 143, 144, 145, 159, 160, 161, 175, 176, 195, 196, 198, 199, 304,
        305,
    }  # fmt: skip
    assert {code for code, cause in CMS.items() if cause.our_fault} == {95, 96, 97, 98, 99, 198, 199, 303, 304, 305}
    assert {code for code, cause in CMS.items() if cause.without_validity} == {198, 199}


def test_what_changes_after_some_refusals() -> None:
    changing = {code: (c.attempts, c.then) for code, c in CMS.items() if c.then is not None}
    assert changing == {
        11: (3, Disposition.NEVER),
        21: (3, Disposition.NEVER),
        29: (3, Disposition.NEVER),
        111: (2, Disposition.NEVER),
        127: (2, Disposition.NEVER),
        300: (3, Disposition.MODEM),
        302: (2, Disposition.MODEM),
        500: (3, Disposition.MODEM),
    }
    rejected = cms_cause(21)
    assert [rejected.after(n) for n in (1, 2, 3, 4)] == [Disposition.LATER] * 3 + [Disposition.NEVER]
    assert cms_cause(41).after(1000) is Disposition.LATER


def test_nothing_is_on_the_air_before_the_payload() -> None:
    timeout = cms_cause(332)
    assert timeout.after(1) is Disposition.UNKNOWN
    assert timeout.after(1, payload_started=False) is Disposition.LATER
    assert cms_cause(1).after(1, payload_started=False) is Disposition.NEVER


def test_pauses() -> None:
    assert {code: c.pause_s for code, c in CMS.items() if c.pause_s} == {
        8: 1800.0,
        10: 1800.0,
        27: 600.0,
        50: 1800.0,
        257: 1800.0,
        314: 0.2,
    }


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (2, "reserved"),
        (254, "reserved"),
        (511, "not defined"),
        (512, "vendor"),
        (223, "reserved"),
        (259, "not defined"),
        (230, "application"),
        (400, "not defined"),
        (0, "not def"),
    ],
)
def test_codes_without_a_name(code: int, words: str) -> None:
    cause = cms_cause(code)
    assert words in cause.title
    assert (cause.code, cause.after(3), cause.after(4)) == (code, Disposition.LATER, Disposition.MODEM)


def test_cause_of_a_failed_transfer() -> None:
    assert failure_cause(0xD0) is CMS[208]


def test_cme_errors() -> None:
    modem = {code for code, cause in CME.items() if cause.disposition is Disposition.MODEM}
    assert modem == {
        1, 4, 5, 6, 7, 10, 11, 12, 13, 15, 16, 17, 18, 20, 23, 30, 32, *range(40, 49), 103, 106, 111, 112, 113, 262,
    }  # fmt: skip
    assert {code for code, cause in CME.items() if cause.disposition is Disposition.NEVER} == {24, 25, 26, 27, 50, 53}
    assert {code for code, cause in CME.items() if cause.disposition is Disposition.UNKNOWN} == {31}
    assert {code: (c.attempts, c.then) for code, c in CME.items() if c.then} == {
        0: (3, Disposition.MODEM),
        3: (2, Disposition.MODEM),
        100: (3, Disposition.MODEM),
    }
    assert {code: c.pause_s for code, c in CME.items() if c.pause_s} == {14: 0.2, 515: 1.0}
    assert (cme_cause(9999).after(3), cme_cause(9999).after(4)) == (Disposition.LATER, Disposition.MODEM)
    assert cme_cause(14) is CME[14]


# -- references --------------------------------------------------------------------------------------------------------


def test_references_count_up() -> None:
    state = References(254, 7)
    seen = []
    for _ in range(4):
        reference, state = state.take(0.0, 8)
        seen.append(reference)
    assert seen == [254, 255, 0, 1]
    assert (state.next_8, state.next_16) == (2, 7)
    reference, state = References(3, 65535).take(0.0, 16)
    assert (reference, state) == (65535, References(3, 0))


def test_recipients_begin_elsewhere() -> None:
    starts = {References.of(f"+4917012{number:04}").next_8 for number in range(500)}
    assert len(starts) > 200
    assert len({References.of(f"+4917012{number:04}").next_16 for number in range(500)}) > 450
    assert References.of("+49170") == References.of("+49170")
    assert References.of("+49170").used_s == (None,) * 8
    assert 0 <= References.of("\ud800").next_16 < 65536


@pytest.mark.parametrize("wanted", [8, 16])
@pytest.mark.parametrize("pause_s", [1.0, 60.0, 3000.0, 0.3 * DAY_S])
def test_no_reference_meets_its_like_within_the_horizon(wanted: int, pause_s: float) -> None:
    state = References.of("+4917012345")
    last: dict[tuple[int, int], float] = {}
    now = 1e9
    small = 0
    for _ in range(3000):
        bits = state.bits(now, wanted)
        reference, state = state.take(now, bits)
        key = (bits, reference)
        assert 0 <= reference < 1 << bits
        assert key not in last or now - last[key] >= HORIZON_S
        last[key] = now
        small += bits == 8
        now += pause_s
    assert (small == 0) == (wanted == 16)
    if wanted == 8 and pause_s * 224 >= HORIZON_S:
        assert small == 3000  # nobody who writes so seldom gets the longer header


def test_the_horizon_is_a_week() -> None:
    state = References(0, 0)
    for _ in range(256):
        assert state.bits(0.0) == 8
        _, state = state.take(0.0, 8)
    assert state.next_8 == 0
    assert state.bits(7 * DAY_S - 1) == 16
    assert state.bits(7 * DAY_S) == 8
    assert state.bits(0.0, 16) == 16


# -- explained ---------------------------------------------------------------------------------------------------------


def rows(pdu: str, **options: object) -> dict[str, tuple[str, str]]:
    parsed = parse_pdu(pdu, **options)  # type: ignore[arg-type]  # options of the cases below
    return {row.field: (row.value, row.meaning) for row in describe(parsed)}


def test_a_submit_explained() -> None:
    found = rows(
        "0079" + "2A" + "0581" + "2143F5" + "0011" + "62211332958549" + "08" + "06050423F00B84" + "41", sent=True
    )
    assert found["SMSC"] == ("(default)", "the service centre stored on the SIM")
    assert found["TP-MTI"] == ("1", "SUBMIT, to the service centre")
    assert found["TP-SRR"] == ("1", "status report wanted")
    assert found["TP-RD"] == ("0", "accept duplicates")
    assert found["TP-RP"] == ("0", "reply path not set")
    assert found["TP-MR"][0] == "42"
    assert found["TP-DA"] == ("12345", "unknown, ISDN/telephone (E.164)")
    assert found["TP-DCS"] == ("0x11", "GSM 7 bit, general data coding, class 1: mobile equipment specific")
    assert found["TP-VP"] == ("2026-12-31 23:59:58-03:30", "absolute: valid until then")
    assert found["TP-UDL"] == ("8", "septets")
    assert found["warning"] == ("PDU at byte 25", "bytes behind the last field, ignored: 1")


@pytest.mark.parametrize(
    ("first", "validity", "value", "meaning"),
    [
        ("01", "", "0", "as long as the service centre likes"),
        ("11", "A7", "0xa7", "relative: 86400 s"),
        ("09", "42050000000000", "42050000000000", "enhanced: 5 s, a single attempt"),
        ("09", "00000000000000", "00000000000000", "enhanced: no period"),
        ("19", "FFFFFFFFFFFFFF", "no date", "absolute"),
    ],
)
def test_validity_explained(first: str, validity: str, value: str, meaning: str) -> None:
    found = rows(first + "00049136190000" + validity + "00", sent=True, smsc=False)
    shown, words = found["TP-VPF" if first == "01" else "TP-VP"]
    assert shown == value
    assert meaning in words


def deliver(header: str) -> str:
    """A DELIVER of 8-bit data with a header and nothing else, TP-SRI set, replace type 1."""
    size = len(header) // 2
    return "64" + "04913619" + "41" + "04" + "51507132200523" + f"{size + 1:02X}{size:02X}" + header


@pytest.mark.parametrize(
    ("header", "field", "meaning"),
    [
        ("0003CC0302", "IE 00", "concatenated message, 8-bit reference: reference 204, part 2 of 3"),
        ("080400CC0302", "IE 08", "concatenated message, 16-bit reference: reference 204, part 2 of 3"),
        ("0003CC0304", "IE 00", "concatenated message, 8-bit reference: impossible, ignored"),
        ("05040B8423F0", "IE 05", "application ports, 16 bits: to 2948, from 9200"),
        ("01028003", "IE 01", "special message indication: 3 voicemail waiting, store the text"),
        ("01020100", "IE 01", "special message indication: 0 fax none waiting, discard the text"),
        ("2204039121F4", "IE 22", "reply address: +124"),
        ("240101", "IE 24", "national language single shift: Turkish"),
        ("25010E", "IE 25", "national language locking shift: unknown language, default table used"),
        ("0A03000410", "IE 0A", "EMS text formatting"),
        ("1500", "IE 15", "extended EMS object"),
        ("7000", "IE 70", "SIM toolkit security header"),
        ("8000", "IE 80", "SME to SME, specific"),
        ("C000", "IE C0", "service centre specific"),
        ("6F00", "IE 6F", "reserved"),
    ],
)
def test_elements_explained(header: str, field: str, meaning: str) -> None:
    found = rows(deliver(header), smsc=False)
    assert found[field] == (header[4:], meaning)
    assert found["TP-SRI"] == ("1", "a status report goes to the sender")
    assert found["TP-UDHL"] == (str(len(header) // 2), "bytes of header")
    assert found["TP-UD"] == ("", "0 bytes of data")
    assert "replaces an earlier message of type 1" in found["TP-PID"][1]


def test_codings_explained() -> None:
    assert (
        "message waiting, discard, voicemail waiting, discard the text"
        in rows("04049136190" + "0C8" + "51507132200523" + "00", smsc=False)["TP-DCS"][1]
    )
    assert rows("040491361900" + "20" + "51507132200523" + "00", smsc=False)["TP-DCS"][1].startswith("compressed")
    assert (
        "marked for automatic deletion"
        in rows("040491361900" + "40" + "51507132200523" + "00", smsc=False)["TP-DCS"][1]
    )


def test_reports_explained() -> None:
    found = rows("2E42049136195150713220052351408132200542460340" + "08", smsc=False)
    assert found["TP-ST"] == ("0x46", "failed: validity period expired")
    assert found["TP-SRQ"] == ("1", "answers a COMMAND")
    assert found["TP-LP"] == ("1", "forwarded or spawned: not to be forwarded again")
    assert found["TP-PI"] == ("0x03", "follow: TP-PID, TP-DCS")
    assert found["TP-DCS"] == ("0x08", "UCS-2, general data coding")
    found = rows("01C00051507132200523", smsc=False)
    assert found["TP-FCS"] == ("0xc0", "refused: service centre busy")
    assert found["TP-PI"] == ("0x00", "follow: none")
    assert found["TP-SCTS"][0] == "2015-05-17 23:02:50+08:00"
    found = rows("000400", smsc=False, sent=True)
    assert "TP-FCS" not in found
    assert found["TP-UDL"] == ("0", "septets")
    found = rows("220500E02A0491361902CAFE", smsc=False, sent=True)
    assert found["TP-CT"] == ("0xe0", "specific to the service centre")
    assert found["TP-MN"][0] == "42"
    assert found["TP-CD"] == ("CAFE", "2 bytes")
    assert rows("020500022A0491361900", smsc=False, sent=True)["TP-CT"][1] == "delete a message submitted before"
    assert rows("0205000F2A0491361900", smsc=False, sent=True)["TP-CT"][1] == "reserved"


@pytest.mark.parametrize(
    ("toa", "meaning"),
    [
        (0x80, "unknown, unknown"),
        (0x91, "international, ISDN/telephone (E.164)"),
        (0xA3, "national, data (X.121)"),
        (0xB4, "network specific, telex"),
        (0xC5, "subscriber, service centre specific"),
        (0xE6, "abbreviated, service centre specific"),
        (0xF8, "reserved, national"),
        (0x89, "unknown, private"),
        (0x8A, "unknown, ERMES"),
        (0x8F, "unknown, reserved"),
        (0x82, "unknown, numbering plan 2"),
        (0xD0, "alphanumeric, unknown"),
    ],
)
def test_addresses_explained(toa: int, meaning: str) -> None:
    assert rows(f"0404{toa:02X}36190000" + "51507132200523" + "00", smsc=False)["TP-OA"][1] == meaning


@pytest.mark.parametrize(
    ("iei", "words"),
    [
        (0x04, "application ports, 8 bits"),
        (0x06, "SMSC control"),
        (0x07, "source of the header"),
        (0x09, "wireless control message"),
        (0x0A, "text formatting"),
        (0x0B, "predefined sound"),
        (0x0C, "user defined sound"),
        (0x0D, "predefined animation"),
        (0x0E, "large animation"),
        (0x0F, "small animation"),
        (0x10, "large picture"),
        (0x11, "small picture"),
        (0x12, "variable picture"),
        (0x13, "user prompt"),
        (0x14, "EMS extended object"),
        (0x15, "extended EMS object"),
        (0x1F, "extended EMS object"),
        (0x20, "e-mail header"),
        (0x21, "hyperlink"),
        (0x22, "reply address"),
        (0x23, "enhanced voice mail"),
        (0x26, "reserved"),
        (0x6F, "reserved"),
        (0x70, "SIM toolkit"),
        (0x7F, "SIM toolkit"),
        (0x80, "SME to SME"),
        (0x9F, "SME to SME"),
        (0xA0, "reserved"),
        (0xBF, "reserved"),
        (0xC0, "service centre specific"),
        (0xDF, "service centre specific"),
        (0xE0, "reserved"),
    ],
)
def test_every_element_has_a_name(iei: int, words: str) -> None:
    assert words in rows(deliver(f"{iei:02X}00"), smsc=False)[f"IE {iei:02X}"][1]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (0, "enquiry"),
        (1, "cancel the status report"),
        (2, "delete"),
        (3, "enable a status report"),
        (4, "reserved"),
        (0xDF, "reserved"),
        (0xE0, "specific"),
        (0xFF, "specific"),
    ],
)
def test_every_command_has_a_name(command: int, words: str) -> None:
    assert words in rows(f"020500{command:02X}2A0491361900", smsc=False, sent=True)["TP-CT"][1]


def test_cme_errors_that_pass() -> None:
    assert {code for code, cause in CME.items() if cause.disposition is Disposition.LATER} == {
        0, 2, 3, 14, 21, 22, 100, 107, 132, 133, 134, 148, 149, 150, 515,
    }  # fmt: skip
    assert {code for code, cause in CME.items() if cause.our_fault} == {4, 24, 25, 26, 27, 50, 53}


def test_flags_explained() -> None:
    tail = "0491361900" + "00" + "51507132200523" + "00"
    last, more = rows("0C" + tail, smsc=False), rows("00" + tail, smsc=False)
    assert (last["TP-MMS"], more["TP-MMS"]) == (("1", "no more messages wait"), ("0", "more messages wait"))
    assert last["TP-LP"] == ("1", "forwarded or spawned: not to be forwarded again")
    assert "TP-LP" not in more
    tail = "00" + "04913619" + "51507132200523" * 2 + "00"
    last, more = rows("0E" + tail, smsc=False), rows("02" + tail, smsc=False)
    assert (last["TP-MMS"], more["TP-MMS"]) == (("1", "no more messages wait"), ("0", "more messages wait"))
    assert last["TP-LP"][0] == "1"
    assert last["TP-SRQ"] == ("0", "answers a SUBMIT")
