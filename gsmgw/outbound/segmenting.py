"""From a message to the TPDUs that go to a modem. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from gsmgw.model import Outgoing
from gsmgw.pdu import (
    Address,
    Alphabet,
    Concat,
    Element,
    Ports,
    RelativeValidity,
    Submit,
    TextPlan,
    UserData,
    build_tpdu,
    dcs_octet,
    parse_tpdu,
    plan_text,
    submits,
)

#: Messages of 8-bit data: bytes of user data, and of its header with 16-bit ports (6 + 1) and concatenation (6). A
#: header has one byte for its length.
_DATA_OCTETS = 140
_PORTS_OCTETS = 7
_CONCAT_OCTETS = 6

Encoding = Literal["auto", "gsm7", "ucs2"]


def plan(text: str, encoding: str = "auto", *, transliterate: bool = False, bits: int = 8) -> TextPlan:
    """Split a text as it would be sent. ``bits`` is the size of the reference. Raises :class:`gsmgw.pdu.PduError`."""
    return plan_text(text, alphabet=cast(Encoding, encoding), transliterate=transliterate, reference_bits=bits)


def split_data(data: bytes, port: int | None) -> list[bytes]:
    """8-bit data in portions that fit behind a port address, and a concatenation element where there are several."""
    room = _DATA_OCTETS - (0 if port is None else _PORTS_OCTETS)
    if len(data) <= room:
        return [data]
    size = room - (_CONCAT_OCTETS if port is not None else _CONCAT_OCTETS + 1)
    return [data[at : at + size] for at in range(0, len(data), size)]


def build_segments(message: Outgoing, reference: int, now_ms: int, bits: int = 8) -> list[bytes]:
    """The SMS-SUBMIT TPDUs of a message (TS 23.040 9.2.2.2), in order.

    ``reference`` is that of concatenation, of 8 or 16 ``bits``. The rest of the message's
    validity is passed on as TP-VP.
    """
    destination = Address.parse_number(message.to)
    validity = None
    if message.expires_ms is not None:
        validity = RelativeValidity.at_least(max(0, message.expires_ms - now_ms) / 1000)
    message_class = message.message_class
    if message.data is not None:
        dcs = dcs_octet(Alphabet.DATA, message_class)
        fields = _data_fields(message.data, message.port, reference, bits)
        built = [
            Submit(destination, field, dcs=dcs, validity=validity, status_report_request=message.report)
            for field in fields
        ]
    else:
        built = list(
            submits(
                plan(message.text or "", message.encoding, bits=bits),
                destination,
                reference=reference,
                message_class=message_class,
                validity=validity,
                status_report_request=message.report,
            )
        )
    return [build_tpdu(submit) for submit in built]


def without_validity(tpdu: bytes) -> bytes:
    """The same SMS-SUBMIT without TP-VP, which some service centres refuse (TP-FCS C6 and C7)."""
    submit = parse_tpdu(tpdu, sent=True)
    return build_tpdu(replace(submit, validity=None)) if isinstance(submit, Submit) and submit.validity else tpdu


def _data_fields(data: bytes, port: int | None, reference: int, bits: int) -> list[UserData]:
    portions = split_data(data, port)
    ports: tuple[Element, ...] = () if port is None else (Ports(port, 0).element(),)
    fields = []
    for number, portion in enumerate(portions, 1):
        elements = ports
        if len(portions) > 1:
            elements = (Concat(reference, len(portions), number, bits).element(), *ports)
        fields.append(UserData.of_octets(portion, elements))
    return fields
