"""The outbox: the state changes of outbound messages, each an operation in one transaction.

Every UPDATE of a state is guarded by the states it may come from (``store.states``); one that finds the message
elsewhere changes nothing and returns False or raises :class:`Gone`. The states of segments are the truth, a message's
state follows from them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gsmgw.errors import StoreError
from gsmgw.model import EventType, MessageError, Outgoing, SegmentStatus, Status
from gsmgw.model.events import (
    Json,
    MessageDeferred,
    MessageFailed,
    MessageQueued,
    MessageSegmentSent,
    MessageSending,
    MessageSent,
    MessageSettled,
    MessageUnknown,
    accepted_json,
)
from gsmgw.numbers import digits_of
from gsmgw.store.consent import blocked
from gsmgw.store.derived_status import note_sent, roll_up
from gsmgw.store.evidence import accepted, queued_now, refused, repeated
from gsmgw.store.reports import apply_early_report, look_again
from gsmgw.store.states import AT_MODEM, may_become, segment_may_become
from gsmgw.store.tx import Tx, as_json


class Gone(StoreError):
    """The state of the message no longer allows this step: it was canceled, expired or resolved."""


class Blocked(Gone):
    """The recipient has opted out, or may have: the message may not be handed over now."""


_INSERT = (
    "INSERT INTO messages (id, direction, status, peer, text, data, port, encoding, segments, route, client, priority, "
    "message_class, report, on_unknown, client_ref, tags, created_ms, send_at_ms, expires_ms, due_ms, owner, "
    "purpose, list, exempt)"
)


def accept(tx: Tx, now_ms: int, messages: Sequence[Outgoing]) -> None:
    """Take messages: after the commit they are never lost. Those with a later ``send_at`` are scheduled."""
    tx.insert_many(_INSERT, (_row(message, now_ms) for message in messages))
    tx.add_events(now_ms, (_first_event(message, now_ms) for message in messages))


def is_early(message: Outgoing, now_ms: int) -> bool:
    """Return True if a message is scheduled after ``now_ms``."""
    return message.send_at_ms is not None and message.send_at_ms > now_ms


def _first_event(message: Outgoing, now_ms: int) -> tuple[EventType, int, dict[str, Json]]:
    type = EventType.MESSAGE_SCHEDULED if is_early(message, now_ms) else EventType.MESSAGE_QUEUED
    return type, message.id, accepted_json(message.to, message.segments, message.client_ref)


def _row(m: Outgoing, now_ms: int) -> tuple[Any, ...]:
    scheduled = is_early(m, now_ms)
    return (
        m.id,
        "outbound",
        "scheduled" if scheduled else "queued",
        m.to,
        m.text,
        m.data,
        m.port,
        m.encoding,
        m.segments,
        m.route,
        m.client,
        int(m.priority),
        m.message_class,
        m.report,
        m.on_unknown.value,
        m.client_ref,
        json.dumps(m.tags, ensure_ascii=False) if m.tags else None,
        m.created_ms,
        m.send_at_ms,
        m.expires_ms,
        m.send_at_ms if scheduled else None,
        m.owner,
        m.purpose.value,
        m.list,
        m.exempt,
    )


def last_texted(tx: Tx, peers: Iterable[str]) -> dict[str, str]:
    """For numbers that ever sent a message: the modem that received the last one."""
    wanted = list(peers)
    if len(wanted) == 1:  # a single message: many values at once cost more than the look-up
        last = tx.one(
            "SELECT modem FROM messages WHERE peer = ? AND direction = 'inbound' ORDER BY id DESC LIMIT 1", wanted
        )
        return {} if last is None or last[0] is None else {wanted[0]: last[0]}
    found = tx.all(
        "SELECT value, (SELECT modem FROM messages WHERE peer = value AND direction = 'inbound' "
        "ORDER BY id DESC LIMIT 1) AS modem FROM json_each(?) WHERE modem IS NOT NULL",
        (as_json(wanted),),
    )
    return dict(found)


def received_by(tx: Tx, message_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return the sender of received messages, and the modem that received them."""
    found = tx.all(
        "SELECT id, peer, modem FROM messages WHERE id IN (SELECT value FROM json_each(?)) "
        "AND direction = 'inbound' AND modem IS NOT NULL",
        (as_json(message_ids),),
    )
    return {number: (peer, modem) for number, peer, modem in found}


