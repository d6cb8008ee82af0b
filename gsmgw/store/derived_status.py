"""The state of a message, derived from the states of its segments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gsmgw.model import SOURCES, MessageError, SegmentStatus, Status, derive_status
from gsmgw.model.events import (
    MessageDelivered,
    MessageQueued,
    MessageSegmentSent,
    MessageSent,
    MessageUndelivered,
)
from gsmgw.store.states import may_become
from gsmgw.store.tx import Tx


def note_sent(tx: Tx, now_ms: int, message_id: int, seqs: Iterable[int], reference: int | None = None) -> None:
    """Write the event of segments that the network accepted. A message of one segment has only ``message.sent``."""
    segments, modem = tx.one("SELECT segments, modem FROM messages WHERE id = ?", (message_id,))
    if segments > 1:
        for seq in seqs:
            tx.event(now_ms, MessageSegmentSent(seq, segments, reference), message_id, modem)


def roll_up(tx: Tx, now_ms: int, message_id: int) -> Status:
    """Derive a message's state from its segments, store it, and return it."""
    row = tx.one("SELECT status, modem, peer, client_ref, sent_ms, segments FROM messages WHERE id = ?", (message_id,))
    current = Status(row[0])
    segments = tx.all(
        "SELECT status, sent_ms, discharge_ms, sending_ms FROM segments WHERE message_id = ?", (message_id,)
    )
    derived = derive_status(SegmentStatus(segment[0]) for segment in segments)
    if derived is current or current not in SOURCES[derived]:
        return current
    if derived is Status.QUEUED and current is Status.SENDING:
        return current  # the next segment is about to be begun
    last_ms = max((segment[1] or segment[3] or now_ms for segment in segments), default=now_ms)
    if derived is Status.SENT:
        tx.run(
            "UPDATE messages SET status = 'sent', sent_ms = ?, error = NULL, due_ms = NULL, waiting = NULL "
            f"WHERE id = ? AND {may_become(Status.SENT)}",
            (last_ms, message_id),
        )
        tx.event(now_ms, MessageSent(to=row[2], client_ref=row[3], segments=row[5]), message_id, row[1])
    elif derived is Status.DELIVERED:
        tx.run(
            "UPDATE messages SET status = 'delivered', sent_ms = coalesce(sent_ms, ?), delivered_ms = ?, error = NULL, "
            f"due_ms = NULL, waiting = NULL, report_missing = 0 WHERE id = ? AND {may_become(Status.DELIVERED)}",
            (last_ms, now_ms, message_id),
        )
        if row[4] is None:  # delivered before the modem's answer was recorded
            tx.event(now_ms, MessageSent(to=row[2], client_ref=row[3], segments=row[5]), message_id, row[1])
        tx.event(now_ms, MessageDelivered(to=row[2], client_ref=row[3]), message_id, row[1])
    elif derived is Status.QUEUED:  # an unknown segment was settled, and others wait
        tx.run(
            "UPDATE messages SET status = 'queued', due_ms = NULL, waiting = NULL "
            f"WHERE id = ? AND {may_become(Status.QUEUED)}",
            (message_id,),
        )
        tx.event(now_ms, MessageQueued(), message_id)
    return _roll_up_undelivered(tx, now_ms, message_id, row) if derived is Status.UNDELIVERED else derived


def _roll_up_undelivered(tx: Tx, now_ms: int, message_id: int, row: Any) -> Status:
    report = tx.one(
        "SELECT report_status, error FROM segments WHERE message_id = ? AND status = 'undelivered' "
        "ORDER BY seq LIMIT 1",
        (message_id,),
    )
    error = MessageError("undelivered", report[1] or "not delivered", report_status=report[0])
    tx.run(
        "UPDATE messages SET status = 'undelivered', sent_ms = coalesce(sent_ms, ?), error = ?, due_ms = NULL, "
        f"waiting = NULL, report_missing = 0 WHERE id = ? AND {may_become(Status.UNDELIVERED)}",
        (now_ms, error.dumps(), message_id),
    )
    if row[4] is None:  # reported before the modem's answer was recorded
        tx.event(now_ms, MessageSent(to=row[2], client_ref=row[3], segments=row[5]), message_id, row[1])
    tx.event(now_ms, MessageUndelivered(to=row[2], client_ref=row[3], error=error), message_id, row[1])
    return Status.UNDELIVERED
