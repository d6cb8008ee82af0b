"""Writes that have to reach the disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.databases import refusing
from support.events import any_event
from support.waiting import until

from gsmgw.errors import StoreFault, StoreUnavailable
from gsmgw.store import PendingWrites, Store, Tx
from gsmgw.store import pending_writes as module


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.02)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "g.db")
    yield store
    await store.close()


def _note(tx: Tx, text: str) -> str:
    tx.event(1, any_event("test.noted", text=text))
    return text


def _refused(tx: Tx) -> None:
    tx.run("INSERT INTO concat_references VALUES ('x', NULL, 1)")


async def noted(store: Store) -> list[str]:
    found = await store.read(lambda db: db.execute("SELECT data ->> 'text' FROM events ORDER BY id").fetchall())
    return [row[0] for row in found]


async def test_a_write_that_the_database_does_not_take_is_tried_until_it_does(store: Store) -> None:
    writes, done = PendingWrites(store, "m"), list[str]()
    async with refusing(store):
        for number in range(3):
            writes.record(lambda tx, number=number: _note(tx, f"{number}"), done.append)
        await until(lambda: store.failed_transactions > 0)
        assert (len(writes), done) == (3, [])
    async with asyncio.timeout(60):
        await writes.settle()
    assert done == await noted(store) == ["0", "1", "2"]


async def test_a_write_that_the_database_refuses_for_good_holds_nothing_up(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    writes, done = PendingWrites(store, "modem m"), list[str]()
    writes.record(_refused, done.append, otherwise=lambda tx: _note(tx, "instead"))
    writes.record(lambda tx: _note(tx, "next"), done.append)
    async with asyncio.timeout(60):
        await writes.settle()
    assert sorted(await noted(store)) == ["instead", "next"]
    assert done == ["next"]
    assert store.faults == 1
    assert "modem m: a result could not be recorded" in caplog.text


@pytest.mark.parametrize("value", [2**70, "\ud800"], ids=["integer", "surrogate"])
async def test_a_value_that_cannot_be_stored_is_a_fault_of_its_operation(store: Store, value: object) -> None:
    results = await asyncio.gather(
        store.write(
            lambda tx: tx.run("INSERT INTO refused_pins (sim, fingerprint, at_ms) VALUES (?, 'x', 1)", [value])
        ),
        store.write(lambda tx: _note(tx, "beside it")),
        return_exceptions=True,
    )
    assert isinstance(results[0], StoreFault)
    assert results[1] == "beside it"
    assert store.trouble is None


async def test_a_statement_that_cannot_run_is_a_fault_of_its_operation(store: Store) -> None:
    with pytest.raises(StoreFault, match="no such table"):
        await store.write(lambda tx: tx.run("UPDATE nowhere SET x = 1"))
    with pytest.raises(StoreFault, match="no such table"):
        await store.read(lambda db: db.execute("SELECT 1 FROM nowhere"))
    assert store.trouble is None


async def test_trouble_is_logged_once_and_its_end(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with refusing(store):
        for _ in range(200):
            with pytest.raises(StoreUnavailable):
                await store.write(lambda tx: _note(tx, "x"))
        assert store.trouble is not None
    await store.write(lambda tx: _note(tx, "y"))
    lines = [record.getMessage() for record in caplog.records if record.name == "gsmgw.store.engine"]
    assert lines == [
        "database: writes fail, they are tried again: database is locked failed_transactions=1",
        "database: writes are succeeding again failed_transactions=200",
    ]
