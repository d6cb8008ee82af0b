"""Events from the nodes of a fleet: results of the hub's messages, and texts that nodes have received."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gsmgw.model import MessageError, Outgoing, Status
from gsmgw.model.events import (
    EventData,
    EventType,
    Json,
    MessageCanceled,
    MessageDeferred,
    MessageDelivered,
    MessageExpired,
    MessageFailed,
    MessageHeld,
    MessageSegmentSent,
    MessageSent,
    MessageSettled,
    MessageUndelivered,
    MessageUnknown,
)
from gsmgw.store.fleet_jobs import JobName, requeued
from gsmgw.store.ids import IdSource
from gsmgw.store.inbox import Received, add_message, complete_message
from gsmgw.store.states import may_become
from gsmgw.store.tx import Tx

#: The states in which nothing more is expected but a delivery report.
_DONE = frozenset({Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED})


class Outcome(NamedTuple):
    """An event of a node about one of its jobs. ``modem`` is the modem's full name, ``ulm/m0``."""

    node: str
    name: JobName
    type: str
    at_ms: int
    modem: str
    data: Mapping[str, Json]


@dataclass(slots=True)
class Applied:
    """Work for the hub after an event: the job is done with, or its message is back in the queue."""

    finished: int | None = None
    queued: Outgoing | None = None


class _Row(NamedTuple):
    status: Status
    to: str
    client_ref: str | None
    segments: int
    created_ms: int


def apply_outcome(tx: Tx, now_ms: int, outcome: Outcome) -> Applied:
    """Apply an event of a node about a job. One that is told twice, or of an earlier assignment, changes nothing."""
    message_id = outcome.name.message_id
    job = tx.one("SELECT attempt, node, wanted FROM fleet_jobs WHERE message_id = ?", (message_id,))
    row = tx.one("SELECT status, peer, client_ref, segments, created_ms FROM messages WHERE id = ?", (message_id,))
    if job is None or row is None or (job[0], job[1]) != (outcome.name.attempt, outcome.node):
        return Applied()
    message = _Row(Status(row[0]), *row[1:])
    step = _Step(tx, now_ms, outcome, message)
    finished = step.apply(wanted=job[2])
    if finished:
        tx.run("UPDATE fleet_jobs SET open = 0, wanted = NULL WHERE message_id = ?", (message_id,))
    return Applied(message_id if finished else None, step.queued)


