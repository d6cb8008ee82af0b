"""Refusals that come after the wait for a result had ended: they settle a segment in doubt as not sent."""

from __future__ import annotations

from gsmgw.model import MessageError, Outgoing, SegmentStatus
from gsmgw.model.events import MessageSettled
from gsmgw.store.derived_status import roll_up
from gsmgw.store.evidence import queued_now
from gsmgw.store.outbox import fail
from gsmgw.store.states import segment_may_become
from gsmgw.store.tx import Tx

#: The pauses before a message is sent again that was refused late; after more refusals it has failed. Seconds.
PAUSES_S = (30, 120, 600, 1800)
_EVIDENCE = "refusal"


def late_refusal(
    tx: Tx, now_ms: int, message: Outgoing, seq: int, modem: str, claim: int, *, error: MessageError, permanent: bool
) -> tuple[list[Outgoing], int | None]:
    """Settle a segment in doubt as refused, if it was not handed over again since.

    Return the messages that are queued again at once, and the time of the next attempt, if any.
    """
    row = tx.one("SELECT status, claim FROM segments WHERE message_id = ? AND seq = ?", (message.id, seq))
    if row is None or tuple(row) != (SegmentStatus.UNKNOWN.value, claim):
        return [], None
    earlier = _late_refusals(tx, message.id)
    fails = permanent or earlier >= len(PAUSES_S)
    tx.run(
        "UPDATE segments SET status = 'queued', report_due = 0, owed = 0 "
        f"WHERE message_id = ? AND seq = ? AND {segment_may_become(SegmentStatus.QUEUED)}",
        (message.id, seq),
    )
    tx.event(now_ms, MessageSettled(decision="failed" if fails else "resend", evidence=_EVIDENCE), message.id)
    roll_up(tx, now_ms, message.id)
    if fails:
        fail(tx, now_ms, message.id, modem, error=error, to=message.to, client_ref=message.client_ref)
        return [], None
    due_ms = now_ms + 1000 * PAUSES_S[earlier]
    waits = tx.run(
        "UPDATE messages SET due_ms = ?, waiting = ?, error = ? WHERE id = ? AND status = 'queued'",
        (due_ms, error.title, error.dumps(), message.id),
    )
    return ([], due_ms) if waits else (queued_now(tx, message.id), None)


def _late_refusals(tx: Tx, message_id: int) -> int:
    """Return how often a message was refused late."""
    return int(
        tx.one(
            "SELECT count(*) FROM events WHERE message_id = ? AND type = 'message.settled' "
            "AND json_extract(data, '$.evidence') = ?",
            (message_id, _EVIDENCE),
        )[0]
    )
