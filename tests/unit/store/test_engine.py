"""The writer: group commit, one bad operation among many, trouble with the disk."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from support.events import any_event
from support.waiting import GENEROUS_S

from gsmgw.errors import StoreError
from gsmgw.model import Event
from gsmgw.store import Store, Tx
from gsmgw.store.engine import READERS
from gsmgw.store.tx import ROWS
from gsmgw.store.upgrade import migrate


def _note(tx: Tx, text: str) -> str:
    tx.event(1, any_event("test.noted", text=text))
    return text


async def test_operations_are_done_in_order_and_their_events_announced_after_the_commit(tmp_path: Path) -> None:
    lots: list[list[Event]] = []
    store = await Store.open(tmp_path / "g.db", lambda events: lots.append(list(events)))
    results = await asyncio.gather(*(store.write(lambda tx, n=n: _note(tx, f"{n}")) for n in range(300)))
    assert results == [f"{n}" for n in range(300)]
    seen = [event.data["text"] for lot in lots for event in lot]
    assert seen == results
    assert len(lots) < 100  # many operations to a commit
    rows = await store.read(lambda db: db.execute("SELECT data FROM events ORDER BY id").fetchall())
    assert len(rows) == 300
    await store.close()


async def test_an_operation_that_fails_fails_alone(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")

    def bad(tx: Tx) -> None:
        _note(tx, "half done")
        raise KeyError("mine")

    def forbidden(tx: Tx) -> None:
        tx.run("INSERT INTO concat_references VALUES ('x', NULL, 1)")

    futures = [
        store.write(lambda tx: _note(tx, "before")),
        store.write(bad),
        store.write(forbidden),
        store.write(lambda tx: _note(tx, "after")),
    ]
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert results[0] == "before"
    assert isinstance(results[1], KeyError)
    assert isinstance(results[2], StoreError)
    assert results[3] == "after"
    rows = await store.read(lambda db: db.execute("SELECT data FROM events ORDER BY id").fetchall())
    assert rows == [('{"text":"before"}',), ('{"text":"after"}',)]
    await store.close()


@pytest.mark.parametrize("count", [0, 1, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS, 3 * ROWS + 7])
async def test_rows_are_inserted_whatever_their_number(tmp_path: Path, count: int) -> None:
    store = await Store.open(tmp_path / "g.db")
    rows = [(f"sim{number:04d}", f"print {number}", number) for number in range(count)]
    await store.write(lambda tx: tx.insert_many("INSERT INTO refused_pins (sim, fingerprint, at_ms)", iter(rows)))
    kept = await store.read(lambda db: db.execute("SELECT sim, fingerprint, at_ms FROM refused_pins").fetchall())
    assert kept == rows
    await store.close()


async def test_a_full_disk_is_an_error_and_passes(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")
    pages = await store.write(lambda tx: tx.one("PRAGMA page_count")[0])
    await store.write(lambda tx: None)
    # SQLite answers SQLITE_FULL, as on a full disk
    await store.write(lambda tx: tx.run(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StoreError, match="full"):
        await store.write(lambda tx: [_note(tx, "x" * 1000) for _ in range(200)])
    assert store.trouble is not None
    await store.write(lambda tx: tx.run("PRAGMA max_page_count = 1000000"))
    assert await store.write(lambda tx: _note(tx, "room again")) == "room again"
    assert store.trouble is None
    await store.close()


async def test_the_queue_reads_while_all_other_readers_are_busy(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")
    busy, done = threading.Semaphore(0), threading.Event()

    def listing(db: sqlite3.Connection) -> None:
        busy.release()
        assert done.wait(GENEROUS_S)

    listings = [asyncio.ensure_future(store.read(listing)) for _ in range(READERS + 2)]
    try:
        await asyncio.to_thread(lambda: [busy.acquire() for _ in range(READERS)])
        async with asyncio.timeout(60):
            assert await store.read_for_queue(lambda db: db.execute("SELECT 1").fetchone()) == (1,)
        assert not any(each.done() for each in listings)
    finally:
        done.set()
    await asyncio.gather(*listings)
    await store.close()


async def test_what_is_queued_is_written_before_closing(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")
    futures = [store.write(lambda tx, n=n: _note(tx, f"{n}")) for n in range(50)]
    await store.close()
    assert all(future.done() for future in futures)
    with pytest.raises(StoreError):
        await store.write(lambda tx: None)
    db = sqlite3.connect(tmp_path / "g.db")
    assert db.execute("SELECT count(*) FROM events").fetchone() == (50,)
    db.close()


async def test_every_commit_is_synced(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")
    assert await store.write(lambda tx: tx.one("PRAGMA synchronous")) == (2,)  # FULL
    assert await store.write(lambda tx: tx.one("PRAGMA journal_mode")) == ("wal",)
    with pytest.raises(StoreError, match="readonly"):
        await store.read(lambda db: db.execute("DELETE FROM events"))
    await store.close()


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    migrate(path)
    migrate(path)  # twice does nothing
    db = sqlite3.connect(path)
    db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('gsmgw', 'm999_future', 'now')"
    )
    db.commit()
    db.close()
    with pytest.raises(StoreError, match="newer version"):
        migrate(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        migrate(path)


async def test_what_follows_a_commit_is_done_without_its_caller(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")
    seen: list[str] = []
    waiting = [store.write(lambda tx, n=n: _note(tx, n), lambda n: seen.append(n)) for n in ("a", "b")]
    waiting[0].cancel()
    assert await waiting[1] == "b"
    assert seen == ["a", "b"]

    def fails(tx: Tx) -> str:
        raise KeyError("mine")

    with pytest.raises(KeyError):
        await store.write(fails, seen.append)
    assert seen == ["a", "b"]
    await store.close()


async def test_what_fails_after_a_commit_holds_up_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = await Store.open(tmp_path / "g.db")

    def fails(_: str) -> None:
        raise KeyError("mine")

    assert await asyncio.gather(store.write(lambda tx: "a", fails), store.write(lambda tx: "b")) == ["a", "b"]
    assert "what follows a commit failed" in caplog.text
    await store.close()


async def test_an_internal_error_of_the_writer_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory that is full may fail any line of it."""
    store = await Store.open(tmp_path / "g.db")

    def full(_: object) -> Tx:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("gsmgw.store.engine.Tx", full)
        with pytest.raises(StoreError, match="internal error of the database writer: MemoryError"):
            await asyncio.wait_for(store.write(lambda tx: "lost"), GENEROUS_S)
    assert await asyncio.wait_for(store.write(lambda tx: "goes on"), GENEROUS_S) == "goes on"
    await store.close()
