"""The Python client: both kinds make the same calls; a lost answer is asked for again, and nothing goes twice."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.rig import Rig, make_config, running

from gsmgw.client import ApiError, AsyncClient, Client, NoDaemon
from gsmgw.dispatch import feed

ANNA = "+4915112345671"


def test_both_kinds_have_the_same_calls_with_the_same_words() -> None:
    def calls(kind: type) -> dict[str, str | None]:
        found = {name: getattr(kind, name) for name in vars(kind) if not name.startswith("_")}
        return {name: inspect.getdoc(function) for name, function in found.items()}

    assert calls(Client) == calls(AsyncClient)
    assert all(calls(Client).values())


@asynccontextmanager
async def losing(rig: Rig, directory: Path, answers: int) -> AsyncIterator[Path]:
    """A way to the gateway on which the first answers are lost, after the gateway has given them."""
    path = directory / "losing.sock"
    left = answers
    tasks: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        tasks.add(asyncio.current_task())  # type: ignore[arg-type] # a handler always is one
        behind, ahead = await asyncio.open_unix_connection(rig.gateway.config.gateway.socket)
        try:
            while request := await reader.read(65536):
                ahead.write(request)
                answer = await behind.read(65536)
                if left > 0:
                    left -= 1
                    return
                writer.write(answer)
        finally:
            writer.close()
            ahead.close()

    server = await asyncio.start_unix_server(carry, path)
    try:
        yield path
    finally:
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_lost_answer_is_asked_for_again_and_the_message_goes_once(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {})) as rig, losing(rig, tmp_path, 2) as path, AsyncClient(path) as client:
        sent = await client.send(ANNA, "once")
        found = [message async for message in rig.client.messages()]
        assert [message["id"] for message in found] == [sent["id"]]


async def test_what_is_not_repeatable_is_not_repeated(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {})) as rig, losing(rig, tmp_path, 1) as path, AsyncClient(path) as client:
        with pytest.raises(NoDaemon):
            await client.request("POST", "/v1/messages", json={"to": ANNA, "text": "perhaps"})
        assert len((await rig.client.page())["data"]) == 1


async def test_listings_go_on_over_pages_until_their_limit(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {})) as rig:
        await rig.client.send_many([{"to": ANNA, "text": f"{n}"} for n in range(1200)])
        assert len([message async for message in rig.client.messages()]) == 1200
        assert len([message async for message in rig.client.messages(limit=1100)]) == 1100
        assert [message async for message in rig.client.messages(limit=0)] == []

        def blocking() -> int:
            with Client(rig.gateway.config.gateway.socket) as client:
                return len(list(client.messages(limit=1001)))

        assert await asyncio.to_thread(blocking) == 1001


async def test_an_event_that_is_gone_is_said_and_never_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "RING", 1)  # all but the last one has to come from disk
    async with running(make_config(tmp_path, {})) as rig:
        await rig.client.send_many([{"to": ANNA, "text": f"{n}"} for n in range(20)])
        await rig.gateway.store.write(lambda tx: tx.run("DELETE FROM events WHERE id <= 10"))
        assert (await rig.client.stats())["first_event"] == 11
        for cursor, words in ((5, "the oldest is 11"), (21, "the newest is 20")):
            with pytest.raises(ApiError, match=words) as caught:
                await anext(rig.client.events(cursor))
            assert (caught.value.status, caught.value.code) == (410, "event_gone")
        for cursor, first in ((0, 11), (10, 11), (15, 16)):
            assert (await anext(rig.client.events(cursor)))["id"] == first


async def test_many_readers_get_everything_in_order(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {})) as rig:

        async def read() -> list[int]:
            seen = []
            async with AsyncClient(rig.gateway.config.gateway.socket) as client:
                async for event in client.events(0):
                    seen.append(event["id"])
                    if len(seen) == 600:
                        break
            return seen

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            readers = [group.create_task(read()) for _ in range(60)]
            for start in range(0, 600, 100):
                await rig.client.send_many([{"to": ANNA, "text": f"{start + n}"} for n in range(100)])
                await asyncio.sleep(0)
        assert all(reader.result() == list(range(1, 601)) for reader in readers)