def defer(tx: Tx, now_ms: int, message_id: int, due_ms: int, waiting: str) -> None:
    """Defer a queued message until ``due_ms``."""
    changed = tx.run(
        "UPDATE messages SET due_ms = ?, waiting = ? WHERE id = ? AND status = 'queued'", (due_ms, waiting, message_id)
    )
    if changed:
        tx.event(now_ms, MessageDeferred(waiting=waiting, until_ms=due_ms), message_id)


def begin_segment(
    tx: Tx,
    now_ms: int,
    message: Outgoing,
    seq: int,
    modem: str,
    sim: str,
    claim: int,
    *,
    first: bool,
    tpdus: Sequence[bytes] | None,
    own: str | None = None,
) -> None:
    """Commit that a segment is about to leave. ``tpdus`` brings all segments of a message that is sent first.

    ``own`` is the SIM's number. ``first`` marks the first segment of an attempt, ``claim`` its place in the order of
    what the SIM is given.
    Raises :class:`Gone` when the message was taken back meanwhile, :class:`Blocked` when its recipient opted out.
    """
    if blocked(tx.all, (message,)):
        raise Blocked("the recipient has opted out")
    changed = tx.run(
        "UPDATE messages SET status = 'sending', modem = ?, own = ?, segments = ?, attempts = attempts + ?, "
        f"due_ms = NULL, waiting = NULL WHERE id = ? AND {may_become(Status.SENDING)}",
        (modem, own, message.segments, first, message.id),
    )
    if not changed:
        raise Gone("the message is no longer waiting")
    if tpdus is not None:
        recipient = digits_of(message.to)
        tx.run_many(
            "INSERT INTO segments (message_id, seq, status, tpdu, recipient) VALUES (?, ?, 'queued', ?, ?)",
            [(message.id, number, tpdu, recipient) for number, tpdu in enumerate(tpdus, 1)],
        )
    else:
        doubted = tx.one(
            "SELECT sim, claim, doubt FROM segments "
            "WHERE message_id = ? AND seq = ? AND doubt IS NOT NULL AND reference IS NULL",
            (message.id, seq),
        )
        if doubted is not None:
            repeated(tx, *doubted)
    changed = tx.run(
        "UPDATE segments SET status = 'sending', modem = ?, sim = ?, attempt = attempt + 1, claim = ?, sending_ms = ?, "
        "doubt = NULL, reference = NULL, copy = NULL, error = NULL, owed = 0 "
        "WHERE message_id = ? AND seq = ? AND status = 'queued'",
        (modem, sim, claim, now_ms, message.id, seq),
    )
    if not changed:
        raise Gone("the segment is no longer waiting")
    if first:
        tx.event(now_ms, MessageSending(to=message.to, client_ref=message.client_ref), message.id, modem)


def segment_sent(
    tx: Tx, now_ms: int, message: Outgoing, seq: int, modem: str, sim: str, claim: int, reference: int
) -> list[Outgoing]:
    """Record that the network accepted a segment with a reference.

    Returns messages that are queued again, because the reference shows that they had not gone (``evidence``).
    """
    changed = tx.run(
        "UPDATE segments SET status = 'sent', reference = ?, sent_ms = ?, report_due = ?, error = NULL "
        f"WHERE message_id = ? AND seq = ? AND {AT_MODEM}",
        (reference, now_ms, message.report, message.id, seq),
    )
    if not changed:  # a report was faster and settled it
        tx.run(
            "UPDATE segments SET reference = ?, sent_ms = ? WHERE message_id = ? AND seq = ? AND reference IS NULL",
            (reference, now_ms, message.id, seq),
        )
    if changed and message.segments > 1:
        tx.event(
            now_ms, MessageSegmentSent(segment=seq, segments=message.segments, reference=reference), message.id, modem
        )
    early = message.report and apply_early_report(tx, now_ms, message, seq, sim, reference)
    if message.segments > 1 or early or not (changed and _only_segment_sent(tx, now_ms, message, modem)):
        roll_up(tx, now_ms, message.id)
    return accepted(tx, now_ms, sim, reference, claim)


def _only_segment_sent(tx: Tx, now_ms: int, message: Outgoing, modem: str) -> bool:
    """Do the work of ``roll_up`` for the most common case. Return False if the message is not being sent."""
    if not tx.run(
        "UPDATE messages SET status = 'sent', sent_ms = ?, error = NULL WHERE id = ? AND status = 'sending'",
        (now_ms, message.id),
    ):
        return False
    tx.event(now_ms, MessageSent(message.to, message.client_ref, message.segments), message.id, modem)
    return True


