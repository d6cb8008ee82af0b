"""Rows that cannot be decoded are skipped and reported once; pages stay full, cursors go on, the queue goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.databases import make_database
from support.desk import TO, desk
from support.fakes import ScriptedModem
from support.waiting import until

from gsmgw.dispatch import EventFeed, Indexer
from gsmgw.model import Status
from gsmgw.outbound import IdempotencyConflict, Refusal, Submission
from gsmgw.store import Store, Tx, audit, concat_references, cursors, messages, search, tokens, webhooks
from gsmgw.store.webhooks import Secret, Webhook

END = ("failed", None)


async def spoil(store: Store, sql: str, *values: Any) -> None:
    assert await store.write(lambda tx: tx.run(sql, values)) > 0


async def reported(store: Store) -> list[dict[str, Any]]:
    for _ in range(2):  # the report is a write of its own, after that which found the row
        await asyncio.sleep(0)
        await store.write(lambda tx: None)
    found = await store.read(lambda db: messages.events_after(db, 0, 1000))
    return [event.data for event in found if event.type == "store.row_unreadable"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("tags", "{"), ("tags", '["a", 1]'), ("error", "[]"), ("text", b"x"), ("created_ms", 10**17), ("client", 2.5e300)],
)
async def test_a_page_is_full_without_the_row(tmp_path: Path, column: str, value: Any) -> None:
    async with desk(tmp_path) as work:
        ids = [await work.send(f"{number}") for number in range(5)]
        if isinstance(value, float):
            value = b"\x00"
        await spoil(work.store, f"UPDATE messages SET {column} = ? WHERE id IN (?, ?)", value, ids[3], ids[2])
        found = await work.store.read(lambda db: messages.list_messages(db, messages.Filter(), 2))
        assert [message.id for message in found] == [ids[4], ids[1]]
        assert await work.store.read(lambda db: messages.get_message(db, ids[3])) is None
        await work.store.read(lambda db: messages.list_messages(db, messages.Filter(), 2))
        rows = [entry["row"] for entry in await reported(work.store)]
        assert sorted(rows) == sorted([str(ids[2]), str(ids[3])])
        assert +work.store.unreadable.counts == {"messages": 2}


async def test_the_queue_goes_on_and_the_message_ends(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        first, second = await work.send("one"), await work.send("two")
        later = await work.send("three", send_at_ms=work.clock.wall_ms() + 3_600_000)
        await spoil(work.store, "UPDATE messages SET tags = '{' WHERE id = ?", first)
        await spoil(work.store, "UPDATE messages SET tags = '{', due_ms = 1 WHERE id = ?", later)
    async with desk(tmp_path, ScriptedModem("m")) as work:
        await work.until(second, Status.SENT)

        def state(number: int) -> str:
            return f"SELECT status, due_ms FROM messages WHERE id = {number}"

        async def ended(number: int) -> bool:
            return bool(await work.store.read(lambda db: db.execute(state(number)).fetchone()) == END)

        for number in (first, later):
            await until(lambda number=number: ended(number))


async def test_events_keep_their_places(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        for number in range(4):
            await work.send(f"{number}")
        events = await work.store.read(lambda db: messages.events_after(db, 0, 10))
        await spoil(work.store, "UPDATE events SET data = '{' WHERE id IN (?, ?)", events[1].id, events[3].id)
        again = await work.store.read(lambda db: messages.events_after(db, 0, 10))
        assert [event.id for event in again][:4] == [event.id for event in events]
        assert [event.type for event in again][:4] == [
            "message.queued", "event.unreadable", "message.queued", "event.unreadable",
        ]  # fmt: skip


async def test_tables_of_the_house(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        store = work.store
        for name in ("a", "b"):
            hook = Webhook(
                f"wh_{name}", "https://x.example/", "", (), (), (), True, (Secret("s", 1),), "active", None, 0, 1
            )
            await store.write(lambda tx, hook=hook: webhooks.create(tx, hook))
            await store.write(lambda tx, name=name: tokens.create(tx, 1, name, ("read",), None))
            await store.write(lambda tx, name=name: audit.note(tx, audit.Entry(1, name, "", "POST", "/", 200, {})))
        await spoil(store, "UPDATE webhooks SET tags = '[' WHERE id = 'wh_a'")
        await spoil(store, """UPDATE webhooks SET modems = '["\\ud800"]' WHERE id = 'wh_b'""")
        await spoil(store, "UPDATE tokens SET modems = '7' WHERE name = 'a'")
        await spoil(store, "UPDATE audit SET detail = '' WHERE who = 'b'")
        (left,) = await store.read(webhooks.all_webhooks)
        assert (left.id, left.modems) == ("wh_b", ("\ufffd",))
        assert [token.name for token in await store.read(tokens.all_tokens)] == ["b"]
        assert [entry.who for entry in await store.read(lambda db: audit.entries(db, 1))] == ["a"]
        assert {entry["table"] for entry in await reported(store)} == {"webhooks", "tokens", "audit"}


async def test_cursors_that_hold_no_number(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        await work.send("findable")
        await work.store.write(lambda tx: cursors.open_cursor(tx, "hook:h"))
        await spoil(work.store, "UPDATE cursors SET event_id = 'x'")
        assert await work.store.write(lambda tx: cursors.open_cursor(tx, "hook:h")) >= 1
        feed = EventFeed()
        await feed.attach(work.store)
        await Indexer(work.store, work.clock, feed).catch_up()
        wanted = messages.Filter(match=search.expression("findable"))
        assert len(await work.store.read(lambda db: messages.list_messages(db, wanted, 10))) == 1


async def test_a_text_that_is_not_utf_8(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        first, second = await work.send("one"), await work.send("two")
        await spoil(work.store, "UPDATE messages SET text = CAST(x'ff41' AS TEXT) WHERE id = ?", first)
        assert (await work.record(first)).text == "\ufffdA"
        assert (await work.record(second)).text == "two"

        def both(tx: Tx) -> list[Any]:
            return tx.all("SELECT text FROM messages ORDER BY id")

        assert await work.store.write(both) == [("\ufffdA",), ("two",)]
        assert work.store.trouble is None


async def test_references_and_request_keys(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        await work.store.write(lambda tx: concat_references.next_reference(tx, 1, TO))
        await spoil(work.store, "UPDATE concat_references SET state = '[1, 2, 3]'")
        reference, bits = await work.store.write(lambda tx: concat_references.next_reference(tx, 1, TO))
        assert (0 <= reference < 256, bits) == (True, 8)
        wanted = [Submission(TO, "x", client_ref="r")]
        await work.submit(wanted, "k")
        await spoil(work.store, "UPDATE idempotency SET answer = '{'")
        with pytest.raises(IdempotencyConflict):
            await work.submit(wanted, "k")
        (refusal,) = await work.submit(wanted)
        assert isinstance(refusal, Refusal)
        assert refusal.code == "client_ref_conflict"


def test_the_head_of_a_damaged_event_has_no_message(tmp_path: Path) -> None:
    path = make_database(tmp_path / "gsmgw.db", queued=1)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO events (at_ms, type, message_id, data) VALUES (1, 'message.queued', x'ff', '{}')")
        heads = messages.event_heads_after(db, 0, 10)
    assert heads[-1].type == "message.queued"
    assert heads[-1].message_id is None
