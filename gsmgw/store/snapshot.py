"""A consistent copy of a database in use, made without blocking its writer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gsmgw.errors import StoreError
from gsmgw.store.files import flush, open_new
from gsmgw.store.integrity import database_faults
from gsmgw.store.migrations import applied_migrations

#: Pages copied at a time; between two portions the interpreter is free for others.
_PORTION_PAGES = 512


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The contents of a copy: row counts by table, the last event, and its migrations."""

    rows: dict[str, int]
    last_event: int
    migrations: tuple[str, ...]


def take_snapshot(source: Path, target: Path) -> Snapshot:
    """Copy the database ``source`` as it is at this moment to the new file ``target``, flushed and verified.

    One read transaction spans the copying and the counting, so both show the same moment, and writers go on: in WAL
    mode a reader never blocks them. Blocks the calling thread. Raises :class:`StoreError` with the reason if the copy
    fails.
    """
    if not source.is_file():
        raise StoreError(f"database {source} does not exist")
    try:
        open_new(target).close()
        with closing(sqlite3.connect(source, isolation_level=None, timeout=10)) as db:
            db.execute("PRAGMA query_only = ON")
            db.execute("BEGIN")
            expected = _describe(db)
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                db.backup(copy, pages=_PORTION_PAGES)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            db.execute("ROLLBACK")
        flush(target)
    except OSError as exc:
        raise StoreError(f"{target} cannot be written: {exc.strerror}") from exc
    except sqlite3.Error as exc:
        raise StoreError(f"{source} could not be copied to {target}: {exc}") from exc
    return verify_copy(target, expected)


def verify_copy(path: Path, expected: Snapshot | None = None) -> Snapshot:
    """Check every page, index and reference of a copy, and that it holds ``expected``; what it holds."""
    if faults := database_faults(path, thorough=True):
        raise StoreError(f"the copy {path} is damaged: {'; '.join(faults)}")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        found = _describe(db)
    if expected is not None and found != expected:
        raise StoreError(f"the copy {path} differs from the database: {found} instead of {expected}")
    return found


def _describe(db: sqlite3.Connection) -> Snapshot:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    tables = [str(row[0]) for row in db.execute(query)]
    rows = {table: int(db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]) for table in tables}
    last = db.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0] if "events" in rows else 0
    return Snapshot(rows, int(last), tuple(applied_migrations(db)))