def unclaim(tx: Tx, message_id: int, seqs: Sequence[int]) -> None:
    """Return segments that were certainly not sent to the queue."""
    tx.run_many(
        "UPDATE segments SET status = 'queued', attempt = attempt - 1, sending_ms = NULL, claim = NULL "
        "WHERE message_id = ? AND seq = ? AND status = 'sending'",
        [(message_id, seq) for seq in seqs],
    )


def segment_refused(
    tx: Tx,
    now_ms: int,
    message: Outgoing,
    seq: int,
    sim: str,
    *,
    error: MessageError,
    due_ms: int | None,
    waiting: str | None,
    charged: bool,
    route: str | None = None,
    refusals: Mapping[str, int] | None = None,
    tpdus: Mapping[int, bytes] | None = None,
) -> None:
    """Record a refusal: the segment returns to the queue, deferred until ``due_ms`` if given.

    An attempt that is not ``charged`` was the modem's fault. ``route`` pins the rest of a long text to a modem.
    ``refusals`` are those of the message by now. ``tpdus`` replace those of segments that have not gone.
    """
    if refusals:
        tx.run(
            "UPDATE messages SET refusals = ? WHERE id = ? AND status = 'sending'", (json.dumps(refusals), message.id)
        )
    tx.run_many(
        "UPDATE segments SET tpdu = ? WHERE message_id = ? AND seq = ? AND status IN ('queued', 'sending')",
        [(tpdu, message.id, number) for number, tpdu in (tpdus or {}).items()],
    )
    tx.run(
        "UPDATE segments SET status = 'queued', error = ? WHERE message_id = ? AND seq = ? AND status = 'sending'",
        (error.title, message.id, seq),
    )
    refused(tx, sim)
    requeue(tx, now_ms, message.id, error=error, due_ms=due_ms, waiting=waiting, charged=charged, route=route)


def hand_back(tx: Tx, now_ms: int, message: Outgoing, *, waiting: str | None, route: str | None) -> None:
    """Return a message to the queue, uncharged, because its modem left before the next segment."""
    requeue(tx, now_ms, message.id, error=None, due_ms=None, waiting=waiting, charged=False, route=route)


def requeue(
    tx: Tx,
    now_ms: int,
    message_id: int,
    *,
    error: MessageError | None,
    due_ms: int | None,
    waiting: str | None,
    charged: bool,
    route: str | None,
) -> None:
    """Put a message that was being sent back into the queue."""
    changed = tx.run(
        "UPDATE messages SET status = 'queued', due_ms = ?, waiting = ?, error = ?, attempts = attempts - ?, "
        "route = coalesce(?, route) WHERE id = ? AND status = 'sending'",
        (due_ms, waiting, error.dumps() if error else None, not charged, route, message_id),
    )
    if changed:
        tx.event(now_ms, MessageQueued(error=error, waiting=waiting, until_ms=due_ms), message_id)


def segment_failed(
    tx: Tx, now_ms: int, message: Outgoing, seq: int, modem: str | None, sim: str, *, error: MessageError
) -> None:
    """Refused for good: the message has failed."""
    tx.run(
        "UPDATE segments SET status = 'failed', error = ? WHERE message_id = ? AND seq = ? AND status = 'sending'",
        (error.title, message.id, seq),
    )
    refused(tx, sim)
    fail(tx, now_ms, message.id, modem, error=error, to=message.to, client_ref=message.client_ref)


def fail(
    tx: Tx,
    now_ms: int,
    message_id: int,
    modem: str | None,
    *,
    error: MessageError,
    to: str | None = None,
    client_ref: str | None = None,
) -> bool:
    """End a message as failed."""
    changed = tx.run(
        "UPDATE messages SET status = 'failed', due_ms = NULL, waiting = NULL, error = ? "
        f"WHERE id = ? AND {may_become(Status.FAILED)}",
        (error.dumps(), message_id),
    )
    if changed:
        tx.event(now_ms, MessageFailed(to=to, client_ref=client_ref, error=error), message_id, modem)
    return bool(changed)


