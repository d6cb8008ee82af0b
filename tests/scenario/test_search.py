"""Searching, conversations and exports, over the API and the commands."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.databases import index_all
from support.rig import Rig, make_config, running
from support.shell import command

from gsmgw.api.routes import message_export
from gsmgw.client import ApiError
from gsmgw.clock import VirtualClock
from gsmgw.dispatch import EventFeed, Indexer, indexer
from gsmgw.model import Direction, OnUnknown, Outgoing, Priority
from gsmgw.model.events import MessageQueued
from gsmgw.store import Store, conversations, messages, outbox, search
from gsmgw.store.visibility import Sight

ANNA, BEN, CARLA = "+4915112345671", "+4915112345672", "+4915112345673"


def outgoing(number: int, text: str | None, to: str = ANNA) -> Outgoing:
    return Outgoing(
        id=number, to=to, text=text, priority=Priority.NORMAL, segments=1, created_ms=number, on_unknown=OnUnknown.HOLD,
        data=None if text is not None else b"x", port=None if text is not None else 1, encoding="gsm7",
    )  # fmt: skip


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(make_config(tmp_path, {})) as rig:
        yield rig


async def found(rig: Rig, q: str, **filters: Any) -> list[str]:
    page = await rig.client.page(q=q, **filters)
    return [message["text"] for message in page["data"]]


async def test_words_phrases_and_beginnings(rig: Rig) -> None:
    table, order = "Your table for two is ready", "Two orders are ready: pizza & Käse"
    await rig.client.send(ANNA, table)
    await rig.client.send(BEN, order)
    await rig.client.send(BEN, data="AAEC", port=16000)
    for question, texts in {
        "ready": [order, table],
        "READY two": [order, table],
        "table": [table],
        '"two is"': [table],
        '"is two"': [],
        "ord*": [order],
        "ord": [],
        "kase": [order],
        "KÄSE": [order],
        "pizza,": [order],
        "ready -table": [table],
        "table OR pizza": [],
        'text:ready) NEAR("': [],
        '"table ready': [table],
        "table*": [table],
        "ready\0table": [table],
    }.items():
        assert await found(rig, question) == texts, question
    assert await found(rig, "ready", peer=ANNA) == [table]
    assert await found(rig, "ready", direction="inbound") == []
    assert await found(rig, "ready", status="queued", peer="015112345672") == [order]
    for wrong in ("", "!?", '""', "x" * 501):
        with pytest.raises(ApiError) as caught:
            await found(rig, wrong)
        assert caught.value.code == "invalid_request"


async def test_pages_of_a_search(rig: Rig) -> None:
    await rig.client.send_many([{"to": ANNA, "text": f"offer {n % 2} number {n}"} for n in range(60)])
    first = await rig.client.page(q="offer 1", limit=20)
    second = await rig.client.page(q="offer 1", limit=20, cursor=first["next_cursor"])
    texts = [message["text"] for message in first["data"] + second["data"]]
    assert texts == [f"offer 1 number {n}" for n in range(59, 0, -2)]
    assert second["next_cursor"] is None


async def test_conversations_are_paged_by_their_latest_message(rig: Rig) -> None:
    for to, text in ((ANNA, "1"), (BEN, "2"), (ANNA, "3"), (CARLA, "4"), (BEN, "5")):
        await rig.client.send(to, text)
    page = await rig.client.conversation_page(limit=2)
    assert [(entry["peer"], entry["last_message"]["text"]) for entry in page["data"]] == [(BEN, "5"), (CARLA, "4")]
    page = await rig.client.conversation_page(cursor=page["next_cursor"])
    assert [(entry["peer"], entry["last_message"]["text"]) for entry in page["data"]] == [(ANNA, "3")]
    assert page["next_cursor"] is None


async def test_exports_stream_everything_once(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_export, "CHUNK", 7)
    texts = [f'line\n"{n}", ; =1+1 ü' for n in range(30)]
    await rig.client.send_many([{"to": ANNA, "text": text, "tags": ["a", "b"]} for text in texts])
    await rig.client.send(BEN, "last")

    async def gsmgw(*arguments: str) -> str:
        result = await asyncio.to_thread(command, "--socket", str(tmp_path / "gsmgw.sock"), *arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    lines = (await gsmgw("export", "-")).splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["last", *reversed(texts)]
    portions = [portion async for portion in rig.client.export(peer=BEN)]
    assert json.loads("".join(portions))["text"] == "last"
    with pytest.raises(ApiError):
        await anext(rig.client.export("pdf"))
    file = tmp_path / "all.csv"
    await gsmgw("export", str(file), "--peer", ANNA)
    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode(), newline="")))
    assert [row["text"] for row in rows] == list(reversed(texts))
    assert (rows[0]["to"], rows[0]["tags"], rows[0]["status"], rows[0]["error"]) == (ANNA, "a b", "queued", "")
    assert tuple(rows[0]) == message_export.COLUMNS
    one = await gsmgw("export", "-", "--search", "29 line", "--format", "csv")
    assert len(list(csv.DictReader(io.StringIO(one)))) == 1
    assert "last" in await gsmgw("conversations")
    assert json.loads((await gsmgw("conversations", "--json")).splitlines()[1])["peer"] == ANNA
    assert "last" in await gsmgw("messages", "--search", "las*")
    assert "no messages" in await gsmgw("messages", "--search", "nothing")


async def test_the_index_follows_by_itself_and_after_a_restart(tmp_path: Path) -> None:
    clock, feed = VirtualClock(), EventFeed()
    store = await Store.open(tmp_path / "g.db", feed.publish)
    await feed.attach(store)
    await store.write(lambda tx: outbox.accept(tx, 1, [outgoing(n, f"text {n}") for n in range(1, 300)]))
    index = Indexer(store, clock, feed)

    async def matches(question: str) -> list[int]:
        wanted = messages.Filter(match=search.expression(question))
        return [message.id for message in await store.read(lambda db: messages.list_messages(db, wanted, 1000))]

    async with asyncio.TaskGroup() as group:
        task = group.create_task(index.run())
        await clock.advance(indexer.SETTLE_S)
        async with asyncio.timeout(60):
            while index.lag:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert len(await matches("text")) == 299
        task.cancel()
    await store.write(lambda tx: outbox.accept(tx, 1, [outgoing(300, "newest"), outgoing(301, None)]))
    assert await matches("newest") == []
    await store.close()
    feed = EventFeed()
    store = await Store.open(tmp_path / "g.db", feed.publish)
    await feed.attach(store)
    await Indexer(store, clock, feed).catch_up()
    assert await matches("newest") == [300]
    await store.close()


async def test_what_is_in_the_index_follows_its_message(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")
    await store.write(lambda tx: outbox.accept(tx, 1, [outgoing(1, "early words"), outgoing(2, "other words")]))

    async def matches(question: str) -> list[int]:
        wanted = messages.Filter(match=question, direction=Direction.OUTBOUND)
        return [message.id for message in await store.read(lambda db: messages.list_messages(db, wanted, 10))]

    await store.write(lambda tx: tx.run("UPDATE messages SET text = 'changed words' WHERE id = 1"))  # not indexed yet
    await index_all(store)
    assert await matches("words") == [2, 1]
    assert await matches("early") == []
    await store.write(lambda tx: tx.run("UPDATE messages SET text = 'late words' WHERE id = 1"))
    assert (await matches("late"), await matches("changed")) == ([1], [])
    await store.write(lambda tx: tx.event(1, MessageQueued(), 1))  # a retry brings the same text again
    await index_all(store)
    assert await matches("late") == [1]
    await store.write(lambda tx: tx.run("DELETE FROM messages WHERE id = 1"))
    assert await matches("words") == [2]
    check = "INSERT INTO messages_search (messages_search, rank) VALUES ('integrity-check', 1)"
    await store.write(lambda tx: tx.run(check))
    await store.close()


async def test_searching_walks_its_index_and_sorts_nothing(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")
    plans: list[str] = []

    def explained(db: Any) -> None:
        queries: list[str] = []
        db.set_trace_callback(queries.append)
        messages.list_messages(db, messages.Filter(match="a", before_id=5), 10)
        conversations.page(db, conversations.Wanted(sight=Sight(1, frozenset(), frozenset())), 10)
        db.set_trace_callback(None)
        for query in queries:
            if query.startswith("SELECT"):
                plans.extend(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}"))

    await store.read(explained)
    assert any("messages_search VIRTUAL TABLE INDEX" in plan for plan in plans)
    assert any("later USING INDEX messages_peer" in plan for plan in plans)
    assert not [plan for plan in plans if "TEMP B-TREE" in plan or plan.startswith("SCAN latest")]
    await store.close()
