"""User data of TPDUs: headers, segments, texts (TS 23.040 9.2.3.24)."""

from __future__ import annotations

from typing import NamedTuple

from .alphabet import gsm7_decode, gsm7_fits, gsm7_septets, pack, ucs2_decode, ucs2_encode, unpack
from .tpdu import Tpdu, alphabet


class Concat(NamedTuple):
    """The place of a segment in its message: reference, number of segments, this segment (from 1)."""

    ref: int
    total: int
    seq: int


class Content(NamedTuple):
    """The user data of a TPDU, decoded. ``body`` is septets, one byte each, or plain bytes."""

    alphabet: str
    elements: list[tuple[int, bytes]]
    body: bytes

    @property
    def text(self) -> str:
        """The text of this segment alone; data reads as hex."""
        return join_text(self.alphabet, self.body, self.languages)

    @property
    def languages(self) -> tuple[int, int]:
        """The national languages of locking and single shift (9.2.3.24.15 and .16), 0 for none."""
        found = {name: value[0] for name, value in self.elements if name in (0x24, 0x25) and len(value) == 1}
        return found.get(0x25, 0), found.get(0x24, 0)

    @property
    def concat(self) -> Concat | None:
        """The concatenation element (9.2.3.24.1 and .8), None when it is missing or not valid."""
        found: Concat | None = None
        for name, value in self.elements:
            if name == 0x00 and len(value) == 3:
                found = Concat(value[0], value[1], value[2])
            elif name == 0x08 and len(value) == 4:
                found = Concat(value[0] << 8 | value[1], value[2], value[3])
        return found if found and 1 <= found.seq <= found.total else None

    @property
    def ports(self) -> tuple[int, int] | None:
        """Destination and originator port (9.2.3.24.3 and .4)."""
        for name, value in self.elements:
            if name == 0x05 and len(value) == 4:
                return value[0] << 8 | value[1], value[2] << 8 | value[3]
            if name == 0x04 and len(value) == 2:
                return value[0], value[1]
        return None


def join_text(kind: str, body: bytes, languages: tuple[int, int] = (0, 0)) -> str:
    """Return the text of the bodies of one or more segments."""
    if kind == "gsm7":
        return gsm7_decode(body, languages)
    return ucs2_decode(body) if kind == "ucs2" else body.hex().upper()


def header_elements(header: bytes) -> list[tuple[int, bytes]]:
    """Return the elements of a user data header without its length byte; one that overruns ends the list."""
    elements: list[tuple[int, bytes]] = []
    at = 0
    while at + 2 <= len(header):
        length = header[at + 1]
        if at + 2 + length > len(header):
            break
        elements.append((header[at], header[at + 2 : at + 2 + length]))
        at += 2 + length
    return elements


def content(tpdu: Tpdu) -> Content:
    """Decode the user data of a TPDU."""
    kind = alphabet(tpdu.dcs)
    skip = tpdu.ud[0] + 1 if tpdu.udhi and tpdu.ud else 0
    elements = header_elements(tpdu.ud[1:skip]) if skip else []
    if kind != "gsm7":
        return Content(kind, elements, tpdu.ud[skip:])
    taken = -(-skip * 8 // 7)
    count = max(0, tpdu.udl - taken)
    return Content(kind, elements, unpack(tpdu.ud[skip:], count, taken * 7 - skip * 8))


def user_data(kind: str, body: bytes, header: bytes = b"") -> tuple[int, bytes]:
    """Return TP-UDL and TP-UD; ``header`` without its length byte, ``body`` as in Content."""
    block = bytes((len(header),)) + header if header else b""
    if kind != "gsm7":
        return len(block) + len(body), block + body
    taken = -(-len(block) * 8 // 7)
    return taken + len(body), block + pack(body, taken * 7 - len(block) * 8)


def segments(text: str, ref: int, kind: str | None = None, *, wide_ref: bool = False) -> list[tuple[str, int, bytes]]:
    """Return ``(alphabet, TP-UDL, TP-UD)`` of each segment of a text, with a header when there are several.

    No escape pair and no surrogate pair is cut. ``ref`` is the message's reference; ``kind`` (an alphabet) is chosen
    from the text when it is left out.
    """
    kind = kind or ("gsm7" if gsm7_fits(text) else "ucs2")
    if kind == "gsm7":
        units = [gsm7_septets(char) or b"?" for char in text]
        whole, part = 160, 152 if wide_ref else 153
    else:
        units = [ucs2_encode(char) for char in text]
        whole, part = 140, 132 if wide_ref else 134
    if sum(map(len, units)) <= whole:
        return [(kind, *user_data(kind, b"".join(units)))]
    bodies: list[bytearray] = [bytearray()]
    for unit in units:
        if len(bodies[-1]) + len(unit) > part:
            bodies.append(bytearray())
        bodies[-1] += unit
    total = len(bodies)
    return [
        (
            kind,
            *user_data(
                kind,
                bytes(body),
                bytes((8, 4, ref >> 8 & 255, ref & 255, total, seq))
                if wide_ref
                else bytes((0, 3, ref & 255, total, seq)),
            ),
        )
        for seq, body in enumerate(bodies, 1)
    ]
