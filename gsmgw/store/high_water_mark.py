"""A file next to the database that records its last event, to detect the loss of the database.

SQLite makes a new database where a file is missing or empty, and an older state of one where its write-ahead log is
missing; neither is an error to it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from gsmgw.model.events import DatabaseLost
from gsmgw.store.tx import Tx

_WIDTH_BYTES = 64
#: A mark larger than that is not one of ours.
_MOST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Loss:
    """The database had events up to ``expected`` and now ends at ``found``; 0 for a new database."""

    expected: int
    found: int

    @property
    def sentence(self) -> str:
        """Return the problem and its cure."""
        what = (
            "the database was lost and a new one is used"
            if self.found == 0
            else f"the database went back from event {self.expected} to {self.found}: its write-ahead log was lost, "
            "or an older copy was put in its place"
        )
        return f"{what}. Messages may be missing or sent again. Restore the latest backup: gsmgw backup --list"


class Mark:
    """The file ``gsmgw.mark`` beside a database."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name("gsmgw.mark")

    def read(self) -> int:
        """Return the recorded event; 0 if there is none or the file cannot be read."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                return int(json.loads(os.read(descriptor, _MOST_BYTES))["last_event"])
            finally:
                os.close(descriptor)
        except (OSError, ValueError, TypeError, KeyError):
            return 0

    def note(self, last_event: int, *, flush: bool = False) -> None:
        """Write an event down in place, which is one page of the disk; ``flush`` waits until it is there. OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        try:
            os.pwrite(descriptor, json.dumps({"last_event": last_event}).ljust(_WIDTH_BYTES - 1).encode() + b"\n", 0)
            if flush:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def last_event_ever(db: sqlite3.Connection) -> int:
    """Return the largest event ID that a database has assigned."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return 0 if row is None else int(row[0])


def record(tx: Tx, now_ms: int, loss: Loss) -> None:
    """Note a loss as an event. Numbers of lost events are not given again: readers hold them as cursors."""
    tx.run("DELETE FROM sqlite_sequence WHERE name = 'events'")
    tx.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)", (loss.expected,))
    tx.event(now_ms, DatabaseLost(expected=loss.expected, found=loss.found, detail=loss.sentence))
