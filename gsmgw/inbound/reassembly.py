"""Which parts make a whole text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: Parts of one text come within that time, or the reference has been used again for another one. Service centres
#: keep what they cannot deliver for days.
WINDOW_MS = 4 * 86_400_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stored part: its row, its number, the moment it came, whether it is in a finished message."""

    id: int
    seq: int
    at_ms: int
    pdu: str
    assembled: bool = False
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Assembly:
    """What is to be done with a new part: the pieces of its text so far, in order, and whether they are all."""

    pieces: tuple[Piece, ...]
    complete: bool
    duplicate: bool = False
    #: The message that shows the text already, as incomplete.
    message_id: int | None = None


def assemble(new: Piece, others: Iterable[Piece], total: int) -> Assembly:
    """Find the pieces that belong to a new one among others of the same sender, reference and total.

    The newest piece of each number counts: a reference that is used again brings newer ones. A part that is the
    same, to the octet with its service centre time stamp, as one that is in a finished text came twice.
    """
    newest: dict[int, Piece] = {}
    for piece in others:
        if piece.pdu == new.pdu:
            return Assembly((), complete=False, duplicate=True)
        if not piece.assembled and abs(new.at_ms - piece.at_ms) <= WINDOW_MS:
            newest[piece.seq] = piece
    newest[new.seq] = new
    pieces = tuple(newest[seq] for seq in sorted(newest))
    shown = next((piece.message_id for piece in pieces if piece.message_id is not None), None)
    return Assembly(pieces, complete=len(pieces) == total, message_id=shown)
