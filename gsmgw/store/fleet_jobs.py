"""The jobs of a hub: which node has which message, and what becomes of it there.

A message that a node has is ``sending`` at the hub: it is, or is about to be, with a modem. Its job says which node has
it. The name of a job is the message's ID and the number of the attempt; a node takes each job once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gsmgw.digits import is_digits
from gsmgw.model import MessageError, Outgoing, Status, format_id, parse_id
from gsmgw.model.campaigns import CampaignState
from gsmgw.model.events import MessageSending, MessageSettled, MessageUnknown
from gsmgw.store import campaign_recipients, campaigns, idempotency, outbox
from gsmgw.store.consent import blocked
from gsmgw.store.consent_changes import Enforced, enforce
from gsmgw.store.rows import OUTGOING_COLUMNS, outgoing_of
from gsmgw.store.states import may_become
from gsmgw.store.tx import Tx, as_json

#: Error code of a message that another node sends, though the first may have sent it.
MOVED = "moved"


class JobName(NamedTuple):
    """A message and the number of its assignment."""

    message_id: int
    attempt: int

    def __str__(self) -> str:
        return f"{format_id(self.message_id)}.{self.attempt}"

    @classmethod
    def parse(cls, text: str) -> JobName:
        """Read what ``str`` wrote. Raises :class:`ValueError`."""
        message, dot, attempt = text.partition(".")
        if not dot or not is_digits(attempt):
            raise ValueError(f"{text[:60]!r} is not the name of a job")
        number = parse_id(message)
        if number is None:
            raise ValueError(f"{text[:60]!r} is not the name of a job")
        return cls(number, int(attempt))


@dataclass(frozen=True, slots=True)
class Job:
    """A message that a node has, as the hub knows it."""

    name: JobName
    node: str
    modem: str
    message: Outgoing
    assigned_ms: int
    begun: bool


@dataclass(slots=True)
class Assigned:
    """The effect of an assignment: jobs, and what the queue has to be told of messages that may not go."""

    jobs: list[Job]
    enforced: list[Enforced]


def assign(tx: Tx, now_ms: int, node: str, modem: str, messages: Sequence[Outgoing]) -> Assigned:
    """Give messages to a node. Those that were taken back meanwhile are left out; opt-outs are enforced."""
    stopped = blocked(tx.all, messages)
    result = Assigned([], [])
    for place, message in enumerate(messages):
        if place in stopped:
            result.enforced.append(enforce(tx, now_ms, message))
            continue
        changed = tx.run(
            "UPDATE messages SET status = 'sending', modem = ?, attempts = attempts + 1, due_ms = NULL, waiting = NULL "
            f"WHERE id = ? AND {may_become(Status.SENDING)}",
            (modem, message.id),
        )
        if not changed:
            continue
        (attempt,) = tx.one(
            "INSERT INTO fleet_jobs (message_id, node, attempt, assigned_ms) VALUES (?, ?, 1, ?) "
            "ON CONFLICT (message_id) DO UPDATE SET node = excluded.node, attempt = attempt + 1, "
            "assigned_ms = excluded.assigned_ms, published = 0, begun = 0, open = 1, wanted = NULL RETURNING attempt",
            (message.id, node, now_ms),
        )
        tx.event(now_ms, MessageSending(to=message.to, client_ref=message.client_ref), message.id, modem)
        result.jobs.append(Job(JobName(message.id, attempt), node, modem, message, now_ms, begun=False))
    return result


def note_published(tx: Tx, names: Iterable[JobName]) -> None:
    """Record that the NATS server has these jobs."""
    tx.run_many("UPDATE fleet_jobs SET published = 1 WHERE message_id = ? AND attempt = ?", list(names))


def note_node(tx: Tx, name: JobName, node: str, modem: str) -> None:
    """Record that another node has had a job all along: its assignment is in a backup that is not this one."""
    tx.run(
        "UPDATE fleet_jobs SET node = ?, published = 1 WHERE message_id = ? AND attempt = ?",
        (node, name.message_id, name.attempt),
    )
    tx.run("UPDATE messages SET modem = ? WHERE id = ? AND status = 'sending'", (modem, name.message_id))


def note_wanted(tx: Tx, names: Iterable[JobName], wanted: str) -> None:
    """Record what a node is asked for."""
    tx.run_many(
        "UPDATE fleet_jobs SET wanted = ? WHERE message_id = ? AND attempt = ? AND open = 1",
        [(wanted, *name) for name in names],
    )


#: A job, and its message as the queue sees it.
_JOB = f"attempt, node, modem, assigned_ms, begun, {OUTGOING_COLUMNS}"


def open_jobs(
    db: sqlite3.Connection,
    node: str | None = None,
    *,
    published: bool | None = None,
    begun: bool | None = None,
    expired_ms: int | None = None,
) -> list[Job]:
    """Return the jobs that nodes are not done with, oldest message first; those of one node, in these states.

    ``expired_ms`` narrows them to messages whose validity is over at that moment.
    """
    conditions, values = ["open = 1"], list[object]()
    for column, value in (("node", node), ("published", published), ("begun", begun)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if expired_ms is not None:
        conditions.append("expires_ms <= ?")
        values.append(expired_ms)
    rows = db.execute(
        f"SELECT {_JOB} FROM fleet_jobs JOIN messages ON id = message_id "
        f"WHERE {' AND '.join(conditions)} ORDER BY message_id",
        values,
    )
    found = []
    for attempt, its_node, modem, assigned_ms, is_begun, *row in rows:
        message = outgoing_of(row)
        found.append(
            Job(JobName(message.id, attempt), its_node, modem or its_node, message, assigned_ms, bool(is_begun))
        )
    return found


def held_by_campaign(tx: Tx, now_ms: int, message: Outgoing) -> bool:
    """Take a message back that came from a node while its campaign is paused or canceled. Return True if it was."""
    row = tx.one("SELECT campaign FROM messages WHERE id = ?", (message.id,))
    campaign_id = None if row is None or row[0] is None else parse_id(row[0])
    campaign = None if campaign_id is None else campaigns.load(tx, campaign_id)
    if campaign is None or campaign.state not in (CampaignState.PAUSED, CampaignState.CANCELED):
        return False
    campaign_recipients.take_back(tx, now_ms, campaign.id)
    if campaign.state is CampaignState.CANCELED:
        campaign_recipients.skip_waiting(tx, campaign.id)
    return True


def job_of(db: sqlite3.Connection, message_id: int) -> tuple[JobName, str] | None:
    """Return the open job of a message, and its node; None if no node has it."""
    row = db.execute("SELECT attempt, node FROM fleet_jobs WHERE message_id = ? AND open = 1", (message_id,)).fetchone()
    return None if row is None else (JobName(message_id, row[0]), str(row[1]))


def jobs_of_campaign(db: sqlite3.Connection, campaign: str) -> list[tuple[JobName, str]]:
    """Return the open jobs of a campaign that have not begun, each with its node."""
    rows = db.execute(
        "SELECT j.message_id, j.attempt, j.node FROM fleet_jobs j JOIN messages m ON m.id = j.message_id "
        "WHERE j.open = 1 AND j.begun = 0 AND m.campaign = ?",
        (campaign,),
    )
    return [(JobName(message_id, attempt), node) for message_id, attempt, node in rows]


def counts(db: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Return for each node how many open jobs it has, and how many of them have begun."""
    rows = db.execute("SELECT node, count(*), sum(begun) FROM fleet_jobs WHERE open = 1 GROUP BY node")
    return {node: (total, begun) for node, total, begun in rows}


