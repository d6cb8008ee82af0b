"""The content of a submitted message: its bytes, alphabet, header and place among the parts of a long one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from gsmgw.bridges.smpp.pdus import CommandStatus, Pdu, Tag
from gsmgw.pdu import PduError
from gsmgw.pdu.alphabet import DEFAULT, REPLACEMENT, gsm7
from gsmgw.pdu.header import (
    CONCAT_8,
    CONCAT_16,
    LOCKING_SHIFT,
    PORTS_8,
    PORTS_16,
    SINGLE_SHIFT,
    Element,
    find_concat,
    find_languages,
    find_ports,
    parse_elements,
)

GSM, DATA = "gsm", "data"
#: Values of ``data_coding`` (5.2.19) with Python's names of their character sets.
_CODINGS: Final[Mapping[int, str]] = {
    0: GSM, 1: "ascii", 2: DATA, 3: "latin-1", 4: DATA, 6: "iso8859-5", 7: "iso8859-8", 8: "utf-16-be",
}  # fmt: skip
#: Alphabets by bits 3 and 2 of a coding group of TS 23.038 4.
_ALPHABETS: Final = (GSM, DATA, "utf-16-be")
#: Bits of ``esm_class`` (5.2.12): the header indicator, and those of acknowledgements.
_HEADER, _ACKNOWLEDGEMENT = 0x40, 0x3C
#: Elements of a header that are understood.
_KNOWN_ELEMENTS: Final = frozenset({CONCAT_8, CONCAT_16, PORTS_8, PORTS_16, SINGLE_SHIFT, LOCKING_SHIFT})


class Refused(Exception):
    """A request is refused with a ``command_status``."""

    def __init__(self, status: CommandStatus, why: str) -> None:
        self.status = status
        super().__init__(why)


class Place(NamedTuple):
    """The place of a part in a long message."""

    reference: int
    total: int
    number: int


class Content(NamedTuple):
    """The content of a PDU."""

    raw: bytes
    #: A character set of Python, or GSM, or DATA.
    coding: str
    message_class: int | None = None
    port: int | None = None
    place: Place | None = None
    #: National language identifiers, locking and single shift.
    languages: tuple[int, int] = (0, 0)

    @property
    def text(self) -> str | None:
        """The text; None for data. Raises :class:`Refused` if the bytes are not in the character set."""
        if self.coding == DATA:
            return None
        if self.coding == GSM:
            return _gsm_text(self.raw, self.languages)
        try:
            return self.raw.decode(self.coding)
        except UnicodeDecodeError:
            raise Refused(CommandStatus.SUBMIT_FAILED, f"the text is not in {self.coding}") from None


def _gsm_text(raw: bytes, languages: tuple[int, int]) -> str:
    """Return a text of unpacked septets. With a byte above 0x7F it cannot be one: clients write Latin-1 so."""
    if not raw.isascii():
        return raw.decode("latin-1")
    text = (gsm7(*languages) if any(languages) else DEFAULT).decode(raw)
    if REPLACEMENT in text:
        raise Refused(CommandStatus.SUBMIT_FAILED, "the text has characters that are not in its alphabet")
    return text


def content_of(pdu: Pdu) -> Content:
    """Return the content of ``submit_sm``, ``submit_multi`` or ``data_sm``. Raises :class:`Refused`."""
    raw = _payload(pdu)
    coding, message_class = _coding(pdu.number("data_coding"))
    esm_class = pdu.number("esm_class")
    if esm_class & _ACKNOWLEDGEMENT:
        raise Refused(CommandStatus.INVALID_ESM_CLASS, "acknowledgements of clients are not supported")
    elements: tuple[Element, ...] = ()
    if esm_class & _HEADER:
        raw, elements = _without_header(raw)
    if not raw:
        raise Refused(CommandStatus.INVALID_MESSAGE_LENGTH, "the message is empty")
    return Content(raw, coding, message_class, _port(pdu, elements), _place(pdu, elements), find_languages(elements))


def _payload(pdu: Pdu) -> bytes:
    short, payload = pdu.raw("short_message"), pdu.tlvs.get(Tag.MESSAGE_PAYLOAD)
    if short and payload:
        raise Refused(CommandStatus.INVALID_MESSAGE_LENGTH, "a message has short_message or message_payload, not both")
    return payload or short


def _coding(value: int) -> tuple[str, int | None]:
    """Return the character set and the message class of a ``data_coding``."""
    if value in _CODINGS:
        return _CODINGS[value], None
    group, alphabet = value >> 4, value >> 2 & 3
    if group == 1 and alphabet < len(_ALPHABETS):
        return _ALPHABETS[alphabet], value & 3
    if group == 0xF and not value & 8:
        return _ALPHABETS[alphabet], value & 3
    raise Refused(CommandStatus.SUBMIT_FAILED, f"data_coding {value:#04x} is not supported")


def _without_header(raw: bytes) -> tuple[bytes, tuple[Element, ...]]:
    if not raw or raw[0] >= len(raw):
        raise Refused(CommandStatus.INVALID_MESSAGE_LENGTH, "the user data header is longer than the message")
    end = raw[0] + 1
    try:
        elements = parse_elements(raw[1:end])
    except PduError as exc:
        raise Refused(CommandStatus.INVALID_ESM_CLASS, f"the user data header cannot be read: {exc.title}") from None
    if unknown := [element.iei for element in elements if element.iei not in _KNOWN_ELEMENTS]:
        raise Refused(CommandStatus.SUBMIT_FAILED, f"the header element {unknown[0]:#04x} is not supported")
    return raw[end:], elements


def _port(pdu: Pdu, elements: tuple[Element, ...]) -> int | None:
    ports = find_ports(elements)
    return ports.destination if ports is not None else _integer(pdu, Tag.DEST_PORT, 2)


def _place(pdu: Pdu, elements: tuple[Element, ...]) -> Place | None:
    concat = find_concat(elements)
    if concat is not None:
        return Place(concat.reference, concat.total, concat.sequence) if concat.total > 1 else None
    values = [
        _integer(pdu, tag, size) for tag, size in ((Tag.SAR_REFERENCE, 2), (Tag.SAR_TOTAL, 1), (Tag.SAR_SEQUENCE, 1))
    ]
    reference, total, number = (0 if value is None else value for value in values)
    if values[1] is None or total < 2:
        return None
    if not 1 <= number <= total:
        raise Refused(CommandStatus.INVALID_OPTIONAL_VALUE, f"part {number} of {total} is not possible")
    return Place(reference, total, number)


def _integer(pdu: Pdu, tag: Tag, size: int) -> int | None:
    """Return an optional integer parameter of ``size`` bytes."""
    value = pdu.tlvs.get(tag)
    if value is None:
        return None
    if len(value) != size:
        raise Refused(CommandStatus.INVALID_OPTIONAL_LENGTH, f"{tag.name.lower()} must have {size} bytes")
    return int.from_bytes(value, "big")
