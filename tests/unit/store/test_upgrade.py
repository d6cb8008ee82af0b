"""Upgrades happen whole or not at all, leave a way back, and are never made backwards."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from sqlite_utils import Database
from support.databases import latest_migration, make_database, rows

from gsmgw.errors import StoreError
from gsmgw.store import Store, tokens, upgrade
from gsmgw.store.integrity import database_faults, was_interrupted
from gsmgw.store.migrations import known_migrations, migrations
from gsmgw.store.upgrade import migrate, rollback_copies


def steps(path: Path) -> list[str]:
    return [str(row[0]) for row in rows(path, "SELECT name FROM _sqlite_migrations ORDER BY rowid")]


@pytest.mark.parametrize("step", known_migrations()[1:])
async def test_a_database_of_every_former_version_is_brought_up_with_its_messages(step: str, tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db", queued=5, stop_before=step)
    store = await Store.open(path)
    await store.close()
    assert steps(path) == known_migrations()
    assert rows(path, "SELECT count(*), min(text) FROM messages") == [(5, "secret text 1")]
    assert database_faults(path, thorough=True) == []


async def test_messages_and_keys_of_tokens_find_their_owners(tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db", queued=6, stop_before="m011_owners")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO tokens (id, name, digest, scopes, created_ms) "
            "VALUES (3, 'shop', 'd', 'send', 3), (9, 'b', 'e', 'read', 1)"
        )
        for number, client in enumerate(("", "shop", "shop", "twilio", "gone"), 1):
            db.execute("UPDATE messages SET client = ? WHERE id = ?", (client, number))
        keys = [("ref:a", 1), ("ref:b", 2), ("ref:c", 3), ("ref:shop\nx", 77), ("key:k", 1), ("key:shop\nk", 4)]
        keys += [("key:shop\nold", 1), ("key:gone\nk", 4)]
        for key, number in keys:
            answer = str(number) if key.startswith("ref") else "[]"
            db.execute("INSERT INTO idempotency VALUES (?, '', ?, ?)", (key, answer, number))
    store = await Store.open(path)
    created, _ = await store.write(lambda tx: tokens.create(tx, 1, "new", ("read",), None))
    await store.close()
    owners = [row[0] for row in rows(path, "SELECT owner FROM messages ORDER BY id")]
    assert owners == [0, -2, 3, -1, -2, 0]  # the second one is older than the token of today
    assert {row[0] for row in rows(path, "SELECT key FROM idempotency")} == {
        "ref:#0\na", "ref:#-2\nb", "ref:#3\nc", "ref:#0\nshop\nx", "key:#0\nk", "key:#3\nk", "key:shop\nold",
        "key:gone\nk",
    }  # fmt: skip
    assert created.id == 10


async def test_numbers_of_tokens_are_not_given_again(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "gsmgw.db")
    first, _ = await store.write(lambda tx: tokens.create(tx, 1, "a", ("read",), None))
    assert await store.write(lambda tx: tokens.delete(tx, "a")) == first.id
    second, _ = await store.write(lambda tx: tokens.create(tx, 1, "a", ("read",), None))
    await store.close()
    assert second.id > first.id


async def test_a_step_that_was_left_out_is_made_up_for(tmp_path: Path) -> None:
    """Versions of two lines of development have been through different steps."""
    path = tmp_path / "gsmgw.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrations.apply(Database(db), stop_before="m011_owners")
        for step in known_migrations()[known_migrations().index("m011_owners") + 1 :]:
            module = import_module(f"gsmgw.store.migrations.{step}")
            for statement in module.SCRIPT.split(";\n"):
                db.execute(statement)
            db.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('gsmgw', ?, '')", (step,)
            )
    store = await Store.open(path)
    await store.close()
    assert sorted(steps(path)) == sorted(known_migrations())
    assert rows(path, "SELECT count(*) FROM messages WHERE owner = 0") == [(0,)]


def test_a_copy_of_the_former_database_is_kept(tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db", stop_before=latest_migration())
    before = known_migrations()[-2]
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


def test_a_step_that_fails_leaves_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_database(tmp_path / "gsmgw.db", stop_before=latest_migration())
    before = steps(path)
    known = [*migrations._migrations]
    monkeypatch.setattr(migrations, "_migrations", known)

    @migrations(name="m999_fails")
    def fails(db: Database) -> None:
        db.execute("CREATE TABLE half (id INTEGER)")
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(StoreError, match="disk I/O error"):
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


def test_a_downgrade_is_told_of_the_copy(tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db", stop_before=latest_migration())
    migrate(path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE _sqlite_migrations SET name = 'm999_future' WHERE name = ?", (latest_migration(),))
    with pytest.raises(StoreError, match=r"gsmgw\.db\.before-upgrade-from-\w+ is how it was"):
        migrate(path)


def test_without_room_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_database(tmp_path / "gsmgw.db", stop_before=latest_migration())
    before = steps(path)
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
