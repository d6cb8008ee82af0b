"""Lifecycle operations on outbound messages: due times, expiry, cancel, retry, resolve, restart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from gsmgw.model import MessageError, OnUnknown, Outgoing, SegmentStatus, Status
from gsmgw.model.events import (
    MessageCanceled,
    MessageExpired,
    MessageFailed,
    MessageHeld,
    MessageQueued,
    MessageReportMissing,
    MessageSettled,
)
from gsmgw.store.derived_status import note_sent, roll_up
from gsmgw.store.outbox import become_unknown, requeue
from gsmgw.store.reports import look_again
from gsmgw.store.rows import OUTGOING_COLUMNS, outgoing_of
from gsmgw.store.states import IN_DOUBT, OPEN, RETRYABLE, SENDING, WAITING, may_become, of, one_of
from gsmgw.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Promoted:
    """The messages that are now queued, and the number of examined ones."""

    queued: list[Outgoing]
    seen: int


def promote_due(tx: Tx, now_ms: int, limit: int = 500, returning: Collection[str] = ()) -> Promoted:
    """Bring deferred and scheduled messages whose time has come into the queue, and settle unknown ones by policy."""
    ready: list[Outgoing] = []
    rows = tx.all(
        f"SELECT status, waiting, {OUTGOING_COLUMNS} FROM messages WHERE due_ms <= ? ORDER BY due_ms LIMIT ?",
        (now_ms, limit),
    )
    probes = _probes(tx, now_ms) if any(row[0] == Status.UNKNOWN for row in rows) else frozenset()
    for status, waiting, *row in rows:
        message = _due_one(tx, now_ms, row)
        if message is not None and status == Status.UNKNOWN:
            message = _repeat(tx, now_ms, message, waiting, probes, returning)
        elif message is not None:
            _queue(tx, now_ms, message, scheduled=status == Status.SCHEDULED)
        if message is not None:
            ready.append(message)
    return Promoted(ready, len(rows))


def _queue(tx: Tx, now_ms: int, message: Outgoing, *, scheduled: bool) -> None:
    """Let a message whose time has come wait for a modem."""
    tx.run(
        f"UPDATE messages SET status = 'queued', due_ms = NULL, waiting = NULL WHERE id = ? AND {WAITING}",
        (message.id,),
    )
    if scheduled:
        tx.event(now_ms, MessageQueued(to=message.to, client_ref=message.client_ref), message.id)


def _repeat(
    tx: Tx,
    now_ms: int,
    message: Outgoing,
    waiting: str | None,
    probes: frozenset[int],
    returning: Collection[str],
) -> Outgoing | None:
    """Queue a message with unknown outcome again if no evidence arrived; None if it is on hold or still waiting."""
    if message.on_unknown is OnUnknown.HOLD or message.repeats:
        reason = REPEATED if message.repeats else HELD
        _keep_unknown(tx, message.id, None, reason)
        tx.event(now_ms, MessageHeld(reason=reason, repeats=message.repeats), message.id)
        return None
    if _may_be_told(tx, now_ms, message.id, returning) or (message.id not in probes and waiting != BEHIND_PROBE):
        _keep_unknown(tx, message.id, now_ms + PROBE_MS, BEHIND_PROBE)
        return None
    settle_unknown(tx, now_ms, message.id, resend=True)
    return outgoing_of(tx.one(f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ?", (message.id,)))


def _keep_unknown(tx: Tx, message_id: int, due_ms: int | None, waiting: str) -> None:
    tx.run(
        "UPDATE messages SET due_ms = ?, waiting = ? WHERE id = ? AND status = 'unknown'",
        (due_ms, waiting, message_id),
    )


def _due_one(tx: Tx, now_ms: int, row: Sequence[Any]) -> Outgoing | None:
    found = tx.readable("messages", outgoing_of, (row,))
    if not found:
        fail_unreadable(tx, now_ms, row[0])
    return found[0] if found else None


def fail_unreadable(tx: Tx, now_ms: int, message_id: int) -> bool:
    """End an outbound message whose row cannot be decoded, so that it can never be sent; False when it can be."""
    row = tx.one(f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ? AND direction = 'outbound'", (message_id,))
    if row is None or tx.readable("messages", outgoing_of, (row,)):
        return False
    error = MessageError("internal_error", "the row of the message in the database cannot be decoded")
    changed = tx.run(
        "UPDATE messages SET status = 'failed', due_ms = NULL, waiting = NULL, error = ? "
        f"WHERE id = ? AND {may_become(Status.FAILED)}",
        (error.dumps(), message_id),
    )
    if changed:
        tx.event(now_ms, MessageFailed(error=error), message_id)
    return bool(changed)


#: Time after the end of a message's validity in which its status report may still come.
REPORT_MARGIN_MS = 86_400_000
#: Interval of the check if a resent message has provided evidence for others with unknown outcome.
PROBE_MS = 3000
#: Their maximum wait for it after the grace time: perhaps no modem becomes ready to take it.
PROBE_LIMIT_MS = 60_000
#: The error of what the gateway's end left in doubt.
INTERRUPTED = "interrupted"
#: Why a message in doubt is left to a person.
HELD = "on hold: outcome unknown. Decide with `gsmgw resolve ID`"
REPEATED = "on hold: sent twice and never confirmed by the modem. Decide with `gsmgw resolve ID`"
BEHIND_PROBE = "waiting for its modem, or for another message on the same SIM, whose reference number will tell"


def _probes(tx: Tx, now_ms: int) -> frozenset[int]:
    """Of the unknown messages that are due, the one of each SIM that is to be sent again first.

    It is the one that was handed over last: the least likely to have gone, and the reference that it gets tells about
    all the others.
    """
    rows = tx.all(
        "SELECT s.message_id, max(s.claim) FROM segments s JOIN messages m ON m.id = s.message_id "
        f"WHERE {of('s', IN_DOUBT)} AND m.status = 'unknown' "
        "AND m.due_ms <= ? AND m.on_unknown = 'resend' AND m.repeats = 0 "
        "GROUP BY s.sim",
        (now_ms,),
    )
    return frozenset(row[0] for row in rows)


def _may_be_told(tx: Tx, now_ms: int, message_id: int, returning: Collection[str]) -> bool:
    """Return True while something may soon tell whether a message with unknown outcome has gone.

    Either its modem is being brought back: it may have a report, a copy or a record. Or its SIM may get a reference: a
    segment is being sent through it, or any message waits for a modem, be it one that is sent again without evidence.
    A reference tells about segments that were handed over after the last known one.
    """
    unknown = tx.one(
        "SELECT at_ms, json_extract(data, '$.until_ms') FROM events WHERE message_id = ? AND type = 'message.unknown' "
        "ORDER BY id DESC LIMIT 1",
        (message_id,),
    )
    if unknown is None or not unknown[0] <= now_ms < unknown[1] + PROBE_LIMIT_MS:
        return False
    segments = tx.all(
        "SELECT sim, modem, claim > coalesce((SELECT k.claim FROM sims k WHERE k.sim = segments.sim), -1) "
        "FROM segments WHERE message_id = ? AND status = 'unknown'",
        (message_id,),
    )
    if any(modem in returning for _, modem, _ in segments):
        return True
    sims = {sim for sim, _, is_later in segments if is_later}
    if not sims:
        return False
    if tx.one("SELECT 1 FROM messages WHERE status = 'queued' AND due_ms IS NULL LIMIT 1"):
        return True
    return any(tx.one(f"SELECT 1 FROM segments WHERE {SENDING} AND sim = ?", (sim,)) for sim in sims)


def settle_unknown(tx: Tx, now_ms: int, message_id: int, *, resend: bool) -> bool:
    """Decide about an unknown message: send its doubtful segments again, or take them as sent."""
    if not tx.one("SELECT 1 FROM messages WHERE id = ? AND status = 'unknown'", (message_id,)):
        return False
    if resend:
        tx.run(
            "UPDATE segments SET status = 'queued', report_due = 0 WHERE message_id = ? AND status = 'unknown'",
            (message_id,),
        )
        # A message that is unknown because the gateway stopped does not count as an unconfirmed one.
        tx.run(
            "UPDATE messages SET repeats = repeats + 1 "
            "WHERE id = ? AND status = 'unknown' AND coalesce(json_extract(error, '$.code'), '') <> ?",
            (message_id, INTERRUPTED),
        )
    else:
        taken = tx.all(
            "UPDATE segments SET status = 'sent', sent_ms = sending_ms WHERE message_id = ? AND status = 'unknown' "
            "RETURNING seq",
            (message_id,),
        )
        note_sent(tx, now_ms, message_id, [seq for (seq,) in taken])
    tx.event(now_ms, MessageSettled(decision="resend" if resend else "sent"), message_id)
    roll_up(tx, now_ms, message_id)
    return True


def expire(tx: Tx, now_ms: int, limit: int = 500) -> list[int]:
    """End messages whose validity is over; their ids."""
    rows = tx.all(
        "SELECT id, peer, client_ref FROM messages WHERE expires_ms <= ? AND expires_ms IS NOT NULL "
        f"AND {WAITING} ORDER BY expires_ms LIMIT ?",
        (now_ms, limit),
    )
    error = MessageError("expired", "the validity ended before the message could be sent")
    for message_id, peer, client_ref in rows:
        tx.run(
            "UPDATE messages SET status = 'expired', due_ms = NULL, waiting = NULL, error = ? "
            f"WHERE id = ? AND {may_become(Status.EXPIRED)}",
            (error.dumps(), message_id),
        )
        tx.event(now_ms, MessageExpired(to=peer, client_ref=client_ref, error=error), message_id)
    return [row[0] for row in rows]


def miss_reports(tx: Tx, now_ms: int, limit: int = 500) -> int:
    """Note which messages are sent and got no status report, though their validity ended a day ago; how many.

    The network gives a message up when its validity (TP-VP) ends, and says so in a report. One that comes still later
    counts all the same.
    """
    rows = tx.all(
        "SELECT id, modem, peer, client_ref FROM messages WHERE status = 'sent' AND report = 1 AND report_missing = 0 "
        "AND expires_ms <= ? ORDER BY expires_ms LIMIT ?",
        (now_ms - REPORT_MARGIN_MS, limit),
    )
    for message_id, modem, peer, client_ref in rows:
        tx.run("UPDATE messages SET report_missing = 1 WHERE id = ? AND status = 'sent'", (message_id,))
        tx.event(now_ms, MessageReportMissing(to=peer, client_ref=client_ref), message_id, modem)
    return len(rows)


def cancel(tx: Tx, now_ms: int, message_id: int) -> bool:
    """Take a message back that has not begun to leave; False when it is too late."""
    changed = tx.run(
        "UPDATE messages SET status = 'canceled', due_ms = NULL, waiting = NULL "
        f"WHERE id = ? AND {may_become(Status.CANCELED)} "
        "AND NOT EXISTS (SELECT 1 FROM segments WHERE message_id = messages.id AND status NOT IN ('queued', 'failed'))",
        (message_id,),
    )
    if changed:
        tx.event(now_ms, MessageCanceled(), message_id)
    return bool(changed)


def retry(tx: Tx, now_ms: int, message_id: int, expires_ms: int | None) -> Outgoing | None:
    """Queue a finished message again; None if its state does not allow it. Sent segments are not sent again."""
    changed = tx.run(
        "UPDATE messages SET status = 'queued', due_ms = NULL, waiting = NULL, error = NULL, attempts = 0, "
        "refusals = NULL, repeats = 0, expires_ms = ? "
        f"WHERE id = ? AND {one_of(RETRYABLE)} AND (text <> '' OR data IS NOT NULL)",  # its text may be erased
        (expires_ms, message_id),
    )
    if not changed:
        return None
    tx.run(
        "UPDATE segments SET status = 'queued', report_due = 0 "
        f"WHERE message_id = ? AND {one_of((SegmentStatus.FAILED, SegmentStatus.UNDELIVERED))}",
        (message_id,),
    )
    tx.event(now_ms, MessageQueued(reason="retry"), message_id)
    row = tx.one(f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ?", (message_id,))
    return _due_one(tx, now_ms, row)


def hurry(tx: Tx, now_ms: int, message_id: int) -> Outgoing | None:
    """End the pause of a deferred message: it is queued at once. None if it is not a deferred one."""
    changed = tx.run(
        f"UPDATE messages SET due_ms = NULL, waiting = NULL WHERE id = ? AND {WAITING} AND status = 'queued' "
        "AND due_ms IS NOT NULL",
        (message_id,),
    )
    if not changed:
        return None
    tx.event(now_ms, MessageQueued(reason="retry"), message_id)
    row = tx.one(f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ?", (message_id,))
    return _due_one(tx, now_ms, row)


def recover(tx: Tx, now_ms: int, grace_ms: int) -> tuple[int, int]:
    """After a start: what was being handed over when the process ended is unknown, the rest of it goes back.

    Returns how many messages became unknown and how many went back to the queue.
    """
    error = MessageError(INTERRUPTED, "the gateway stopped before the modem had confirmed it")
    sims = tx.all(f"SELECT sim, min(sending_ms), max(claim) FROM segments WHERE {SENDING} GROUP BY sim")
    # Identifies an interruption of a SIM. A time would not do: a clock may stand still or be set back.
    interruption = max((claim for _, _, claim in sims), default=None)
    unknown = tx.all(
        "SELECT DISTINCT s.message_id, m.report FROM segments s JOIN messages m ON m.id = s.message_id "
        f"WHERE {of('s', SENDING)}"
    )
    for message_id, report in unknown:
        tx.run(
            "UPDATE segments SET status = 'unknown', doubt = ?, error = ?, report_due = ? "
            "WHERE message_id = ? AND status = 'sending'",
            (interruption, error.title, report, message_id),
        )
        become_unknown(tx, now_ms, message_id, error=error, due_ms=now_ms + grace_ms)
    for sim, since_ms, _ in sims:  # a report that came in the moment before the end found nothing in doubt yet
        look_again(tx, now_ms, sim, since_ms)
    back = tx.all(  # what a node of the fleet has is not here
        f"SELECT id FROM messages WHERE {OPEN} AND status = 'sending' "
        "AND NOT EXISTS (SELECT 1 FROM fleet_jobs WHERE message_id = messages.id AND open = 1)"
    )
    for (message_id,) in back:
        requeue(tx, now_ms, message_id, error=None, due_ms=None, waiting=None, charged=False, route=None)
    return len(unknown), len(back)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A message that a user resolved; ``queued`` is set if it waits for a modem again."""

    queued: Outgoing | None


def resolve(tx: Tx, now_ms: int, message_id: int, *, resend: bool) -> Resolved | None:
    """Settle an unknown message as a person decided; None when it is not unknown."""
    if not settle_unknown(tx, now_ms, message_id, resend=resend):
        return None
    row = tx.one(f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ? AND status = 'queued'", (message_id,))
    return Resolved(None if row is None else _due_one(tx, now_ms, row))
