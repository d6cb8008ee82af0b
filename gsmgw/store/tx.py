"""A transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, islice
from typing import Any, TypeVar

from pydantic_core import to_json

from gsmgw.model import Event, EventData, EventType
from gsmgw.model.events import Json
from gsmgw.store.unreadable import is_odd_text, note, readable

T = TypeVar("T")

#: Of an event of a message: its type, the message, its data.
_Row = tuple[EventType, int, dict[str, Json]]

_INSERT_EVENT = "INSERT INTO events (at_ms, type, message_id, modem, data) VALUES (?, ?, ?, ?, ?)"
_INSERT_NUMBERED = "INSERT INTO events (id, at_ms, type, message_id, data)"
#: Rows that one statement inserts: more at once gain nothing, and each by itself costs half as much again.
ROWS = 50


#: Result codes of SQLite that concern the whole database, not the statement: they pass, or a person ends them
#: (sqlite.org/rescode.html). All others will be the same for the same statement.
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


def is_passing(exc: BaseException) -> bool:
    """Return True if an SQLite exception concerns the database as a whole and not the statement."""
    return isinstance(exc, sqlite3.Error) and getattr(exc, "sqlite_errorcode", -1) & 0xFF in _PASSING


class Rejected(Exception):
    """The block of a savepoint failed because of its data and was rolled back. ``cause`` is the reason."""

    def __init__(self, cause: Exception) -> None:
        self.cause = cause
        super().__init__(f"{type(cause).__name__}: {cause}")


@lru_cache(maxsize=16)
def _inserting(into: str, columns: int, rows: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"{into} VALUES {', '.join([row] * rows)}"


def as_json(values: Iterable[str] | Iterable[int]) -> str:
    """Many values as one parameter, for ``json_each``. A NUL would end a value (SQLite's JSON functions)."""
    return to_json(list(values)).decode()


def _event_text(data: dict[str, Json]) -> str:
    """Return the data of an event as JSON. Values that are not valid in JSON are replaced, in ``data`` as well."""
    try:
        return to_json(data).decode()
    except ValueError:  # of a damaged row; the step that the event tells of is not to fail with it
        text = json.dumps(data, default=repr)
        data.update(json.loads(text))
        return text


class Tx:
    """Statements of one transaction, and the events that become visible when it commits."""

    __slots__ = ("_db", "events")

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.events: list[Event] = []

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo the block's statements and events when it raises; the transaction itself goes on.

        Raises :class:`Rejected` where the content of the block is at fault: any exception but one of a database that
        cannot write or read at the moment, which is raised as it is and ends the transaction.
        """
        recorded = len(self.events)
        self._db.execute("SAVEPOINT block")
        try:
            yield
        except Exception as exc:
            if self._db.in_transaction:  # SQLite itself rolls back on a full disk
                self._db.execute("ROLLBACK TO block")
                self._db.execute("RELEASE block")
            del self.events[recorded:]
            if is_passing(exc) or is_odd_text(exc):
                raise
            raise Rejected(exc) from exc
        self._db.execute("RELEASE block")

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute a statement and return how many rows it changed."""
        return self._db.execute(sql, values).rowcount

    def readable(self, table: str, decode: Callable[[Any], T], rows: Iterable[Any], key: int = 0) -> list[T]:
        """Decode rows and leave out those that cannot be, which are reported."""
        return readable(self._db, table, decode, rows, key)

    def note_unreadable(self, table: str, key: object, cause: Exception) -> None:
        """Report a row that could not be decoded."""
        note(self._db, table, key, cause)

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each row."""
        self._db.executemany(sql, rows)

    def insert_many(self, into: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows, many at a time. ``into`` is the statement up to its VALUES."""
        coming = iter(rows)
        while lot := list(islice(coming, ROWS)):
            columns = len(lot[0])
            if len(lot) == ROWS:
                self._db.execute(_inserting(into, columns, ROWS), list(chain.from_iterable(lot)))
            else:  # not a statement for each number of them: each is kept, compiled
                self._db.executemany(_inserting(into, columns, 1), lot)

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Return the first row as a tuple, or None."""
        return self._db.execute(sql, values).fetchone()

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return all rows as tuples."""
        return self._db.execute(sql, values).fetchall()

    def insert(self, sql: str, values: Sequence[Any]) -> int:
        """Execute an INSERT and return the row's id."""
        return int(self._db.execute(sql, values).lastrowid or 0)

    def add_events(self, at_ms: int, rows: Iterable[_Row]) -> None:
        """Add a row for each of many messages to the event log.

        The first one is numbered by the database, the others by it: that spares a statement for each.
        """
        others = iter(rows)
        for type, message_id, data in others:
            self.event_of(at_ms, type, message_id, None, data)
            self.insert_many(_INSERT_NUMBERED, self._numbered(at_ms, self.events[-1].id + 1, others))

    def _numbered(self, at_ms: int, first: int, rows: Iterable[_Row]) -> Iterator[tuple[Any, ...]]:
        for number, (type, message_id, data) in enumerate(rows, first):
            self.events.append(Event(number, at_ms, type, message_id, None, data))
            yield number, at_ms, type.value, message_id, _event_text(data)

    def event(self, at_ms: int, data: EventData, message_id: int | None = None, modem: str | None = None) -> None:
        """Add a row to the event log."""
        self.event_of(at_ms, data.type, message_id, modem, data.as_json())

    def event_of(
        self, at_ms: int, type: EventType, message_id: int | None, modem: str | None, data: dict[str, Json]
    ) -> None:
        """Add a row to the event log whose data is an object already."""
        values = (at_ms, type.value, message_id, modem, _event_text(data) if data else "{}")
        number = int(self._db.execute(_INSERT_EVENT, values).lastrowid or 0)
        self.events.append(Event(number, at_ms, type, message_id, modem, data))
