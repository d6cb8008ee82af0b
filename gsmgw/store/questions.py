"""Open questions, and the messages that ask them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from gsmgw.model.events import Json, QuestionAsked, QuestionClosed
from gsmgw.model.questions import Ask, Closed, OpenQuestion
from gsmgw.store.tx import Tx, as_json
from gsmgw.store.unreadable import check, kinds, readable

HOUR_MS = 3_600_000
_COLUMNS = "number, ask, message_id, asked_ms, until_ms, unreadable"
_KINDS = kinds(_COLUMNS, integers="message_id asked_ms until_ms unreadable")


def ask_json(ask: Ask) -> dict[str, Json]:
    """Return what a message asks as JSON."""
    return {"field": ask.field, "hours": ask.hours, "thanks": ask.thanks, "again": ask.again}


def ask_of(found: Mapping[str, Any] | None) -> Ask | None:
    """Return what :func:`ask_json` wrote."""
    return None if found is None else Ask(found["field"], found["hours"], found["thanks"], found["again"])


def _dumped(ask: Ask) -> str:
    return json.dumps(ask_json(ask), ensure_ascii=False)


def _ask(text: str) -> Ask:
    found: Mapping[str, Any] = json.loads(text)
    return Ask(found["field"], found["hours"], found["thanks"], found["again"])


def _question(row: Any) -> OpenQuestion:
    check(row, _KINDS)
    return OpenQuestion(row[0], _ask(row[1]), *row[2:])


# -- messages that ask --------------------------------------------------------------------------------------------


def note_asking(tx: Tx, message_id: int, ask: Ask) -> None:
    """Note that a message asks; its question is open once it is sent."""
    tx.run("INSERT INTO asking_messages VALUES (?, ?)", (message_id, _dumped(ask)))


def any_asking(db: sqlite3.Connection) -> bool:
    """Return True if a message asks that is not sent yet."""
    return db.execute("SELECT 1 FROM asking_messages LIMIT 1").fetchone() is not None


def asking(db: sqlite3.Connection, message_ids: list[int]) -> set[int]:
    """Return which of these messages ask."""
    rows = db.execute(
        "SELECT message_id FROM asking_messages WHERE message_id IN (SELECT value FROM json_each(?))",
        (as_json(message_ids),),
    )
    return {int(row[0]) for row in rows}


def forget_asking(tx: Tx, message_id: int) -> None:
    """Forget that a message asks: it has ended without being sent."""
    tx.run("DELETE FROM asking_messages WHERE message_id = ?", (message_id,))


# -- open questions -----------------------------------------------------------------------------------------------


def open_question(tx: Tx, now_ms: int, message_id: int) -> OpenQuestion | None:
    """Open the question of a message that is sent; it replaces an earlier one to the same number."""
    row = tx.one(
        "SELECT m.peer, a.ask FROM asking_messages a JOIN messages m ON m.id = a.message_id WHERE a.message_id = ? "
        "AND m.status IN ('sent', 'delivered')",
        (message_id,),
    )
    if row is None:
        return None
    number, ask = str(row[0]), _ask(row[1])
    forget_asking(tx, message_id)
    close(tx, now_ms, number, Closed.REPLACED)
    until_ms = now_ms + ask.hours * HOUR_MS
    tx.run(
        "INSERT INTO open_questions (number, ask, message_id, asked_ms, until_ms) VALUES (?, ?, ?, ?, ?)",
        (number, row[1], message_id, now_ms, until_ms),
    )
    tx.event(now_ms, QuestionAsked(number, ask.field, until_ms), message_id)
    return OpenQuestion(number, ask, message_id, now_ms, until_ms)


def load(tx: Tx, number: str) -> OpenQuestion | None:
    """Return the open question to a number, in a transaction."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM open_questions WHERE number = ?", (number,))
    return next(iter(tx.readable("open_questions", _question, rows)), None)


def get(db: sqlite3.Connection, number: str) -> OpenQuestion | None:
    """Return the open question to a number."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM open_questions WHERE number = ?", (number,))
    return next(iter(readable(db, "open_questions", _question, rows)), None)


def page(db: sqlite3.Connection, after: str, limit: int) -> list[OpenQuestion]:
    """Return open questions by number, after a number."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM open_questions WHERE number > ? ORDER BY number LIMIT ?", (after, limit))
    return readable(db, "open_questions", _question, rows)


def note_unreadable(tx: Tx, number: str) -> None:
    """Count an answer that could not be read."""
    tx.run("UPDATE open_questions SET unreadable = unreadable + 1 WHERE number = ?", (number,))


def answered(tx: Tx, number: str) -> None:
    """End a question that is answered."""
    tx.run("DELETE FROM open_questions WHERE number = ?", (number,))


def close(tx: Tx, now_ms: int, number: str, reason: Closed) -> bool:
    """End a question without an answer, with its event. Return False if there is none."""
    found = load(tx, number)
    if not tx.run("DELETE FROM open_questions WHERE number = ?", (number,)):
        return False
    if found is not None:
        tx.event(now_ms, QuestionClosed(number, found.ask.field, reason.value))
    return True


def expired(db: sqlite3.Connection, now_ms: int, limit: int) -> list[str]:
    """Return the numbers whose question can no longer be answered."""
    rows = db.execute(
        "SELECT number FROM open_questions WHERE until_ms <= ? ORDER BY until_ms LIMIT ?", (now_ms, limit)
    )
    return [str(row[0]) for row in rows]


def next_until(db: sqlite3.Connection) -> int | None:
    """Return when the next question expires."""
    row = db.execute("SELECT min(until_ms) FROM open_questions").fetchone()
    return None if row[0] is None else int(row[0])


def forget(tx: Tx, number: str) -> None:
    """Remove the question to a number."""
    tx.run("DELETE FROM open_questions WHERE number = ?", (number,))
