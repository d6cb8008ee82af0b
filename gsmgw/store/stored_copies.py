"""Evidence from the copies in a modem's storage for segments with unknown outcome (TS 27.005 3.1, 4.4, 4.7).

A modem that is told to writes each submission to its storage (AT+CMGW) and sends it from there (AT+CMSS). The place is
on disk before AT+CMSS leaves, and the copy is deleted only after the segment's outcome is on disk. So after a crash or
a silence the copy is there, and its <stat> says whether the network accepted it: STO SENT or STO UNSENT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gsmgw.model import CopyFate, Outgoing, SegmentStatus
from gsmgw.model.events import MessageSettled
from gsmgw.store.derived_status import note_sent, roll_up
from gsmgw.store.evidence import queued_now
from gsmgw.store.states import segment_may_become
from gsmgw.store.tx import Tx

#: <stat> of a stored message that was sent (TS 27.005 3.1); 2 is one that was not.
SENT = 3
#: Maximum number of a SIM's latest segments to compare with a copy.
RECENT = 200


@dataclass(frozen=True, slots=True)
class Copy:
    """A submission in a modem's storage."""

    sim: str
    memory: str
    index: int
    status: int
    tpdu: bytes


@dataclass(frozen=True, slots=True)
class Judged:
    """The outcome of each copy, in order, and the messages that are queued again."""

    fates: list[CopyFate]
    queued: list[Outgoing]


def place_of(memory: str, index: int) -> str:
    """Return a storage location as stored in the database."""
    return f"{memory}:{index}"


def note(tx: Tx, message_id: int, seq: int, place: str) -> None:
    """Record the storage location of a segment before it is sent."""
    tx.run("UPDATE segments SET copy = ? WHERE message_id = ? AND seq = ?", (place, message_id, seq))


def judge(tx: Tx, now_ms: int, copies: Sequence[Copy]) -> Judged:
    """Find the segment of each copy, and settle it where it is unknown."""
    rows: dict[str, list[Any]] = {}
    fates, queued = [], []
    for copy in copies:
        if copy.sim not in rows:
            rows[copy.sim] = tx.all(
                "SELECT message_id, seq FROM segments WHERE sim = ? AND sending_ms IS NOT NULL "
                "ORDER BY sending_ms DESC LIMIT ?",
                (copy.sim, RECENT),
            )
        fate, again = _judge(tx, now_ms, copy, rows[copy.sim])
        fates.append(fate)
        queued += again
    return Judged(fates, queued)


def _judge(tx: Tx, now_ms: int, copy: Copy, recent: list[Any]) -> tuple[CopyFate, list[Outgoing]]:
    place, ours, needed = place_of(copy.memory, copy.index), False, False
    for message_id, seq in recent:
        tpdu, status, known = tx.one(
            "SELECT tpdu, status, copy FROM segments WHERE message_id = ? AND seq = ?", (message_id, seq)
        )
        if not _same(tpdu, copy.tpdu):
            continue
        ours = True
        sent = copy.status == SENT
        # Without a recorded location, the gateway stopped before it sent the copy.
        if status == "unknown" and known in (place, None):
            return CopyFate.SETTLED, _settle(tx, now_ms, message_id, seq, sent=sent)
        if status == "queued" and known == place and sent:  # to be sent again, for want of this very evidence
            return CopyFate.SETTLED, _settle(tx, now_ms, message_id, seq, sent=True)
        needed = needed or (status == "sending" and known in (place, None))
    if needed:
        return CopyFate.NEEDED, []
    return (CopyFate.SETTLED if ours else CopyFate.FOREIGN), []


def _same(tpdu: bytes, stored: bytes) -> bool:
    """TS 23.040 9.2.2.2: the second byte is TP-MR, which the modem gives, the first bit is TP-RP, a matter of its
    configuration.
    """
    return tpdu[2:] == stored[2:] and (tpdu[0] ^ stored[0]) & 0x7F == 0


def _settle(tx: Tx, now_ms: int, message_id: int, seq: int, *, sent: bool) -> list[Outgoing]:
    if sent:
        changed = tx.run(
            "UPDATE segments SET status = 'sent', sent_ms = ?, error = NULL "
            f"WHERE message_id = ? AND seq = ? AND {segment_may_become(SegmentStatus.SENT)}",
            (now_ms, message_id, seq),
        )
        note_sent(tx, now_ms, message_id, [seq] * changed)
    else:
        tx.run(
            "UPDATE segments SET status = 'queued', report_due = 0 "
            f"WHERE message_id = ? AND seq = ? AND {segment_may_become(SegmentStatus.QUEUED)}",
            (message_id, seq),
        )
    tx.event(now_ms, MessageSettled(decision="sent" if sent else "resend", evidence="copy"), message_id)
    roll_up(tx, now_ms, message_id)
    return queued_now(tx, message_id)
