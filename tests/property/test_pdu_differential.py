"""The codec against others: hw_sim's own, python-gsmmodem-new's and smspdudecoder's, where those can do it.

Where they disagree the clause decides; docs/reference/codec.md lists what was found. The domains below leave
out what an oracle is known to get wrong.
"""

from __future__ import annotations

import random
import warnings
from datetime import datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pdu_cases import SENT, load

from gsmgw.pdu import (
    Address,
    Command,
    Concat,
    Deliver,
    PduError,
    StatusReport,
    Submit,
    Tpdu,
    build_pdu,
    build_timestamp,
    build_tpdu,
    delivers,
    parse_pdu,
    parse_tpdu,
    plan_text,
    submits,
)
from gsmgw.pdu.tables import LOCKING, SINGLE
from hw_sim.codec import tpdu as sim
from hw_sim.codec import user_data as sim_text
from tests.property.fuzz_pdu import mutated
from tests.property.test_pdu_roundtrip import addresses, moments, tpdus

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # both are older than the warnings of this Python
    import gsmmodem.pdu as gsmmodem_pdu
    from smspdudecoder.easy import read_incoming_sms

DEFAULT_CHARACTERS = [c for c in LOCKING[0] if c != "\x1b"] + list(SINGLE[0].values())
default_text = st.text(st.sampled_from(DEFAULT_CHARACTERS), max_size=300)
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=200)
international = st.text(st.sampled_from("0123456789"), min_size=1, max_size=15).map(lambda d: Address(d, 1))


# -- hw_sim ------------------------------------------------------------------------------------------------------------


def as_sim(tpdu: Tpdu) -> dict[str, Any]:
    """The part of a TPDU that hw_sim's codec can know."""
    found: dict[str, Any] = {}
    if isinstance(tpdu, Deliver):
        found |= {"kind": "deliver", "number": tpdu.originator.number, "scts": tpdu.raw_timestamp}
    elif isinstance(tpdu, Submit):
        found |= {"kind": "submit", "number": tpdu.destination.number, "mr": tpdu.reference}
        found["validity"] = None if tpdu.validity is None else tpdu.validity.seconds
    elif isinstance(tpdu, StatusReport):
        found |= {"kind": "report", "number": tpdu.recipient.number, "mr": tpdu.reference, "status": tpdu.status}
        found |= {"scts": tpdu.raw_timestamp, "discharge": tpdu.raw_discharge}
    elif isinstance(tpdu, Command):
        found |= {"kind": "command", "number": tpdu.destination.number, "mr": tpdu.reference, "pid": tpdu.pid}
        return found | {"command": tpdu.command_type, "of": tpdu.message_number, "data": tpdu.command_data}
    else:
        raise TypeError(tpdu.name)
    if isinstance(tpdu, Deliver | Submit):
        user_data = tpdu.user_data
        found |= {"pid": tpdu.pid, "dcs": tpdu.dcs, "class": tpdu.message_class}
        found |= {"alphabet": str(user_data.alphabet), "body": user_data.body}
        if user_data.languages == (0, 0):
            found["text"] = tpdu.text
    return found


def of_sim(tpdu: sim.Tpdu, wanted: dict[str, Any]) -> dict[str, Any]:
    """The same of a TPDU that hw_sim read."""
    found: dict[str, Any] = {"kind": tpdu.kind, "number": tpdu.address.number, "mr": tpdu.mr, "scts": tpdu.scts}
    found |= {"discharge": tpdu.discharge, "status": tpdu.status, "pid": tpdu.pid, "dcs": tpdu.dcs}
    found |= {"command": tpdu.command, "of": tpdu.number, "data": tpdu.ud}
    if "validity" in wanted:
        absolute = tpdu.first & 0x18 == 0x18  # counted from now there, left to the caller here
        found["validity"] = None if absolute else sim.validity_s(tpdu)
    if "body" in wanted:
        content = sim_text.content(tpdu)
        found |= {"alphabet": content.alphabet, "body": content.body, "class": sim.message_class(tpdu.dcs)}
        found["text"] = None if content.alphabet == "data" else content.text
    return {key: found[key] for key in wanted}


