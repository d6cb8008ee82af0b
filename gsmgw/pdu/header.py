"""The user data header: TS 23.040 9.2.3.24."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gsmgw.pdu.address import Address, parse_address
from gsmgw.pdu.dcs import Indication
from gsmgw.pdu.errors import PduError

CONCAT_8: Final = 0x00
SPECIAL_INDICATION: Final = 0x01
PORTS_8: Final = 0x04
PORTS_16: Final = 0x05
CONCAT_16: Final = 0x08
REPLY_ADDRESS: Final = 0x22
SINGLE_SHIFT: Final = 0x24
LOCKING_SHIFT: Final = 0x25
"""Information element identifiers, 9.2.3.24."""

_KINDS: Final = ("voicemail", "fax", "email", "other")
"""Bits 1-0 of an indication; "other" with extended type 1 in bits 4-2 is video (9.2.3.24.2)."""


@dataclass(frozen=True, slots=True)
class Element:
    """One information element: identifier and data, whatever they mean."""

    iei: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Concat:
    """Place of a part in a concatenated message; ``bits`` is the size of the reference, 8 or 16 (9.2.3.24.1, .8)."""

    reference: int
    total: int
    sequence: int
    bits: int = 8

    def element(self) -> Element:
        """Return the element that carries this. Raises :class:`PduError` when a number does not fit."""
        if not 1 <= self.sequence <= self.total <= 255:
            raise PduError(f"part {self.sequence} of {self.total}: a message has 1 to 255 parts", field="TP-UDH")
        if not 0 <= self.reference < 1 << self.bits:
            raise PduError(f"reference {self.reference} does not fit {self.bits} bits", field="TP-UDH")
        if self.bits == 8:
            return Element(CONCAT_8, bytes((self.reference, self.total, self.sequence)))
        return Element(CONCAT_16, bytes((self.reference >> 8, self.reference & 255, self.total, self.sequence)))


@dataclass(frozen=True, slots=True)
class Ports:
    """Application port addressing; ``bits`` is the size of the port numbers, 8 or 16 (9.2.3.24.3, .4)."""

    destination: int
    source: int
    bits: int = 16

    def element(self) -> Element:
        """Return the element that carries this. Raises :class:`PduError` when a number does not fit."""
        if not (0 <= self.destination < 1 << self.bits and 0 <= self.source < 1 << self.bits):
            raise PduError(f"a port does not fit {self.bits} bits", field="TP-UDH")
        if self.bits == 8:
            return Element(PORTS_8, bytes((self.destination, self.source)))
        return Element(PORTS_16, self.destination.to_bytes(2, "big") + self.source.to_bytes(2, "big"))


def parse_elements(octets: bytes) -> tuple[Element, ...]:
    """Return the elements of a header, given without its length byte, in their order.

    Raises :class:`PduError`, its offset counted in ``octets``, when the last element is cut or bytes are left over;
    9.2.3.24 has a receiver ignore such a header as a whole.
    """
    elements = []
    at, end = 0, len(octets)
    while at < end:
        if at + 1 >= end:
            raise PduError("the header ends inside an element", field="TP-UDH", offset=at)
        behind = at + 2 + octets[at + 1]
        if behind > end:
            raise PduError(
                f"element {octets[at]:02X} has {octets[at + 1]} bytes, {end - at - 2} are left in the header",
                field="TP-UDH",
                offset=at + 1,
            )
        elements.append(Element(octets[at], octets[at + 2 : behind]))
        at = behind
    return tuple(elements)


def build_elements(elements: Iterable[Element]) -> bytes:
    """Return the bytes of a header with its length byte. Raises :class:`PduError` when it is longer than 139."""
    pieces = [(element.iei, element.data) for element in elements]
    size = sum(2 + len(data) for _, data in pieces)
    if size > 139:
        raise PduError(f"a header of {size + 1} bytes leaves nothing of 140", field="TP-UDH")
    return bytes((size,)) + b"".join(bytes((iei, len(data))) + data for iei, data in pieces)


def find_concat(elements: Iterable[Element]) -> Concat | None:
    """Return the place in a concatenated message, or ``None`` for a single one.

    The last element of either size counts; one with an impossible total or number, or a wrong length, is ignored
    (9.2.3.24, 9.2.3.24.1).
    """
    found = None
    for element in elements:
        data = element.data
        if element.iei == CONCAT_8 and len(data) == 3:
            concat = Concat(data[0], data[1], data[2], 8)
        elif element.iei == CONCAT_16 and len(data) == 4:
            concat = Concat(data[0] << 8 | data[1], data[2], data[3], 16)
        else:
            continue
        if 1 <= concat.sequence <= concat.total:
            found = concat
    return found


def find_ports(elements: Iterable[Element]) -> Ports | None:
    """Return the application ports; the last element of either size counts (9.2.3.24)."""
    found = None
    for element in elements:
        data = element.data
        if element.iei == PORTS_8 and len(data) == 2:
            found = Ports(data[0], data[1], 8)
        elif element.iei == PORTS_16 and len(data) == 4:
            found = Ports(data[0] << 8 | data[1], data[2] << 8 | data[3], 16)
    return found


def find_languages(elements: Iterable[Element]) -> tuple[int, int]:
    """Return the national language identifiers (locking shift, single shift), 0 for the default (9.2.3.24.15, .16)."""
    locking = single = 0
    for element in elements:
        if len(element.data) == 1:
            if element.iei == LOCKING_SHIFT:
                locking = element.data[0]
            elif element.iei == SINGLE_SHIFT:
                single = element.data[0]
    return locking, single


def find_indications(elements: Iterable[Element]) -> tuple[Indication, ...]:
    """Return the special SMS message indications, one per kind, the last of a kind counting (9.2.3.24.2)."""
    found: dict[int, Indication] = {}
    for element in elements:
        if element.iei == SPECIAL_INDICATION and len(element.data) == 2:
            what, count = element.data
            kind = "video" if what & 0x1F == 0x07 else _KINDS[what & 3]
            found[what & 0x7F] = Indication(kind, active=count > 0, store=bool(what & 0x80), count=count)
    return tuple(found.values())


def find_reply_address(elements: Iterable[Element]) -> Address | None:
    """Return the alternate reply address, the last one that can be read (9.2.3.24.19)."""
    found = None
    for element in elements:
        if element.iei == REPLY_ADDRESS:
            try:
                found, _ = parse_address(element.data, 0, field="reply address")
            except PduError:
                continue
    return found