def known_jobs(db: sqlite3.Connection, owner: int, names: Collection[str]) -> dict[str, int]:
    """Return the messages that a node has made of jobs, by the names of the jobs."""
    keys = {idempotency.ref_of(owner, name): name for name in names}
    rows = db.execute(
        "SELECT key, answer FROM idempotency WHERE key IN (SELECT value FROM json_each(?))", (as_json(keys),)
    )
    return {keys[key]: int(answer) for key, answer in rows}


def requeued(tx: Tx, now_ms: int, message_id: int) -> Outgoing | None:
    """Put a message back into the queue that its node has certainly not begun; None if it is not with a node."""
    outbox.requeue(tx, now_ms, message_id, error=None, due_ms=None, waiting=None, charged=False, route=None)
    row = tx.one(f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ? AND status = 'queued'", (message_id,))
    found = [] if row is None else tx.readable("messages", outgoing_of, (row,))
    return found[0] if found else None


def take_back(tx: Tx, now_ms: int, name: JobName) -> Outgoing | None:
    """Take back a job that its node will certainly not begin; None if the hub knows otherwise by now."""
    closed = tx.run(
        "UPDATE fleet_jobs SET open = 0, wanted = NULL WHERE message_id = ? AND attempt = ? AND open = 1", name
    )
    return requeued(tx, now_ms, name.message_id) if closed else None


def move(tx: Tx, now_ms: int, name: JobName) -> Outgoing | None:
    """Let another node send a message that its node may have sent: its history says ``unknown``."""
    closed = tx.run(
        "UPDATE fleet_jobs SET open = 0, wanted = NULL WHERE message_id = ? AND attempt = ? AND open = 1", name
    )
    row = tx.one("SELECT node FROM fleet_jobs WHERE message_id = ?", (name.message_id,))
    if not closed or row is None:
        return None
    error = MessageError(MOVED, f"the node {row[0]} is silent and may have sent it")
    tx.run(
        "UPDATE messages SET status = 'unknown', error = ? "
        f"WHERE id = ? AND status = 'sending' AND {may_become(Status.UNKNOWN)}",
        (error.dumps(), name.message_id),
    )
    tx.event(now_ms, MessageUnknown(error, now_ms), name.message_id)
    tx.event(now_ms, MessageSettled(decision="resend"), name.message_id)
    tx.run(
        "UPDATE messages SET status = 'queued', due_ms = NULL, waiting = NULL, repeats = repeats + 1 "
        f"WHERE id = ? AND status = 'unknown' AND {may_become(Status.QUEUED)}",
        (name.message_id,),
    )
    row = tx.one(f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ? AND status = 'queued'", (name.message_id,))
    found = [] if row is None else tx.readable("messages", outgoing_of, (row,))
    return found[0] if found else None


def adopt(tx: Tx, now_ms: int, node: str, modem: str, name: JobName, message: Outgoing) -> bool:
    """Take up a message that this database does not know: it was accepted after the backup that was restored."""
    if tx.one("SELECT 1 FROM messages WHERE id = ?", (name.message_id,)) is not None:
        return False
    outbox.accept(tx, now_ms, [message._replace(send_at_ms=None)])
    tx.run("UPDATE messages SET status = 'sending', modem = ? WHERE id = ?", (modem, message.id))
    tx.run(
        "INSERT INTO fleet_jobs (message_id, node, attempt, assigned_ms, published) VALUES (?, ?, ?, ?, 1) "
        "ON CONFLICT (message_id) DO NOTHING",
        (message.id, node, name.attempt, now_ms),
    )
    tx.event(now_ms, MessageSending(to=message.to, client_ref=message.client_ref), message.id, modem)
    return True


def was_assigned(tx: Tx, now_ms: int, node: str, modem: str, name: JobName) -> bool:
    """Note an assignment that this database does not know, of a message that it has: the backup is older.

    Return True if the message was waiting, so that the queue must be told.
    """
    row = tx.one("SELECT attempt FROM fleet_jobs WHERE message_id = ?", (name.message_id,))
    if row is not None and row[0] >= name.attempt:
        return False
    changed = tx.run(
        "UPDATE messages SET status = 'sending', modem = ?, due_ms = NULL, waiting = NULL "
        f"WHERE id = ? AND {may_become(Status.SENDING)}",
        (modem, name.message_id),
    )
    if not changed:
        return False
    tx.run(
        "INSERT INTO fleet_jobs (message_id, node, attempt, assigned_ms, published) VALUES (?, ?, ?, ?, 1) "
        "ON CONFLICT (message_id) DO UPDATE SET node = excluded.node, attempt = excluded.attempt, "
        "assigned_ms = excluded.assigned_ms, published = 1, begun = 0, open = 1, wanted = NULL",
        (name.message_id, node, name.attempt, now_ms),
    )
    peer, ref = tx.one("SELECT peer, client_ref FROM messages WHERE id = ?", (name.message_id,))
    tx.event(now_ms, MessageSending(to=peer, client_ref=ref), name.message_id, modem)
    return True
