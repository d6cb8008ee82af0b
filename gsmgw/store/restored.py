"""Operations on a restored database before a gateway runs on it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gsmgw.errors import StoreError
from gsmgw.store import lifecycle
from gsmgw.store.migrations import known_migrations
from gsmgw.store.states import WAITING
from gsmgw.store.tx import Tx

_WAITING = f"SELECT id FROM messages WHERE {WAITING} ORDER BY id"


def refuse_newer(migrations: tuple[str, ...], made_by: str) -> None:
    """:class:`StoreError` when a database has been through steps that this version does not know."""
    if unknown := [name for name in migrations if name not in known_migrations()]:
        raise StoreError(
            f"the backup was made by gsmgw {made_by}, which is newer than this one (its database has "
            f"{', '.join(unknown)}): install that version, or restore an older backup"
        )


def holds_messages(path: Path) -> bool:
    """Return True if the database contains messages or cannot be read: it must not be overwritten without consent."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            return db.execute("SELECT 1 FROM messages LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return path.stat().st_size > 0


def count_waiting(path: Path) -> int:
    """Return the number of messages that a gateway on this database would send."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        return len(db.execute(_WAITING).fetchall())


def cancel_waiting(path: Path, now_ms: int) -> int:
    """Take back every message that has not begun to leave, as :func:`lifecycle.cancel` does; how many."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("BEGIN IMMEDIATE")
        tx = Tx(db)
        canceled = sum(lifecycle.cancel(tx, now_ms, int(row[0])) for row in tx.all(_WAITING))
        db.execute("COMMIT")
    return canceled
