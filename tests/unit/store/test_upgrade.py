"""Upgrades happen whole or not at all, leave a way back, and are never made backwards."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.databases import latest_migration, make_database, rows

from gsmgw.errors import StoreError
from gsmgw.store import Store, tokens, upgrade
from gsmgw.store import migrations as store_migrations
from gsmgw.store.integrity import database_faults, was_interrupted
from gsmgw.store.migrations import STEPS, development, known_migrations
from gsmgw.store.upgrade import migrate, rollback_copies


def steps(path: Path) -> list[str]:
    return [str(row[0]) for row in rows(path, "SELECT name FROM _sqlite_migrations ORDER BY rowid")]


@pytest.fixture
def next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that are added during this test are those of a later version."""
    monkeypatch.setattr("gsmgw.store.migrations.STEPS", {**STEPS})


def add_one() -> None:
    """Let this be the next version."""
    store_migrations.STEPS["m900_extra"] = ("ALTER TABLE messages ADD COLUMN extra TEXT NOT NULL DEFAULT 'new'",)


async def test_a_database_of_the_former_version_is_brought_up_with_its_messages(
    tmp_path: Path, next_step: None
) -> None:
    path = make_database(tmp_path / "gsmgw.db", queued=5)
    former = known_migrations()
    add_one()
    store = await Store.open(path)
    await store.close()
    assert steps(path) == [*former, "m900_extra"]
    assert rows(path, "SELECT count(*), min(text), min(extra) FROM messages") == [(5, "secret text 1", "new")]
    assert database_faults(path, thorough=True) == []


async def test_a_database_of_the_last_version_before_the_first_release_is_taken_over(tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db", queued=5, first_step=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in (
            "DROP TABLE cursors",
            "CREATE TABLE hooks (name TEXT PRIMARY KEY, cursor INTEGER NOT NULL) WITHOUT ROWID",
            "INSERT INTO hooks VALUES ('on-receive', 3)",
            "CREATE TABLE search_cursor (event_id INTEGER NOT NULL)",
            "INSERT INTO search_cursor VALUES (2)",
            "ALTER TABLE sims DROP COLUMN repeated",
            "DELETE FROM _sqlite_migrations",
        ):
            db.execute(statement)
        db.executemany(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('gsmgw', ?, '')",
            [(name,) for name in sorted(development.STEPS)],
        )
    store = await Store.open(path)
    await store.close()
    assert steps(path) == known_migrations()
    assert rows(path, "SELECT name, event_id, holds FROM cursors WHERE name <> 'rollups' ORDER BY name") == [
        ("hook:on-receive", 3, 0),
        ("search", 2, 1),
    ]
    assert rows(path, "SELECT count(*) FROM messages") == [(5,)]
    assert len(rollback_copies(path)) == 2  # before it was taken over, and before the later steps


async def test_an_older_database_than_that_is_refused_with_words(tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db", first_step=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE _sqlite_migrations SET name = 'm001_messages'")
    with pytest.raises(StoreError, match="before the first release and cannot be upgraded: export its messages"):
        await Store.open(path)


async def test_numbers_of_tokens_are_not_given_again(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "gsmgw.db")
    first, _ = await store.write(lambda tx: tokens.create(tx, 1, "a", ("read",), None))
    assert await store.write(lambda tx: tokens.delete(tx, "a")) == first.id
    second, _ = await store.write(lambda tx: tokens.create(tx, 1, "a", ("read",), None))
    await store.close()
    assert second.id > first.id


def test_a_copy_of_the_former_database_is_kept(tmp_path: Path, next_step: None) -> None:
    path = make_database(tmp_path / "gsmgw.db")
    before = known_migrations()[-1]
    add_one()
    migrate(path)
    assert [copy.name for copy in rollback_copies(path)] == [f"gsmgw.db.before-upgrade-from-{before}"]
    copy = rollback_copies(path)[0]
    assert steps(copy)[-1] == before
    assert rows(copy, "SELECT count(*) FROM messages") == [(3,)]
    migrate(path)
    assert len(rollback_copies(path)) == 1


def test_a_new_database_leaves_no_copy(tmp_path: Path) -> None:
    migrate(tmp_path / "gsmgw.db")
    assert rollback_copies(tmp_path / "gsmgw.db") == []


def test_a_step_that_fails_leaves_none_of_them(tmp_path: Path, next_step: None) -> None:
    path = make_database(tmp_path / "gsmgw.db")
    before = steps(path)
    add_one()
    store_migrations.STEPS["m999_fails"] = ("CREATE TABLE half (id INTEGER)", "SELECT * FROM missing")
    with pytest.raises(StoreError, match="no such table: missing"):
        migrate(path)
    assert steps(path) == before
    assert rows(path, "SELECT name FROM sqlite_master WHERE name = 'half'") == []


def test_a_newer_database_is_refused_with_words(tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('gsmgw', 'm999_future', '')"
        )
    content = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer version of gsmgw \(it has m999_future\): install that version"):
        migrate(path)
    assert path.read_bytes() == content


def test_a_downgrade_is_told_of_the_copy(tmp_path: Path, next_step: None) -> None:
    path = make_database(tmp_path / "gsmgw.db")
    add_one()
    migrate(path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE _sqlite_migrations SET name = 'm999_future' WHERE name = ?", (latest_migration(),))
    with pytest.raises(StoreError, match=r"gsmgw\.db\.before-upgrade-from-\w+, see "):
        migrate(path)


def test_without_room_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, next_step: None) -> None:
    path = make_database(tmp_path / "gsmgw.db")
    before = steps(path)
    add_one()
    monkeypatch.setattr(upgrade.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 4096})())
    with pytest.raises(StoreError, match="4096 are"):
        migrate(path)
    assert steps(path) == before


async def test_a_damaged_database_is_found_after_a_crash(tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db", queued=2000)
    with closing(sqlite3.connect(path)) as db:
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\x00" * size)
    assert database_faults(path)
    assert not was_interrupted(path)
    path.with_name("gsmgw.db-wal").write_bytes(b"\x00" * 100)
    with pytest.raises(StoreError, match=r"is damaged.*gsmgw restore FILE --force"):
        await Store.open(path)
