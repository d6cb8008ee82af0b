"""Changes of consent, each with its entry in the trail and its event, and their effect on what waits."""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.model import EVERYTHING, Block, ConsentAction, ConsentState, MessageError, Outgoing
from gsmgw.model.events import ConsentChanged, ConsentSuspected, MessageCanceled
from gsmgw.store.consent import blocked, person_of, secret_of, standings_of
from gsmgw.store.outbox import defer, fail, requeue
from gsmgw.store.rows import OUTGOING_COLUMNS, outgoing_of
from gsmgw.store.states import WAITING
from gsmgw.store.tx import Tx

#: The code of the error of a message that is not sent because of an opt-out.
OPTED_OUT = "opted_out"
_TITLE = "the recipient has opted out"
#: Why a marketing message waits for a person.
HELD = "on hold: the recipient may have opted out. Decide with `gsmgw optouts decide`"
#: Interval in which a message on hold is looked at again.
HOLD_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Change:
    """A change of consent, and where it comes from."""

    action: ConsentAction
    #: The state after it; None leaves it as it is.
    state: ConsentState | None
    source: str
    keyword: str | None = None
    text: str | None = None
    reason: str | None = None
    message_id: int | None = None


def change(tx: Tx, now_ms: int, number: str, name: str, what: Change) -> list[int]:
    """Write a change down, with its event; an opt-out cancels what waits for the number. Return what was canceled."""
    person = person_of(secret_of(tx.all), number)
    _row_for(tx, person, number, name)
    if what.state is not None:
        tx.run(
            "UPDATE consent SET state = ?, changed_ms = ?, suspected_ms = NULL, asked_ms = NULL "
            "WHERE person = ? AND list = ?",
            (what.state.value, now_ms, person, name),
        )
    _write_trail(tx, now_ms, person, number, name, what)
    if what.state is None:
        return []
    tx.event(
        now_ms,
        ConsentChanged(
            number=number, list=name, state=what.state, action=what.action, source=what.source, keyword=what.keyword
        ),
        what.message_id,
    )
    return cancel_blocked(tx, now_ms, number) if what.state is ConsentState.OUT else []


def suspect(tx: Tx, now_ms: int, number: str, what: Change) -> None:
    """Hold marketing to a number until a person decides."""
    person = person_of(secret_of(tx.all), number)
    _row_for(tx, person, number, EVERYTHING)
    tx.run(
        "UPDATE consent SET suspected_ms = ? WHERE person = ? AND list = ? AND suspected_ms IS NULL",
        (now_ms, person, EVERYTHING),
    )
    _write_trail(tx, now_ms, person, number, EVERYTHING, what)
    tx.event(now_ms, ConsentSuspected(number=number, keyword=what.keyword), what.message_id)


def dismiss(tx: Tx, now_ms: int, number: str, what: Change) -> bool:
    """End a suspicion: what was on hold goes. Return False if there is none."""
    person = person_of(secret_of(tx.all), number)
    ended = tx.run(
        "UPDATE consent SET suspected_ms = NULL WHERE person = ? AND list = ? AND suspected_ms IS NOT NULL",
        (person, EVERYTHING),
    )
    if ended:
        _write_trail(tx, now_ms, person, number, EVERYTHING, what)
        for message in _waiting_for(tx, number):
            tx.run(
                "UPDATE messages SET due_ms = ? WHERE id = ? AND status = 'queued' AND waiting = ?",
                (now_ms, message.id, HELD),
            )
    return bool(ended)


def ask(tx: Tx, now_ms: int, number: str, name: str, what: Change) -> None:
    """Note that the question of a double opt-in is sent."""
    person = person_of(secret_of(tx.all), number)
    _row_for(tx, person, number, name)
    tx.run("UPDATE consent SET asked_ms = ? WHERE person = ? AND list = ?", (now_ms, person, name))
    _write_trail(tx, now_ms, person, number, name, what)


def asked_list(tx: Tx, number: str, since_ms: int) -> str | None:
    """Return the list of the latest question that a number may still answer with yes."""
    person = person_of(secret_of(tx.all), number)
    row = tx.one(
        "SELECT list FROM consent WHERE person = ? AND asked_ms >= ? ORDER BY asked_ms DESC LIMIT 1", (person, since_ms)
    )
    return None if row is None else str(row[0])


def may_reply(tx: Tx, now_ms: int, number: str, name: str, kind: str, pause_ms: int) -> bool:
    """Return True, and note it, if no answer of a kind went to a number and list within ``pause_ms``."""
    person = person_of(secret_of(tx.all), number)
    return bool(
        tx.run(
            "INSERT INTO consent_replies (person, list, kind, at_ms) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (person, list, kind) DO UPDATE SET at_ms = excluded.at_ms WHERE at_ms <= ? OR at_ms > ?",
            (person, name, kind, now_ms, now_ms - pause_ms, now_ms),
        )
    )


def is_out(tx: Tx, number: str, name: str = EVERYTHING) -> bool:
    """Return True for a number that opted out of a list."""
    person = person_of(secret_of(tx.all), number)
    return bool(tx.one("SELECT 1 FROM consent WHERE person = ? AND list = ? AND state = 'out'", (person, name)))


