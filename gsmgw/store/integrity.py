"""Integrity check of a database file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gsmgw.errors import StoreError

#: Findings that are named; a broken file has thousands.
_MOST = 5


def database_faults(path: Path, *, thorough: bool = False) -> list[str]:
    """Return the errors of the database at ``path``; reads the complete file.

    ``thorough`` compares every index with its table and follows every reference (integrity_check and
    foreign_key_check) instead of checking the structure alone (quick_check).
    """
    try:
        with closing(_reader(path)) as db:
            check = "integrity_check" if thorough else "quick_check"
            found = [" ".join(str(row[0]).split()) for row in db.execute(f"PRAGMA {check}({_MOST})")]
            if found == ["ok"]:
                found = []
            if thorough:
                strays = db.execute('SELECT "table", rowid FROM pragma_foreign_key_check LIMIT ?', (_MOST,))
                found += [f"row {row} of {table} has a missing reference" for table, row in strays]
            return found
    except sqlite3.Error as exc:
        return [str(exc)]


def was_interrupted(path: Path) -> bool:
    """Return True if the last writer did not close the database: its write-ahead log still exists."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


def check_after_interruption(path: Path) -> None:
    """After a crash or a power cut look at the structure of the whole file; :class:`StoreError` says what to do."""
    if not was_interrupted(path):
        return
    if faults := database_faults(path):
        raise StoreError(
            f"{path} is damaged ({'; '.join(faults)}). Keep a copy of it, then restore the latest backup "
            "(gsmgw restore FILE --force; it keeps the damaged file aside), and look at the disk: gsmgw doctor"
        )


def _reader(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise sqlite3.OperationalError(f"{path} does not exist")
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    db.execute("PRAGMA query_only = ON")
    return db
