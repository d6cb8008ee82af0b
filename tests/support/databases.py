"""Databases for tests: small ones with messages in them, and ones of a former version."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from gsmgw.store import Store, Tx, cursors, messages, rollups, search
from gsmgw.store.migrations import apply_migrations, known_migrations


def make_database(path: Path, queued: int = 3, *, first_step: bool = False) -> Path:
    """A database with so many queued messages; with ``first_step``, one that knows the first migration only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        apply_migrations(db, known_migrations()[1] if first_step else None)
        for number in range(1, queued + 1):
            db.execute(
                "INSERT INTO messages (id, direction, status, peer, text, encoding, segments, created_ms) "
                "VALUES (?, 'outbound', 'queued', '+4915112345678', ?, 'gsm7', 1, ?)",
                (number, f"secret text {number}", number),
            )
            db.execute(
                "INSERT INTO events (at_ms, type, message_id, data) VALUES (?, 'message.accepted', ?, '{}')",
                (number, number),
            )
    return path


async def index_all(store: Store) -> None:
    """Bring the full-text index up to date, as the indexer does, and pass over the events for the statistics."""

    cursor = await store.write(lambda tx: cursors.open_cursor(tx, search.CURSOR))
    events = await store.read(lambda db: messages.events_after(db, cursor, 100_000))

    def index(tx: Tx) -> None:
        search.index_messages(tx, events)
        cursors.move(tx, search.CURSOR, events[-1].id)
        cursors.move(tx, rollups.CURSOR, events[-1].id)

    if events:
        await store.write(index)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        return db.execute(sql).fetchall()


def latest_migration() -> str:
    """The last step that this version knows."""
    return known_migrations()[-1]


@asynccontextmanager
async def refusing(store: Store) -> AsyncIterator[None]:
    """Let every write fail at once, as on a full disk: another connection holds the lock for writing."""
    await store.write(lambda tx: tx.run("PRAGMA busy_timeout = 0"))
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