def keep_stricter(tx: Tx, now_ms: int, kept: str, other: str) -> None:
    """Let a number have the opt-outs and the suspicion of another one, which is of the same person."""
    reason = f"merged with {other}"
    person = person_of(secret_of(tx.all), other)
    for name, standing in standings_of(tx.all, [person]).get(person, {}).items():
        if standing.state is ConsentState.OUT and not is_out(tx, kept, name):
            change(tx, now_ms, kept, name, Change(ConsentAction.MANUAL, ConsentState.OUT, "api", reason=reason))
        if standing.suspected and not is_out(tx, kept):
            suspect(tx, now_ms, kept, Change(ConsentAction.SUSPECTED, None, "api", reason=reason))


def erase(tx: Tx, now_ms: int, number: str, reason: str | None = None) -> bool:
    """Remove a number and its texts from the trail. Its present consent stays, under its HMAC."""
    person = person_of(secret_of(tx.all), number)
    if not tx.run("UPDATE consent SET number = NULL WHERE person = ?", (person,)):
        return False
    tx.run("UPDATE consent_trail SET number = NULL, text = NULL WHERE person = ?", (person,))
    _write_trail(tx, now_ms, person, None, EVERYTHING, Change(ConsentAction.ERASED, None, "api", reason=reason))
    return True


def _row_for(tx: Tx, person: str, number: str, name: str) -> None:
    """Make sure that a person has a row for a list, with the number: who was erased may write again."""
    tx.run(
        "INSERT INTO consent (list, person, number) VALUES (?, ?, ?) "
        "ON CONFLICT (person, list) DO UPDATE SET number = excluded.number WHERE number IS NULL",
        (name, person, number),
    )


def _write_trail(tx: Tx, now_ms: int, person: str, number: str | None, name: str, what: Change) -> None:
    tx.run(
        "INSERT INTO consent_trail (at_ms, list, person, number, action, state, source, keyword, text, reason, "
        "message_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            now_ms,
            name,
            person,
            number,
            what.action.value,
            None if what.state is None else what.state.value,
            what.source,
            what.keyword,
            what.text,
            what.reason,
            what.message_id,
        ),
    )


# -- what waits ---------------------------------------------------------------------------------------------------


def cancel_blocked(tx: Tx, now_ms: int, number: str) -> list[int]:
    """Cancel the messages to a number that wait and may not go; return them."""
    waiting = _waiting_for(tx, number)
    ended = [waiting[place] for place, block in blocked(tx.all, waiting).items() if block is Block.OPTED_OUT]
    for message in ended:
        end(tx, now_ms, message)
    return [message.id for message in ended]


@dataclass(frozen=True, slots=True)
class Enforced:
    """The effect of a block: the message is queued after all, or looked at again at a time, or has ended."""

    queued: Outgoing | None = None
    due_ms: int | None = None


def enforce(tx: Tx, now_ms: int, message: Outgoing) -> Enforced:
    """Apply a block that was found at the hand-over: end the message, or hold it."""
    block = blocked(tx.all, (message,)).get(0)
    if block is Block.OPTED_OUT:
        end(tx, now_ms, message)
        return Enforced()
    due_ms = None if block is None else now_ms + HOLD_MS
    waiting = None if block is None else HELD
    requeue(tx, now_ms, message.id, error=None, due_ms=due_ms, waiting=waiting, charged=False, route=None)
    if due_ms is not None and waiting is not None:
        defer(tx, now_ms, message.id, due_ms, waiting)
        return Enforced(due_ms=due_ms)
    row = tx.one(f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ? AND status = 'queued'", (message.id,))
    found = [] if row is None else tx.readable("messages", outgoing_of, (row,))
    return Enforced(queued=found[0] if found else None)


def end(tx: Tx, now_ms: int, message: Outgoing) -> None:
    """End a message whose recipient has opted out: canceled, or failed if a segment of it has gone."""
    error = MessageError(OPTED_OUT, _TITLE)
    canceled = tx.run(
        "UPDATE messages SET status = 'canceled', due_ms = NULL, waiting = NULL, error = ? "
        f"WHERE id = ? AND {WAITING} "
        "AND NOT EXISTS (SELECT 1 FROM segments WHERE message_id = messages.id AND status NOT IN ('queued', 'failed'))",
        (error.dumps(), message.id),
    )
    if canceled:
        tx.event(now_ms, MessageCanceled(to=message.to, client_ref=message.client_ref, cause=OPTED_OUT), message.id)
        return
    tx.run(
        "UPDATE segments SET status = 'failed', error = ? WHERE message_id = ? AND status = 'queued'",
        (_TITLE, message.id),
    )
    fail(tx, now_ms, message.id, None, error=error, to=message.to, client_ref=message.client_ref)


def _waiting_for(tx: Tx, number: str) -> list[Outgoing]:
    """Return the messages to a number that wait to be sent."""
    rows = tx.all(
        f"SELECT {OUTGOING_COLUMNS} FROM messages INDEXED BY messages_peer WHERE peer = ? AND {WAITING}", (number,)
    )
    return tx.readable("messages", outgoing_of, rows)
