"""Reading consent: opt-outs, suspicions, and the trail of a number."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gsmgw.model import ConsentAction, ConsentState
from gsmgw.store.consent import on, person_of, secret_of
from gsmgw.store.unreadable import readable

#: Entries of a trail that are shown, the latest ones.
TRAIL_MAX = 500


@dataclass(frozen=True, slots=True)
class OptOut:
    """An opt-out. ``number`` is None where the person was erased."""

    id: int
    number: str | None
    list: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ListStanding:
    """The present consent of a number to a list."""

    list: str
    state: ConsentState | None
    changed_ms: int | None
    suspected_ms: int | None
    asked_ms: int | None


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One change of consent."""

    at_ms: int
    list: str
    action: ConsentAction
    state: ConsentState | None
    source: str
    keyword: str | None
    text: str | None
    reason: str | None
    message_id: int | None


@dataclass(frozen=True, slots=True)
class Person:
    """The consent of a number: present, and how it came about, oldest first."""

    number: str
    standings: tuple[ListStanding, ...]
    trail: tuple[TrailEntry, ...]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A text that may be an opt-out, and that a person decides about."""

    id: int
    number: str | None
    at_ms: int
    keyword: str | None
    text: str | None
    message_id: int | None


def optouts(db: sqlite3.Connection, name: str | None, before: int | None, limit: int) -> list[OptOut]:
    """Return opt-outs, newest number first; of one list, where a name is given."""
    narrowed = "" if name is None else "AND list = ? "
    given = (*(() if name is None else (name,)), 2**63 - 1 if before is None else before, limit)
    rows = db.execute(
        "SELECT id, number, list, changed_ms FROM consent WHERE state = 'out' "
        f"{narrowed}AND id < ? ORDER BY id DESC LIMIT ?",
        given,
    )
    return readable(db, "consent", lambda row: OptOut(*row), rows)


def suspicions(db: sqlite3.Connection, before: int | None, limit: int) -> list[Suspicion]:
    """Return what a person has to decide, newest number first."""
    rows = db.execute(
        "SELECT c.id, c.number, c.suspected_ms, t.keyword, t.text, t.message_id FROM consent c "
        "LEFT JOIN consent_trail t ON t.id = (SELECT max(id) FROM consent_trail "
        "WHERE person = c.person AND action = 'suspected') "
        "WHERE c.suspected_ms IS NOT NULL AND c.id < ? ORDER BY c.id DESC LIMIT ?",
        (2**63 - 1 if before is None else before, limit),
    )
    return readable(db, "consent", lambda row: Suspicion(*row), rows)


def person(db: sqlite3.Connection, number: str) -> Person:
    """Return the consent of a number. One that has said nothing has neither standings nor a trail."""
    who = person_of(secret_of(on(db)), number)
    standings = db.execute(
        "SELECT list, state, changed_ms, suspected_ms, asked_ms FROM consent WHERE person = ? ORDER BY list", (who,)
    )
    trail = db.execute(
        "SELECT at_ms, list, action, state, source, keyword, text, reason, message_id, id FROM consent_trail "
        "WHERE person = ? ORDER BY id DESC LIMIT ?",
        (who, TRAIL_MAX),
    )
    return Person(
        number,
        tuple(readable(db, "consent", _standing_of, standings)),
        tuple(readable(db, "consent_trail", _entry_of, trail, -1))[::-1],
    )


def _standing_of(row: Sequence[Any]) -> ListStanding:
    name, state, *times = row
    return ListStanding(name, None if state is None else ConsentState(state), *times)


def _entry_of(row: Sequence[Any]) -> TrailEntry:
    at_ms, name, action, state, *others, _ = row
    return TrailEntry(at_ms, name, ConsentAction(action), None if state is None else ConsentState(state), *others)