def agree(octets: bytes, sent: bool) -> None:
    """Both refuse, or both read the same."""
    try:
        ours = parse_tpdu(octets, sent=sent)
    except PduError as error:
        ours = None
        reason = error
    try:
        theirs = sim.read_tpdu(octets, from_modem=sent)
    except sim.CodecError:
        theirs = None
    if ours is None:
        # hw_sim passes over a fill semi-octet among digits (23.040 9.1.2.3 makes it no digit), and takes the data of a
        # COMMAND as they are.
        known = "fill semi-octet" in reason.title or (reason.field == "TP-UDHL" and sent and octets[0] & 3 == 2)
        assert theirs is None or known, reason
        return
    if ours.name in ("SUBMIT-REPORT", "DELIVER-REPORT"):
        return  # hw_sim has no use for them
    if theirs is None:
        # A report with rubbish behind TP-ST stays a report here (9.2.3.27 lets everything behind it be absent).
        assert ours.name == "STATUS-REPORT"
        assert ours.parameters is None  # type: ignore[union-attr]
        return
    wanted = as_sim(ours)
    if isinstance(ours, Submit) and ours.validity is not None and ours.validity.seconds is None:
        wanted.pop("validity")  # what is reserved or impossible is None here, hw_sim counts it all the same
    if isinstance(ours, Submit) and octets[0] & 0x18 == 0x08:
        wanted.pop("validity", None)
    assert of_sim(theirs, wanted) == wanted


@given(tpdus())
def test_hw_sim_reads_what_we_build(tpdu: Tpdu) -> None:
    assume(tpdu.name not in ("SUBMIT-REPORT", "DELIVER-REPORT"))
    agree(build_tpdu(tpdu), tpdu.sent)


@given(any_text | default_text, st.booleans(), st.integers(0, 255), international, moments)
def test_we_read_what_hw_sim_builds(text: str, wide: bool, ref: int, number: Address, moment: datetime) -> None:
    parts = sim_text.segments(text, ref, wide_ref=wide)
    bodies = []
    for at, (kind, length, octets) in enumerate(parts, 1):
        dcs = 8 if kind == "ucs2" else 0
        first = 0x44 if len(parts) > 1 else 0x04
        theirs = sim.Tpdu("deliver", first, address=sim.Address.of(number.number), dcs=dcs, udl=length, ud=octets)
        theirs.scts = sim.write_time(moment)
        ours = parse_tpdu(sim.write_tpdu(theirs))
        assert isinstance(ours, Deliver)
        assert (ours.originator, ours.timestamp) == (number, moment)
        assert ours.concat == (Concat(ref, len(parts), at, 16 if wide else 8) if len(parts) > 1 else None)
        assert build_tpdu(ours) == sim.write_tpdu(theirs)
        bodies.append(ours.text or "")
    assert "".join(bodies) == text


@given(default_text, st.booleans(), st.integers(0, 255))
def test_the_same_segments(text: str, wide: bool, ref: int) -> None:
    ours = plan_text(text, reference_bits=16 if wide else 8).user_data(ref)
    theirs = sim_text.segments(text, ref, wide_ref=wide)
    assert [(part.length, part.octets) for part in ours] == [(length, octets) for _, length, octets in theirs]


@given(addresses)
def test_the_same_addresses(address: Address) -> None:
    ours = build_tpdu(Submit(address, plan_text("").user_data()[0]))[2:-3]
    assert ours == sim.write_address(sim.Address(address.value, address.toa))


def test_mutated_pdus_are_read_alike() -> None:
    rng = random.Random(23)
    known = [
        (bytes.fromhex(case["pdu"]), case["sca"], case["tpdu"] in SENT)
        for case in load("third_party.json") + load("clauses.json")
        if case["dir"] == "decode" and "error" not in case["expect"]
    ]
    for _ in range(6000):
        octets, smsc, sent = rng.choice(known)
        agree(mutated(rng, octets[octets[0] + 1 :] if smsc else octets), sent)


# -- python-gsmmodem-new and smspdudecoder -----------------------------------------------------------------------------

# What both can do: the default alphabet without the backtick and section sign and without @ at the end of a field, or
# BMP characters in UCS-2; no header or an 8-bit concatenation; international numbers.
oracle_text = st.one_of(
    st.text(st.sampled_from(DEFAULT_CHARACTERS), max_size=300),
    st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc", "Cn"]), max_size=150),
)
years = moments.filter(lambda moment: 2000 <= moment.year < 2069)


def in_domain(text: str) -> bool:
    """Leave out an @ at the end of a field, and seven septets over with an escape pair: a phantom @ for one oracle."""
    plan = plan_text(text)
    if plan.encoding == "gsm7" and not set("§Ç\x0c").isdisjoint(text):
        return False
    fields = zip(plan.segments, plan.user_data(), strict=True)
    return not any(
        segment.endswith(("@", "\r")) or (field.length % 8 == 7 and b"\x1b" in field.body) for segment, field in fields
    )


