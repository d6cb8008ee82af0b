"""A message and its history are of one moment, whatever is written while they are read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from support.databases import make_database

from gsmgw.model import Status
from gsmgw.store import engine
from gsmgw.store.message_details import details_of


def test_what_is_written_meanwhile_is_not_seen(tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db", queued=1)
    with closing(engine.connect(path, read_only=True)) as db, closing(sqlite3.connect(path)) as writer:

        def cancel(statement: str) -> None:
            if "FROM messages" not in statement and "SELECT" in statement:  # the message was read, its history was not
                db.set_trace_callback(None)
                writer.execute("UPDATE messages SET status = 'canceled' WHERE id = 1")
                writer.execute(
                    "INSERT INTO events (at_ms, type, message_id, data) VALUES (2, 'message.canceled', 1, '{}')"
                )
                writer.commit()

        db.set_trace_callback(cancel)
        found = details_of(db, 1)
        later = details_of(db, 1)
    assert found is not None
    assert later is not None
    assert (found.record.status, [event.type for event in found.history]) == (Status.QUEUED, ["message.accepted"])
    assert later.record.status is Status.CANCELED
    assert [event.type for event in later.history] == ["message.accepted", "message.canceled"]


def test_a_message_that_does_not_exist_leaves_no_transaction(tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db", queued=1)
    with closing(engine.connect(path, read_only=True)) as db:
        assert details_of(db, 99) is None
        assert not db.in_transaction
