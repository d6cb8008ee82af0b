"""Finds the parts of one long message (TS 23.040 9.2.3.24.1). Pure.

Parts with the same sender, SIM, reference and total may belong to different messages: a reference is used again after
at most 256 messages, and two programs on one phone do not share a counter. The service centre stamps the parts of one
message within moments, so its time stamps tell messages apart, however late and in whatever order the parts arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

#: The time stamps of one message lie within this time. A slow sender takes minutes for 255 parts; service centres
#: whose time zones are set differently differ by one or two hours.
SPREAD_MS = 3 * 3_600_000
#: Where a time stamp cannot be read, parts that arrive within this time belong together: a service centre hands over
#: what it kept for days at once, and a sender may use its reference again on the next day.
ARRIVAL_MS = 86_400_000
#: The most incomplete messages of one reference among which a part is looked for: limits the cost of a flood.
NEIGHBOURS = 64


@dataclass(frozen=True, slots=True)
class Piece:
    """A stored part: its row, its number, its arrival, its service centre time stamp, whether its message is complete.

    ``data`` is True for 8-bit data; None where that was not recorded.
    """

    id: int
    seq: int
    at_ms: int
    pdu: str
    smsc_ms: int | None = None
    data: bool | None = None
    assembled: bool = False
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts of a message so far, in order, and whether they are all."""

    pieces: tuple[Piece, ...]
    complete: bool
    duplicate: bool = False
    #: The incomplete message that shows these parts already.
    message_id: int | None = None


def assemble(new: Piece, others: Iterable[Piece], total: int) -> Assembly:
    """Find the parts that belong to a new one among others of the same SIM, sender, reference and total.

    Of several parts with the same number the nearest in time counts. A part that is identical to another one,
    including its service centre time stamp, is a duplicate.
    """
    nearest: dict[int, Piece] = {}
    for piece in others:
        if piece.pdu == new.pdu:
            return Assembly((), complete=False, duplicate=True)
        if piece.assembled or piece.seq == new.seq or not _together(new, piece):
            continue
        known = nearest.get(piece.seq)
        if known is None or _distance_ms(new, piece) <= _distance_ms(new, known):
            nearest[piece.seq] = piece
    shown = [piece for piece in nearest.values() if piece.message_id is not None]
    message_id = min(shown, key=lambda piece: _distance_ms(new, piece)).message_id if shown else None
    kept = [piece for piece in nearest.values() if piece.message_id in (None, message_id)]
    pieces = tuple(sorted([new, *kept], key=lambda piece: piece.seq))
    return Assembly(pieces, complete=len(pieces) == total, message_id=message_id)


def groups(pieces: Iterable[Piece]) -> list[tuple[Piece, ...]]:
    """Split parts of the same SIM, sender, reference and total into messages, each in the order of its parts.

    Each part is in exactly one group, and no group has a number twice.
    """
    found: list[dict[int, Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (_moment_ms(piece), piece.id)):
        group = next(
            (
                group
                for group in islice(reversed(found), NEIGHBOURS)
                if piece.seq not in group and all(_together(piece, other) for other in group.values())
            ),
            None,
        )
        if group is None:
            found.append({piece.seq: piece})
        else:
            group[piece.seq] = piece
    return [_ordered(group.values()) for group in found]


def _ordered(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    return tuple(sorted(pieces, key=lambda piece: piece.seq))


def is_overdue(group: Sequence[Piece], now_ms: int, after_ms: int) -> bool:
    """Return whether the missing parts of a group were waited for long enough.

    A part from the future was recorded while the clock was wrong; it does not wait for that time.
    """
    return all(abs(now_ms - piece.at_ms) > after_ms for piece in group)


def _moment_ms(piece: Piece) -> int:
    return piece.at_ms if piece.smsc_ms is None else piece.smsc_ms


def _distance_ms(one: Piece, other: Piece) -> int:
    if one.smsc_ms is None or other.smsc_ms is None:
        return abs(one.at_ms - other.at_ms)
    return abs(one.smsc_ms - other.smsc_ms)


def _together(one: Piece, other: Piece) -> bool:
    """Return whether two parts may be of one message: both text or both data, and stamped close to each other."""
    if one.data is not None and other.data is not None and one.data != other.data:
        return False
    stamped = one.smsc_ms is not None and other.smsc_ms is not None
    return _distance_ms(one, other) <= (SPREAD_MS if stamped else ARRIVAL_MS)
