"""TP-UD, the user data: TS 23.040 9.2.3.24, its length 9.2.3.16, its alphabets TS 23.038."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gsmgw.pdu.alphabet import DEFAULT, Alphabet, decode_ucs2, gsm7
from gsmgw.pdu.dcs import Indication
from gsmgw.pdu.errors import PduError
from gsmgw.pdu.header import (
    Concat,
    Element,
    Ports,
    build_elements,
    find_concat,
    find_indications,
    find_languages,
    find_ports,
    parse_elements,
)
from gsmgw.pdu.septets import pack, unpack

MAX_OCTETS: Final = 140
"""The user data of a SUBMIT or DELIVER, 9.2.2.1 and 9.2.2.2."""

_GSM7: Final = Alphabet.GSM7
_UCS2: Final = Alphabet.UCS2
_DATA: Final = Alphabet.DATA


def fill_bits(header_octets: int) -> int:
    """Return how many zero bits follow a header, length byte included, before the first septet (9.2.3.24)."""
    return -8 * header_octets % 7


def header_septets(header_octets: int) -> int:
    """Return how many septets a header with its length byte and fill bits takes (9.2.3.16)."""
    return (8 * header_octets + 6) // 7


@dataclass(frozen=True, slots=True)
class UserData:
    """A user data field as it is on the air.

    ``octets`` are TP-UD with its header, ``length`` is TP-UDL: septets for ``GSM7`` (those that the header takes
    included), bytes otherwise. Their meaning is worked out on demand.
    """

    octets: bytes
    length: int
    alphabet: Alphabet
    has_header: bool = False

    @property
    def header_octets(self) -> int:
        """Bytes of the header with its length byte, 0 without a header."""
        return self.octets[0] + 1 if self.has_header and self.octets else 0

    @property
    def elements(self) -> tuple[Element, ...]:
        """The information elements in their order; none when the header is malformed (9.2.3.24: ignore it whole)."""
        if not self.has_header or not self.octets:
            return ()
        try:
            return parse_elements(self.octets[1 : self.octets[0] + 1])
        except PduError:
            return ()

    @property
    def concat(self) -> Concat | None:
        """The place in a concatenated message."""
        return find_concat(self.elements) if self.has_header else None

    @property
    def ports(self) -> Ports | None:
        """The application port addresses."""
        return find_ports(self.elements) if self.has_header else None

    @property
    def languages(self) -> tuple[int, int]:
        """National language identifiers: locking shift, single shift; 0 stands for the default."""
        return find_languages(self.elements) if self.has_header else (0, 0)

    @property
    def indications(self) -> tuple[Indication, ...]:
        """Message waiting indications of the header."""
        return find_indications(self.elements)

    @property
    def body(self) -> bytes:
        """The content after the header: one septet to a byte for ``GSM7``, bytes otherwise."""
        octets = self.octets
        if not self.has_header or not octets:
            return unpack(octets, self.length) if self.alphabet is _GSM7 else octets
        size = octets[0] + 1
        if self.alphabet is not _GSM7:
            return octets[size:]
        return unpack(octets[size:], self.length - header_septets(size), fill_bits(size))

    @property
    def text(self) -> str | None:
        """The text, ``None`` for 8-bit data. A part of a longer message may begin or end in mid-character."""
        alphabet = self.alphabet
        if alphabet is _GSM7:
            if not self.has_header:
                return DEFAULT.decode(unpack(self.octets, self.length))
            return gsm7(*self.languages).decode(self.body)
        if alphabet is _UCS2:
            return decode_ucs2(self.body)
        return None

    @property
    def data(self) -> bytes | None:
        """The bytes of 8-bit data after the header, ``None`` for text."""
        return self.body if self.alphabet is _DATA else None

    @classmethod
    def of_septets(cls, septets: bytes, elements: Sequence[Element] = ()) -> UserData:
        """Return user data of 7 bit text: ``septets`` one to a byte, after a header if there are elements."""
        if not elements:
            return cls(pack(septets), len(septets), _GSM7)
        header = build_elements(elements)
        body = pack(septets, fill_bits(len(header)))
        return cls(header + body, header_septets(len(header)) + len(septets), _GSM7, True)

    @classmethod
    def of_octets(
        cls, octets: bytes, elements: Sequence[Element] = (), *, alphabet: Alphabet = Alphabet.DATA
    ) -> UserData:
        """Return user data of 8-bit data or UTF-16 bytes, after a header if there are elements."""
        if not elements:
            return cls(octets, len(octets), alphabet)
        header = build_elements(elements)
        return cls(header + octets, len(header) + len(octets), alphabet, True)


def join_text(parts: Iterable[UserData]) -> str:
    """Return the text of the parts of one message, given in their order.

    Parts are joined as septets or UTF-16 bytes before they are decoded, for other senders do cut escape and surrogate
    pairs apart. Parts of another alphabet or language start a new run. Raises :class:`PduError` for 8-bit data.
    """
    text = []
    run: list[bytes] = []
    kind: tuple[Alphabet, int, int] | None = None
    for part in parts:
        locking, single = part.languages
        own = (part.alphabet, locking, single)
        if part.alphabet is _DATA:
            raise PduError("a part holds 8-bit data, not text", field="TP-DCS")
        if kind is not None and own != kind:
            text.append(_decode(kind, b"".join(run)))
            run = []
        kind = own
        run.append(part.body)
    if kind is not None:
        text.append(_decode(kind, b"".join(run)))
    return "".join(text)


def _decode(kind: tuple[Alphabet, int, int], body: bytes) -> str:
    alphabet, locking, single = kind
    return decode_ucs2(body) if alphabet is _UCS2 else gsm7(locking, single).decode(body)


def join_data(parts: Iterable[UserData]) -> bytes:
    """Return the bytes of the parts of one message of 8-bit data, given in their order."""
    return b"".join(part.body for part in parts)


def parse_user_data(octets: bytes, at: int, alphabet: Alphabet, has_header: bool, limit: int) -> tuple[UserData, int]:
    """Return the user data whose TP-UDL is at byte ``at`` and the offset after it.

    Raises :class:`PduError` when TP-UDL is missing, promises more than follows or more than ``limit`` bytes, or when
    the header is longer than the field. A header that is malformed inside is kept and ignored (9.2.3.24).
    """
    try:
        length = octets[at]
    except IndexError:
        raise PduError("the PDU ends before the length of the user data", field="TP-UDL", offset=at) from None
    at += 1
    size = (length * 7 + 7) >> 3 if alphabet is _GSM7 else length
    end = at + size
    if end > len(octets):
        unit = "septets" if alphabet is _GSM7 else "bytes"
        raise PduError(
            f"{length} {unit} of user data take {size} bytes, {len(octets) - at} follow", field="TP-UDL", offset=at - 1
        )
    if size > limit:
        raise PduError(f"{size} bytes of user data; this TPDU carries at most {limit}", field="TP-UDL", offset=at - 1)
    field = octets[at:end]
    if has_header and not size:
        raise PduError("TP-UDHI announces a header, but the user data is empty", field="TP-UDHL", offset=at)
    if has_header and field[0] + 1 > size:
        raise PduError(f"a header of {field[0] + 1} bytes in a field of {size}", field="TP-UDHL", offset=at)
    return UserData(field, length, alphabet, has_header), end


def build_user_data(user_data: UserData, limit: int) -> bytes:
    """Return TP-UDL and TP-UD. Raises :class:`PduError` when length and bytes differ or exceed ``limit`` bytes."""
    octets, length = user_data.octets, user_data.length
    size = (length * 7 + 7) >> 3 if user_data.alphabet is _GSM7 else length
    if size != len(octets):
        raise PduError(f"TP-UDL {length} means {size} bytes, the field has {len(octets)}", field="TP-UDL")
    if size > limit:
        raise PduError(f"{size} bytes of user data; this TPDU carries at most {limit}", field="TP-UDL")
    return bytes((length,)) + octets