@given(oracle_text, international, years, st.integers(0, 255))
def test_delivers_against_the_oracles(text: str, number: Address, moment: datetime, reference: int) -> None:
    assume(in_domain(text))
    plan = plan_text(text)
    for deliver, segment in zip(delivers(plan, number, moment, reference=reference), plan.segments, strict=True):
        pdu = build_pdu(deliver, Address("491710760000", 1))
        found = read_incoming_sms(pdu)
        assert found["content"] == segment
        assert found["date"] == moment
        assert found["sender"] in (number.number, number.value)
        found = gsmmodem_pdu.decodeSmsPdu(pdu)
        assert (found["type"], found["number"], found["smsc"]) == ("SMS-DELIVER", number.number, "+491710760000")
        assert found["text"] == segment
        assert found["time"] == moment
        assert found["tpdu_length"] == parse_pdu(pdu).tpdu_octets
        if deliver.concat is not None:
            header = found["udh"][0]
            assert (header.reference, header.parts, header.number) == (
                reference,
                plan.segment_count,
                deliver.concat.sequence,
            )


@given(oracle_text, international, st.integers(0, 255))
def test_submits_against_the_oracle(text: str, number: Address, reference: int) -> None:
    assume(in_domain(text))
    plan = plan_text(text)
    for submit, segment in zip(submits(plan, number, reference=reference), plan.segments, strict=True):
        found = gsmmodem_pdu.decodeSmsPdu(build_pdu(submit))
        assert (found["type"], found["number"], found["text"]) == ("SMS-SUBMIT", number.number, segment)


@given(
    st.text(st.sampled_from([c for c in DEFAULT_CHARACTERS if c != "\x0c"]), min_size=1, max_size=160),
    st.text(st.sampled_from("123456789"), min_size=3, max_size=15),
    st.sampled_from([None, 300, 3600, 43200, 86400, 7 * 86400]),
)
def test_we_read_what_the_oracle_builds(text: str, digits: str, validity_s: int | None) -> None:
    from datetime import timedelta

    assume("`" not in text and "§" not in text)
    assume(len(plan_text(text).segments) == 1)
    validity = None if validity_s is None else timedelta(seconds=validity_s)
    (built,) = gsmmodem_pdu.encodeSmsSubmitPdu(f"+{digits}", text, reference=7, validity=validity)
    pdu = parse_pdu(str(built), sent=True)
    assert isinstance(pdu.tpdu, Submit)
    assert (pdu.tpdu.destination.number, pdu.tpdu.text, pdu.tpdu.reference) == (f"+{digits}", text, 7)
    assert (pdu.tpdu.validity.seconds if pdu.tpdu.validity else None) == validity_s
    assert pdu.tpdu_octets == built.tpduLength


@given(international, moments.filter(lambda m: 2000 <= m.year < 2069), st.integers(0, 255), st.integers(0, 255))
def test_status_reports_against_the_oracle(number: Address, moment: datetime, reference: int, status: int) -> None:
    raw = build_timestamp(moment)
    pdu = build_pdu(StatusReport(reference, number, raw, raw, status))
    found = gsmmodem_pdu.decodeSmsPdu(pdu)
    assert (found["type"], found["number"], found["reference"]) == ("SMS-STATUS-REPORT", number.number, reference)
    assert (found["time"], found["discharge"], found["status"]) == (moment, moment, status)


def test_disagreements_that_the_clauses_settle() -> None:
    """Each is an error of the other decoder; docs/reference/codec.md names the clause."""
    moment = datetime.fromisoformat("2026-03-01T12:00:00+01:00")
    number = Address("4917012345", 1)

    def deliver(text: str) -> str:
        return build_pdu(delivers(plan_text(text), number, moment)[0], Address("49171", 1))

    # 23.040 9.2.3.16: TP-UDL counts the @ in the last septet
    assert gsmmodem_pdu.decodeSmsPdu(deliver("1234567@"))["text"] == "1234567"
    assert parse_pdu(deliver("1234567@")).tpdu.text == "1234567@"  # type: ignore[union-attr]
    # 23.038 6.2.1: septet 0x5F is the section sign
    assert gsmmodem_pdu.decodeSmsPdu(deliver("§"))["text"] == "`"
    # 23.038 6.2.3 by way of UTF-16: a character outside the BMP is one, not two halves
    assert gsmmodem_pdu.decodeSmsPdu(deliver("😀"))["text"] == "\ud83d\ude00"
    assert parse_pdu(deliver("😀")).tpdu.text == "😀"  # type: ignore[union-attr]
    # 23.040 9.1.2.5: seven characters are thirteen semi-octets, the spare septet is none
    name = build_pdu(delivers(plan_text("x"), Address("message", 5, 0), moment)[0], Address("49171", 1))
    assert read_incoming_sms(name)["sender"] == "message@"
    assert parse_pdu(name).tpdu.originator.number == "message"  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="time data"):
        gsmmodem_pdu.decodeSmsPdu("00" + "0404913619000000000000000000" + "00")
    # 23.040 9.2.3.16: TP-UDL counts septets, not characters
    assert read_incoming_sms(deliver("00000{"))["content"] == "00000{@"
    assert parse_pdu(deliver("00000{")).tpdu.text == "00000{"  # type: ignore[union-attr]
