"""Bodies of ``deliver_sm``: delivery receipts (appendix B) and received messages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from gsmgw.bridges.smpp.addresses import address_of, split
from gsmgw.bridges.smpp.moments import minute
from gsmgw.bridges.smpp.pdus import MAX_SHORT, Address, Fields, Tag, Value
from gsmgw.bridges.smpp.requests import FINAL, INTERMEDIATE
from gsmgw.bridges.smpp.states import DELIVERED, ENROUTE, EXPIRED, FINAL_EVENTS, WORDS, error_of
from gsmgw.model import Event, EventType, MessageRecord
from gsmgw.pdu.alphabet import DEFAULT, encode_ucs2
from gsmgw.pdu.header import Ports, build_elements
from gsmgw.store.smpp import Part, Submitted

#: Values of ``esm_class`` (5.2.12): a receipt, an intermediate one, a header in front of the message.
_RECEIPT, _INTERMEDIATE_RECEIPT, _HEADER = 0x04, 0x20, 0x40
_BINARY, _UCS2 = 4, 8
#: ``registered_delivery`` 2 asks for receipts of failures only.
_ONLY_FAILURES: Final = 2
#: The network type of ``network_error_code``: GSM (5.3.2.31).
_GSM: Final = 3
#: Characters of the message that a receipt repeats (appendix B).
_REPEATED: Final = 20


class Delivery(NamedTuple):
    """A ``deliver_sm``, up to its sequence number."""

    fields: Fields
    tlvs: Mapping[int, bytes]


def receipt(event: Event, record: MessageRecord, known: Submitted) -> Delivery | None:
    """Return the receipt that an event makes; None if the client did not ask for it."""
    if event.type == EventType.MESSAGE_SENT:
        return _receipt(event.at_ms, record, known, ENROUTE) if known.registered & INTERMEDIATE else None
    state, wanted = FINAL_EVENTS[event.type], known.registered & FINAL
    if not wanted or (wanted == _ONLY_FAILURES and state == DELIVERED):
        return None
    return _receipt(event.at_ms, record, known, state)


def _receipt(at_ms: int, record: MessageRecord, known: Submitted, state: int) -> Delivery:
    repeated = (DEFAULT.encode((record.text or "")[:_REPEATED]) or b"").translate(_SEVEN_BITS)
    return _told(
        known.id, known.source, known.destination, record.created_ms, at_ms, state, error_of(record, state), repeated
    )


_SEVEN_BITS: Final = bytes(value & 0x7F for value in range(256))


def given_up(part: Part, at_ms: int) -> Delivery | None:
    """Return the receipt of a part whose message never became whole; None if the client did not ask for it."""
    if not part.registered & FINAL:
        return None
    return _told(part.id, part.source, part.destination, part.created_ms, at_ms, EXPIRED, 255, b"")


def _told(
    known_id: int, source: str, destination: str, submitted_ms: int, done_ms: int, state: int, error: int, text: bytes
) -> Delivery:
    delivered = int(state == DELIVERED)
    words = (
        f"id:{known_id} sub:001 dlvrd:{delivered:03d} submit date:{minute(submitted_ms)} "
        f"done date:{minute(done_ms)} stat:{WORDS[state]} err:{error:03d} text:"
    )
    tlvs: dict[int, bytes] = {
        Tag.RECEIPTED_MESSAGE_ID: b"%d\0" % known_id,
        Tag.MESSAGE_STATE: bytes((state,)),
    }
    if error:
        tlvs[Tag.NETWORK_ERROR_CODE] = bytes((_GSM,)) + error.to_bytes(2, "big")
    esm_class = _INTERMEDIATE_RECEIPT if state == ENROUTE else _RECEIPT
    # From the recipient to the sender of the message.
    fields = _addressed(split(destination), split(source))
    return Delivery({**fields, "esm_class": esm_class, "short_message": words.encode() + text}, tlvs)


def received(record: MessageRecord, modem: str) -> Delivery:
    """Return a received message. ``modem`` is the address of a SIM without a known number."""
    fields = _addressed(address_of(record.peer), address_of(record.own or modem))
    if record.data is not None:
        coding, raw = _BINARY, record.data
        if record.port is not None:
            fields["esm_class"] = _HEADER
            raw = build_elements([Ports(record.port, 0).element()]) + raw
    else:
        coding, raw = _encoded(record.text or "")
    fields["data_coding"] = coding
    if len(raw) > MAX_SHORT:
        return Delivery(fields, {Tag.MESSAGE_PAYLOAD: raw})
    fields["short_message"] = raw
    return Delivery(fields, {})


def _encoded(text: str) -> tuple[int, bytes]:
    septets = DEFAULT.encode(text)
    return (_UCS2, encode_ucs2(text)) if septets is None else (0, septets.translate(_SEVEN_BITS))


def _addressed(source: Address, destination: Address) -> dict[str, Value]:
    return {
        "source_addr_ton": source.ton,
        "source_addr_npi": source.npi,
        "source_addr": source.digits.encode("latin-1"),
        "dest_addr_ton": destination.ton,
        "dest_addr_npi": destination.npi,
        "destination_addr": destination.digits.encode("latin-1"),
    }