class _Step:
    """One event of a node, applied to its message."""

    def __init__(self, tx: Tx, now_ms: int, outcome: Outcome, message: _Row) -> None:
        self._tx = tx
        self._now_ms = now_ms
        self._of = outcome
        self._message = message
        self.queued: Outgoing | None = None

    def apply(self, wanted: str | None) -> bool:
        """Apply it. Return True if the node is done with the message but for its delivery report."""
        data, tx, message = self._of.data, self._tx, self._message
        match self._of.type:
            case EventType.MESSAGE_SENDING:
                tx.run("UPDATE fleet_jobs SET begun = 1 WHERE message_id = ?", (self._id,))
                tx.run("UPDATE messages SET modem = ? WHERE id = ? AND status = 'sending'", (self._of.modem, self._id))
                return False
            case EventType.MESSAGE_SEGMENT_SENT:
                if message.status is Status.SENDING:
                    segment = data.get("segment")
                    self._tell(MessageSegmentSent(segment if isinstance(segment, int) else 1, message.segments))
                return False
            case EventType.MESSAGE_SENT:
                self._sent()
                return True
            case EventType.MESSAGE_DELIVERED:
                return self._delivered()
            case EventType.MESSAGE_UNDELIVERED:
                return self._undelivered(self._error("undelivered", "not delivered"))
            case EventType.MESSAGE_FAILED:
                error = self._error("failed", "the node could not send it")
                if self._become(Status.FAILED, "error = ?", error.dumps()):
                    self._tell(MessageFailed(to=message.to, client_ref=message.client_ref, error=error))
                return True
            case EventType.MESSAGE_UNKNOWN:
                error = self._error("unknown", "the node does not know whether it went")
                if self._become(Status.UNKNOWN, "error = ?", error.dumps()):
                    until_ms = data.get("until_ms")
                    self._tell(MessageUnknown(error, until_ms if isinstance(until_ms, int) else self._now_ms))
                return False
            case EventType.MESSAGE_HELD:
                self._tell(MessageHeld(f"on hold at the node {self._of.node}: decide there", 0))
                return False
            case EventType.MESSAGE_SETTLED:
                decision = data.get("decision")
                if message.status is Status.UNKNOWN and decision in ("resend", "sent"):
                    self._tell(MessageSettled(decision="resend" if decision == "resend" else "sent"))
                return False
            case EventType.MESSAGE_DEFERRED:
                waiting, until_ms = data.get("waiting"), data.get("until_ms")
                if isinstance(waiting, str) and isinstance(until_ms, int):
                    self._tell(MessageDeferred(waiting=waiting, until_ms=until_ms))
                return False
            case EventType.MESSAGE_EXPIRED:
                error = self._error("expired", "the validity ended before the message could be sent")
                if self._end(Status.EXPIRED, error):
                    self._tell(MessageExpired(to=message.to, client_ref=message.client_ref, error=error))
                return True
            case EventType.MESSAGE_CANCELED if wanted == "release":
                self.queued = requeued(tx, self._now_ms, self._id)
                return True
            case EventType.MESSAGE_CANCELED:
                error = self._error("canceled", f"it was canceled at the node {self._of.node}")
                cause = data.get("cause")
                if self._end(Status.CANCELED, error if cause is not None else None):
                    self._tell(
                        MessageCanceled(
                            to=message.to,
                            client_ref=message.client_ref,
                            cause=cause if isinstance(cause, str) else None,
                        )
                    )
                return True
        return False

    @property
    def _id(self) -> int:
        return self._of.name.message_id

    @property
    def _moment_ms(self) -> int:
        """When it happened: the node's clock may be wrong, and nothing happens before its message or after now."""
        return max(self._message.created_ms, min(self._of.at_ms, self._now_ms))

    def _tell(self, data: EventData) -> None:
        self._tx.event(self._now_ms, data, self._id, self._of.modem)

    def _error(self, code: str, title: str) -> MessageError:
        found = self._of.data.get("error")
        try:
            return MessageError.of_json(found) if isinstance(found, Mapping) else MessageError(code, title)
        except ValueError:
            return MessageError(code, title)

    def _become(self, status: Status, changes: str = "", *values: object) -> bool:
        changed = self._tx.run(
            f"UPDATE messages SET status = ?, modem = ?, due_ms = NULL, waiting = NULL{', ' * bool(changes)}{changes} "
            f"WHERE id = ? AND {may_become(status)}",
            (status.value, self._of.modem, *values, self._id),
        )
        return bool(changed)

    def _end(self, status: Status, error: MessageError | None) -> bool:
        """End a message of which nothing has gone: it is back in the queue for a moment, and then out of it."""
        self._tx.run("UPDATE messages SET status = 'queued' WHERE id = ? AND status = 'sending'", (self._id,))
        return self._become(status, "error = ?", None if error is None else error.dumps())

    def _sent(self) -> None:
        if self._become(Status.SENT, "sent_ms = ?, error = NULL", self._moment_ms):
            self._tell(MessageSent(self._message.to, self._message.client_ref, self._message.segments))

    def _note_gone(self) -> None:
        """Say that a message went whose report was told first."""
        if self._message.status not in _DONE:
            self._tell(MessageSent(self._message.to, self._message.client_ref, self._message.segments))

    def _delivered(self) -> bool:
        at_ms = self._moment_ms
        if self._become(
            Status.DELIVERED, "sent_ms = coalesce(sent_ms, ?), delivered_ms = ?, error = NULL", at_ms, at_ms
        ):
            self._note_gone()
            self._tell(MessageDelivered(to=self._message.to, client_ref=self._message.client_ref))
        return True

    def _undelivered(self, error: MessageError) -> bool:
        if self._become(
            Status.UNDELIVERED, "sent_ms = coalesce(sent_ms, ?), error = ?", self._moment_ms, error.dumps()
        ):
            self._note_gone()
            self._tell(MessageUndelivered(to=self._message.to, client_ref=self._message.client_ref, error=error))
        return True


def expire(tx: Tx, now_ms: int, name: JobName) -> None:
    """End a message whose validity is over before its node has taken it."""
    row = tx.one("SELECT node FROM fleet_jobs WHERE message_id = ? AND attempt = ? AND open = 1", name)
    if row is not None:
        error = MessageError("expired", f"the validity ended before the node {row[0]} had taken the message")
        data: dict[str, Json] = {"error": error.as_json()}
        modem = tx.one("SELECT modem FROM messages WHERE id = ?", (name.message_id,))[0]
        apply_outcome(tx, now_ms, Outcome(row[0], name, EventType.MESSAGE_EXPIRED, now_ms, modem, data))


def take_received(tx: Tx, now_ms: int, ids: IdSource, node: str, number: int, received: Received) -> int | None:
    """Store a text that a node has received; its id here, None if it was stored before or its parts came now."""
    row = tx.one("SELECT message_id FROM fleet_received WHERE node = ? AND id = ?", (node, number))
    if row is not None:
        known = tx.one("SELECT incomplete FROM messages WHERE id = ?", (row[0],))
        if known is not None and known[0]:
            complete_message(tx, now_ms, row[0], received, ())
        return None
    message_id = add_message(tx, now_ms, ids, received, ())
    tx.run("INSERT INTO fleet_received (node, id, message_id) VALUES (?, ?, ?)", (node, number, message_id))
    return message_id
