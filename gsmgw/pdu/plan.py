"""From a text to user data: choice of the alphabet, segments, preview (TS 23.040 9.2.3.24, TS 23.038 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from gsmgw.pdu.alphabet import DEFAULT, Alphabet, Gsm7, encode_ucs2, gsm7, units_ucs2
from gsmgw.pdu.clusters import clusters
from gsmgw.pdu.errors import PduError
from gsmgw.pdu.header import LOCKING_SHIFT, SINGLE_SHIFT, Concat, Element
from gsmgw.pdu.tables import LANGUAGES, LOCKING, SINGLE
from gsmgw.pdu.transliteration import transliterate as _transliterate
from gsmgw.pdu.userdata import MAX_OCTETS, UserData, header_septets

MAX_SEGMENTS: Final = 255
"""The number of parts is one byte (9.2.3.24.1)."""

_GSM7: Final = Alphabet.GSM7
_UCS2: Final = Alphabet.UCS2
_MAX_SEPTETS: Final = MAX_OCTETS * 8 // 7
_Width = Callable[[str], int]


class TextPlan(NamedTuple):
    """The segments of a text, before references are assigned.

    ``segments`` are the texts of the parts, ``bodies`` the same as septets (one to a byte) or UTF-16 bytes.
    ``languages`` are the national language identifiers of the locking and the single shift table, 0 for the default.
    ``header`` holds the elements that every part carries besides concatenation. ``transliterated`` lists each
    character that was replaced, with its replacement. ``text`` is what will be read at the other end.
    """

    text: str
    encoding: Alphabet
    segments: tuple[str, ...]
    bodies: tuple[bytes, ...]
    languages: tuple[int, int] = (0, 0)
    header: tuple[Element, ...] = ()
    reference_bits: int = 8
    transliterated: tuple[tuple[str, str], ...] = ()

    @property
    def segment_count(self) -> int:
        """The number of short messages."""
        return len(self.bodies)

    @property
    def units_used(self) -> int:
        """Septets (``GSM7``) or 16-bit units (``UCS2``) of the text in all segments, headers not counted."""
        octets = sum(map(len, self.bodies))
        return octets if self.encoding is _GSM7 else octets >> 1

    @property
    def units_per_segment(self) -> int:
        """The capacity of a segment of this message, in septets or 16-bit units."""
        return _capacity(self.encoding, self.header, len(self.bodies) > 1, self.reference_bits)

    @property
    def units_left(self) -> int:
        """The free space of the last segment, in septets or 16-bit units."""
        last = len(self.bodies[-1])
        return self.units_per_segment - (last if self.encoding is _GSM7 else last >> 1)

    @property
    def forcing(self) -> tuple[str, ...]:
        """The characters that the default alphabet and its extension lack, in the order of the text, each once.

        They are what forces UCS-2 or a national language table.
        """
        return missing(self.text)

    def user_data(self, reference: int = 0) -> tuple[UserData, ...]:
        """Return the user data of each segment; ``reference`` is the one of concatenation (9.2.3.24.1, .8).

        Raises :class:`PduError` when there are several segments and the reference does not fit.
        """
        bodies = self.bodies
        total = len(bodies)
        if total == 1:
            return (self._field(bodies[0], self.header),)
        return tuple(
            self._field(body, (Concat(reference, total, number, self.reference_bits).element(), *self.header))
            for number, body in enumerate(bodies, 1)
        )

    def _field(self, body: bytes, elements: Sequence[Element]) -> UserData:
        if self.encoding is _GSM7:
            return UserData.of_septets(body, elements)
        return UserData.of_octets(body, elements, alphabet=_UCS2)


def missing(text: str, codec: Gsm7 = DEFAULT) -> tuple[str, ...]:
    """Return the characters of ``text`` that the alphabet of ``codec`` cannot write, in order, each once."""
    return tuple(char for char in dict.fromkeys(text) if not codec.width(char))


def plan_text(
    text: str,
    *,
    alphabet: Literal["auto", "gsm7", "ucs2"] = "auto",
    national: Iterable[int] = (),
    transliterate: bool = False,
    header: Sequence[Element] = (),
    max_segments: int = MAX_SEGMENTS,
    reference_bits: int = 8,
) -> TextPlan:
    """Choose how to send ``text`` and cut it.

    ``auto`` takes what needs the fewest segments, then the fewest bytes, among the default alphabet, the ``national``
    languages (identifiers of TS 23.038 6.2.1.2.4 that may be used) and UCS-2. ``transliterate`` replaces typographic
    characters, and only if the text then needs no UCS-2. ``header`` are elements that each segment carries.
    ``reference_bits`` is the size of the concatenation reference, 8 or 16.

    Raises :class:`PduError` when ``gsm7`` is asked for and characters do not fit it (they are named), when the text
    takes more than ``max_segments`` segments, or when the header leaves no room.
    """
    if alphabet != "ucs2":
        septets = DEFAULT.encode(text)
        if septets is not None and not header and len(septets) <= _MAX_SEPTETS:
            return TextPlan(text, _GSM7, (text,), (septets,), reference_bits=reference_bits)
        if septets is None and alphabet == "auto" and not (header or national or transliterate):
            octets = encode_ucs2(text)
            if len(octets) <= MAX_OCTETS:
                return TextPlan(text, _UCS2, (text,), (octets,), reference_bits=reference_bits)
    return _plan(text, alphabet, tuple(national), transliterate, tuple(header), max_segments, reference_bits)


def _plan(
    text: str,
    alphabet: str,
    national: tuple[int, ...],
    transliterate: bool,
    header: tuple[Element, ...],
    max_segments: int,
    reference_bits: int,
) -> TextPlan:
    if reference_bits not in (8, 16):
        raise PduError(f"a concatenation reference has 8 or 16 bits, not {reference_bits}", field="TP-UDH")
    unknown = [language for language in national if language not in LANGUAGES]
    if unknown:
        raise PduError(f"{unknown[0]} is not a national language (TS 23.038 6.2.1.2.4)", field="TP-UDH")
    limit = min(max_segments, MAX_SEGMENTS)
    pairs: tuple[tuple[str, str], ...] = ()
    if transliterate and alphabet != "ucs2":
        replaced, pairs = _transliterate(text, DEFAULT)
        if pairs and not any(codec.encode(replaced) is not None for codec in (DEFAULT, *_candidates(national))):
            pairs = ()
        if pairs:
            text = replaced
    if alphabet == "ucs2":
        return _cut_ucs2(text, header, limit, reference_bits)
    best: TextPlan | None = None
    full: PduError | None = None
    for codec in (DEFAULT, *_candidates(national)):
        septets = codec.encode(text)
        if septets is None:
            continue
        try:
            plan = _cut_gsm7(text, septets, codec, header, limit, reference_bits, pairs)
        except PduError as error:
            full = full or error
            continue
        if best is None or _cost(plan) < _cost(best):
            best = plan
        if codec is DEFAULT and (plan.segment_count == 1 or not national):
            return plan  # no text is shorter in UCS-2
    if alphabet == "gsm7":
        if best is None:
            if full is not None:
                raise full
            raise PduError(f"the 7 bit alphabet lacks {' '.join(missing(text))}", field="text")
        return best
    try:
        wide = _cut_ucs2(text, header, limit, reference_bits)
    except PduError as error:
        if best is None:
            raise full or error from None
        return best
    return wide if best is None or _cost(wide) < _cost(best) else best


def _cost(plan: TextPlan) -> tuple[int, int]:
    return plan.segment_count, sum(len(field.octets) for field in plan.user_data())


def _candidates(national: Iterable[int]) -> Iterator[Gsm7]:
    for language in national:
        if language in SINGLE:
            yield gsm7(0, language)
        if language in LOCKING:
            yield gsm7(language, 0)
            if language in SINGLE:
                yield gsm7(language, language)


def _capacity(alphabet: Alphabet, header: Sequence[Element], concatenated: bool, reference_bits: int) -> int:
    """Septets or 16-bit units that a segment holds behind its header (9.2.3.24.1)."""
    octets = sum(2 + len(element.data) for element in header)
    if concatenated:
        octets += 5 if reference_bits == 8 else 6
    if octets:
        octets += 1
    if alphabet is _GSM7:
        return _MAX_SEPTETS - header_septets(octets)
    return (MAX_OCTETS - octets) // 2


def _languages_header(codec: Gsm7) -> tuple[Element, ...]:
    elements = []
    if codec.locking:
        elements.append(Element(LOCKING_SHIFT, bytes((codec.locking,))))
    if codec.single:
        elements.append(Element(SINGLE_SHIFT, bytes((codec.single,))))
    return tuple(elements)


def _cut_gsm7(
    text: str,
    septets: bytes,
    codec: Gsm7,
    header: tuple[Element, ...],
    limit: int,
    reference_bits: int,
    pairs: tuple[tuple[str, str], ...],
) -> TextPlan:
    header = (*_languages_header(codec), *header)
    segments: Sequence[str] = (text,)
    bodies: Sequence[bytes] = (septets,)
    if len(septets) > _room(_capacity(_GSM7, header, False, reference_bits), 0):
        capacity = _room(_capacity(_GSM7, header, True, reference_bits))
        segments = _cut(text, capacity, limit, codec.width)
        bodies = [codec.encode(segment) or b"" for segment in segments]
    _check_count(len(bodies), limit)
    languages = (codec.locking, codec.single)
    return TextPlan(text, _GSM7, tuple(segments), tuple(bodies), languages, header, reference_bits, pairs)


def _cut_ucs2(text: str, header: tuple[Element, ...], limit: int, reference_bits: int) -> TextPlan:
    segments: Sequence[str] = (text,)
    if units_ucs2(text) > _room(_capacity(_UCS2, header, False, reference_bits), 0):
        segments = _cut(text, _room(_capacity(_UCS2, header, True, reference_bits)), limit, units_ucs2)
    _check_count(len(segments), limit)
    bodies = tuple(map(encode_ucs2, segments))
    return TextPlan(text, _UCS2, tuple(segments), bodies, (0, 0), header, reference_bits)


def _room(capacity: int, least: int = 2) -> int:
    """Return ``capacity`` if it holds ``least``: two, where escape or surrogate pairs have to fit."""
    if capacity < least:
        raise PduError("the header leaves no room for text", field="TP-UDH")
    return capacity


def _check_count(count: int, limit: int) -> None:
    if count > limit:
        raise PduError(f"the text takes {count} segments, {limit} are allowed", field="text")


def _cut(text: str, capacity: int, limit: int, width: _Width) -> list[str]:
    """Cut between clusters; where that takes more segments than ``limit`` allows, between characters."""
    segments = _fill(clusters(text), capacity, width)
    if len(segments) > limit:
        segments = _fill(text, capacity, width)
    return segments


def _fill(pieces: Iterable[str], capacity: int, width: _Width) -> list[str]:
    segments: list[str] = []
    current: list[str] = []
    used = 0
    for piece in pieces:
        size = width(piece) if len(piece) == 1 else sum(map(width, piece))
        if size > capacity:  # longer than a segment: no cut can be avoided
            for char in piece:
                size = width(char)
                if used + size > capacity:
                    segments.append("".join(current))
                    current, used = [], 0
                current.append(char)
                used += size
            continue
        if used + size > capacity:
            segments.append("".join(current))
            current, used = [], 0
        current.append(piece)
        used += size
    segments.append("".join(current))
    return segments
