"""The constraints of rows that texts write refuse the same in their new form as in the old one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from support.databases import rows

from gsmgw.model import SegmentStatus, Status
from gsmgw.store.integrity import database_faults
from gsmgw.store.migrations import apply_migrations
from gsmgw.store.upgrade import migrate

STEP = "m022_cheap_conditions"
#: The columns that the constraints name, with values of each kind.
COLUMNS: Mapping[str, Mapping[str, tuple[object, ...]]] = {
    "messages": {
        "direction": ("outbound", "inbound"),
        "status": (*(status.value for status in Status), "sen", "", None),
        "due_ms": (None, 1),
        "sent_ms": (None, 1),
        "delivered_ms": (None, 1),
        "received_ms": (None, 1),
        "purpose": ("marketing", "transactional", "conversation", "other"),
    },
    "segments": {
        "status": (*(status.value for status in SegmentStatus), "received", None),
        "sim": (None, "s"),
        "sending_ms": (None, 1),
        "sent_ms": (None, 1),
        "report_status": (None, 0),
    },
    "parts": {"state": ("waiting", "assembled", "quarantined", "silent", "stored", "lost", "", None)},
    "webhook_deliveries": {
        "kind": ("event", "replay", "test", "other", None),
        "state": ("pending", "delivered", "failed", "other", None),
        "due_ms": (None, 1),
        "ended_ms": (None, 1),
        "event_id": (None, 1),
    },
    "campaign_recipients": {
        "state": ("waiting", "queued", "skipped", "other", None),
        "message_id": (None, 1),
        "reason": (None, "opted_out"),
    },
    "rollups": {"dimension": ("all", "modem", "campaign", "tag", "country", "other", None), "hours": (1, 2, 24)},
}
OTHERS: Mapping[str, Mapping[str, object]] = {
    "messages": {"peer": "+491511", "text": "x", "encoding": "gsm7", "segments": 1, "created_ms": 1},
    "segments": {"message_id": 1, "seq": 1, "tpdu": b"", "recipient": "1"},
    "parts": {"at_ms": 1, "modem": "m", "sim": "s", "pdu": "00"},
    "webhook_deliveries": {"webhook_id": "w", "type": "message.sent", "created_ms": 1},
    "campaign_recipients": {"campaign_id": 1, "number": "+491511"},
    "rollups": {"start_ms": 0, "key": ""},
}


def _empty(path: Path, stop_before: str | None) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    apply_migrations(db, stop_before)
    return db


def _outcomes(db: sqlite3.Connection, table: str) -> Iterator[bool]:
    """Yield for each combination if a row with it is taken. The table stays empty."""
    columns, others = COLUMNS[table], OTHERS[table]
    names = [*columns, *others]
    insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    for values in product(*columns.values()):
        db.execute("BEGIN")
        try:
            db.execute(insert, [*values, *others.values()])
            yield True
        except sqlite3.IntegrityError:
            yield False
        finally:
            db.execute("ROLLBACK")


@pytest.mark.parametrize("table", COLUMNS)
def test_each_row_is_taken_or_refused_as_before(table: str, tmp_path: Path) -> None:
    with closing(_empty(tmp_path / "old.db", STEP)) as old, closing(_empty(tmp_path / "new.db", None)) as new:
        before, after = (list(_outcomes(db, table)) for db in (old, new))
    assert before == after
    assert 0 < sum(after) < len(after)


def test_a_database_with_messages_is_changed_in_place(tmp_path: Path) -> None:
    path = tmp_path / "gsmgw.db"
    with closing(_empty(path, STEP)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        for number, status in enumerate(("queued", "scheduled", "failed", "delivered"), 1):
            db.execute(
                "INSERT INTO messages (id, direction, status, peer, text, encoding, segments, created_ms, due_ms, "
                "delivered_ms) VALUES (?, 'outbound', ?, '+491511', 'x', 'gsm7', 1, 1, ?, ?)",
                (number, status, 1 if status == "scheduled" else None, 1 if status == "delivered" else None),
            )
        before = db.execute("SELECT * FROM messages").fetchall()
    migrate(path)
    assert rows(path, "SELECT * FROM messages") == before
    assert database_faults(path, thorough=True) == []
    for table in COLUMNS:
        ((definition,),) = rows(path, f"SELECT sql FROM sqlite_master WHERE name = '{table}'")
        lists = [line for line in str(definition).splitlines() if " IN (" in line and line.count("', '") > 1]
        assert lists == []
    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE messages SET status = 'sent' WHERE id = 1")