def segment_unknown(
    tx: Tx,
    now_ms: int,
    message: Outgoing,
    seq: int,
    *,
    error: MessageError,
    due_ms: int,
    copy_tells: bool = True,
    owed: bool = False,
) -> list[Outgoing]:
    """Record an unknown outcome: wait for evidence until ``due_ms``. The modem's copy may not be evidence.

    ``owed`` says that the modem may still confirm it.

    Returns messages that are queued again, where a report that came meanwhile is the evidence.
    """
    changed = tx.run(
        "UPDATE segments SET status = 'unknown', doubt = claim, error = ?, report_due = ?, owed = ?, "
        "copy = CASE WHEN ? THEN copy ELSE '' END WHERE message_id = ? AND seq = ? AND status = 'sending'",
        (error.title, message.report, owed, copy_tells, message.id, seq),
    )
    if changed:
        become_unknown(tx, now_ms, message.id, error=error, due_ms=due_ms)
        sim, since_ms = tx.one(
            "SELECT sim, sending_ms FROM segments WHERE message_id = ? AND seq = ?", (message.id, seq)
        )
        return look_again(tx, now_ms, sim, since_ms)
    roll_up(tx, now_ms, message.id)  # a report settled it before we gave up
    return []


def late_result(
    tx: Tx, now_ms: int, message: Outgoing, seq: int, sim: str, claim: int, reference: int
) -> list[Outgoing]:
    """Apply a modem's late result for a segment, or a result that corrects an earlier one.

    Returns messages that are queued again by that evidence. A segment that was handed over again since is left alone,
    unless that is in doubt: an earlier try of it has arrived.
    """
    row = tx.one("SELECT status, claim, reference FROM segments WHERE message_id = ? AND seq = ?", (message.id, seq))
    if row is None:
        return []
    status, last_claim, known = row
    if status in ("sending", "unknown", "queued") and (last_claim == claim or status == "unknown"):
        tx.run(
            "UPDATE segments SET status = 'sent', reference = ?, sent_ms = ?, error = NULL, owed = 0, report_due = ? "
            f"WHERE message_id = ? AND seq = ? AND {segment_may_become(SegmentStatus.SENT)}",
            (reference, now_ms, message.report, message.id, seq),
        )
        tx.event(now_ms, MessageSettled(decision="sent", evidence="answer"), message.id)
        note_sent(tx, now_ms, message.id, [seq], reference)
    elif last_claim == claim and status == "sent" and known != reference:
        tx.run("UPDATE segments SET reference = ? WHERE message_id = ? AND seq = ?", (reference, message.id, seq))
    else:
        return []
    if message.report:
        apply_early_report(tx, now_ms, message, seq, sim, reference)
    roll_up(tx, now_ms, message.id)
    return [*queued_now(tx, message.id), *accepted(tx, now_ms, sim, reference, claim)]


def segment_rejected_as_duplicate(
    tx: Tx, now_ms: int, message: Outgoing, seq: int, sim: str, *, error: MessageError, due_ms: int, route: str
) -> list[Outgoing]:
    """Record that the service centre already has the segment (TP-FCS C5, TS 23.040 9.2.3.22).

    Which reference that had is not known. One that was never tried before is in doubt. Returns the message when the
    rest of it is queued again, by ``route``.
    """
    refused(tx, sim)
    settled = tx.run(
        "UPDATE segments SET status = 'sent', sent_ms = sending_ms, doubt = claim, report_due = ?, error = NULL "
        "WHERE message_id = ? AND seq = ? AND status = 'sending' AND attempt > 1",
        (message.report, message.id, seq),
    )
    if not settled:
        return segment_unknown(tx, now_ms, message, seq, error=error, due_ms=due_ms, copy_tells=False)
    tx.event(now_ms, MessageSettled(decision="sent", evidence="duplicate"), message.id)
    note_sent(tx, now_ms, message.id, [seq])
    if tx.one("SELECT 1 FROM segments WHERE message_id = ? AND status = 'queued'", (message.id,)):
        requeue(tx, now_ms, message.id, error=None, due_ms=None, waiting=None, charged=False, route=route)
    else:
        roll_up(tx, now_ms, message.id)
    return queued_now(tx, message.id)


def become_unknown(tx: Tx, now_ms: int, message_id: int, *, error: MessageError, due_ms: int) -> None:
    """Record an unknown outcome of a message until evidence arrives or ``due_ms`` passes."""
    changed = tx.run(
        "UPDATE messages SET status = 'unknown', due_ms = ?, waiting = ?, error = ? "
        "WHERE id = ? AND status = 'sending'",
        (due_ms, "checking whether the network accepted it", error.dumps(), message_id),
    )
    if changed:
        tx.event(now_ms, MessageUnknown(error=error, until_ms=due_ms), message_id)
