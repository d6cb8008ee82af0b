"""The codec of SMPP: the specification's own bytes, there and back, and everything that cannot be read."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gsmgw.bridges.smpp.pdus import (
    MAX_BYTES,
    RESPONSE,
    Address,
    Broken,
    Command,
    CommandStatus,
    Failure,
    Framer,
    MalformedPdu,
    Pdu,
    Tag,
    build,
    parse,
)
from gsmgw.bridges.smpp.session import Session, Timers, written

#: The example of SMPP 3.4 issue 1.2, 3.2.1: a bind_transmitter.
BIND = bytes.fromhex(
    "0000002F 00000002 00000000 00000001 534D50503354455354 00 7365637265743038 00 5355424D495431 00 00 01 01 00"
)


def test_the_example_of_the_specification() -> None:
    pdu = parse(BIND)
    assert (pdu.command, pdu.status, pdu.sequence, pdu.title) == (Command.BIND_TRANSMITTER, 0, 1, "bind_transmitter")
    assert (pdu.text("system_id"), pdu.text("password"), pdu.text("system_type")) == (
        "SMPP3TEST",
        "secret08",
        "SUBMIT1",
    )
    assert (pdu.number("interface_version"), pdu.number("addr_ton"), pdu.number("addr_npi")) == (0, 1, 1)
    assert pdu.text("address_range") == ""
    assert build(pdu) == BIND


@pytest.mark.parametrize(
    ("pdu", "data"),
    [
        # 4.7.1 and 4.11.1: nothing but the header
        (Pdu(Command.ENQUIRE_LINK, 0, 7), "00000010 00000015 00000000 00000007"),
        (Pdu(Command.UNBIND | RESPONSE, 0, 8), "00000010 80000006 00000000 00000008"),
        (Pdu(Command.GENERIC_NACK, CommandStatus.INVALID_COMMAND_ID, 9), "00000010 80000000 00000003 00000009"),
        # 4.1.2: the version in an optional parameter
        (
            Pdu(Command.BIND_TRANSCEIVER | RESPONSE, 0, 1, {"system_id": b"gsmgw"}, {Tag.INTERFACE_VERSION: b"\x34"}),
            "0000001B 80000009 00000000 00000001 67736D6777 00 0210 0001 34",
        ),
        # 4.4.1
        (
            Pdu(
                Command.SUBMIT_SM,
                0,
                2,
                {
                    "source_addr_ton": 5,
                    "source_addr": b"shop",
                    "dest_addr_ton": 1,
                    "dest_addr_npi": 1,
                    "destination_addr": b"4915",
                    "registered_delivery": 1,
                    "short_message": b"Hi",
                },
            ),
            "0000002B 00000004 00000000 00000002 00 05 00 73686F70 00 01 01 34393135 00 "
            "00 00 00 00 00 01 00 00 00 02 4869",
        ),
        (
            Pdu(Command.SUBMIT_SM | RESPONSE, 0, 2, {"message_id": b"12"}),
            "00000013 80000004 00000000 00000002 3132 00",
        ),
        # 4.4.2: no body where the status is an error
        (Pdu(Command.SUBMIT_SM | RESPONSE, 0x58, 2), "00000010 80000004 00000058 00000002"),
        # 4.5.1: two recipients, a number and a list
        (
            Pdu(Command.SUBMIT_MULTI, 0, 3, {"dest_address": (Address(1, 1, "49"), "all"), "short_message": b"x"}),
            "0000002B 00000021 00000000 00000003 00 00 00 00 02 01 01 01 3439 00 02 616C6C 00 "
            "00 00 00 00 00 00 00 00 00 01 78",
        ),
        # 4.5.2: the recipients that were refused
        (
            Pdu(
                Command.SUBMIT_MULTI | RESPONSE,
                0,
                3,
                {"message_id": b"7", "unsuccess_sme": (Failure(Address(1, 1, "49"), 0x0B),)},
            ),
            "0000001C 80000021 00000000 00000003 37 00 01 01 01 3439 00 0000000B",
        ),
        # 4.8.2
        (
            Pdu(Command.QUERY_SM | RESPONSE, 0, 4, {"message_id": b"7", "message_state": 2}),
            "00000015 80000003 00000000 00000004 37 00 00 02 00",
        ),
    ],
)
def test_there_and_back(pdu: Pdu, data: str) -> None:
    raw = bytes.fromhex(data)
    assert build(pdu) == raw
    found = parse(raw)
    assert (found.command, found.status, found.sequence, found.tlvs) == (
        pdu.command,
        pdu.status,
        pdu.sequence,
        pdu.tlvs,
    )
    assert {name: found.fields[name] for name in pdu.fields} == dict(pdu.fields)
    assert build(found) == raw


def _changed(raw: bytes, at: int, new: bytes) -> bytes:
    return raw[:at] + new + raw[at + len(new) :]


SUBMIT = build(Pdu(Command.SUBMIT_SM, 0, 5, {"destination_addr": b"4915", "short_message": b"Hello"}))


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (SUBMIT[:-1], CommandStatus.INVALID_MESSAGE_LENGTH),  # sm_length is longer than the PDU
        (SUBMIT[:20], CommandStatus.INVALID_COMMAND_LENGTH),  # ends between parameters
        (SUBMIT + b"\x04", CommandStatus.INVALID_OPTIONAL),  # a piece of an optional parameter
        (SUBMIT + b"\x04\x24\x00\x09abc", CommandStatus.INVALID_OPTIONAL_LENGTH),
        (_changed(SUBMIT, 4, b"\0\0\x01\x77"), CommandStatus.INVALID_COMMAND_ID),
        (_changed(SUBMIT, 4, b"\0\0\0\0"), CommandStatus.INVALID_COMMAND_ID),
        (BIND[:16] + b"A" * 31, CommandStatus.INVALID_SYSTEM_ID),  # no NUL within 16 bytes
        (
            build(Pdu(Command.SUBMIT_SM, 0, 5))[:16] + b"\0\0\0" + b"1" * 30 + b"\0" * 20,
            CommandStatus.INVALID_SOURCE,
        ),
        (
            build(Pdu(Command.SUBMIT_MULTI, 0, 5))[:20] + b"\x01\x03\0\0",
            CommandStatus.INVALID_DESTINATIONS,
        ),
    ],
)
def test_what_cannot_be_read_has_a_status(raw: bytes, status: CommandStatus) -> None:
    with pytest.raises(MalformedPdu) as caught:
        parse(raw)
    assert (caught.value.status, caught.value.sequence) == (status, 5 if raw[:16] != BIND[:16] else 1)


@pytest.mark.parametrize("length", [0, 15, MAX_BYTES + 1, 0xFFFFFFFF])
def test_a_length_that_is_not_possible_ends_the_stream(length: int) -> None:
    framer = Framer()
    framer.feed(length.to_bytes(4, "big") + SUBMIT[4:])
    with pytest.raises(Broken):
        framer.next()


@given(st.lists(st.integers(0, len(SUBMIT + BIND)), max_size=6))
def test_a_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    stream, framer, found = SUBMIT + BIND, Framer(), []
    places = [0, *sorted(cuts), len(stream)]
    for start, end in pairwise(places):
        framer.feed(stream[start:end])
        while (pdu := framer.next()) is not None:
            found.append(pdu)
    assert found == [SUBMIT, BIND]


@given(st.binary(max_size=300), st.sampled_from(sorted({*Command, *(each | RESPONSE for each in Command)})))
@example(b"", Command.SUBMIT_MULTI)
def test_any_body_is_read_or_refused(body: bytes, command: int) -> None:
    raw = (16 + len(body)).to_bytes(4, "big") + command.to_bytes(4, "big") + bytes(4) + b"\0\0\0\x09" + body
    try:
        pdu = parse(raw)
    except MalformedPdu as exc:
        pdu = Pdu(exc.command, 0, exc.sequence)
    else:
        assert parse(build(pdu)).fields == pdu.fields or pdu.is_response
    assert (pdu.sequence, pdu.command) == (9, command)


@given(st.lists(st.one_of(st.binary(max_size=64), st.sampled_from([BIND, SUBMIT, SUBMIT[:9]])), max_size=8))
def test_a_session_survives_any_bytes(pieces: list[bytes]) -> None:
    """It answers or ends; and it never keeps more than one PDU."""
    session = Session(Timers(), 0.0)
    for piece in pieces:
        session.receive(piece, 0.0)
        for answer in session.take():
            parse(written([answer]))
        session.poll(1.0)
