"""A node does each erasure of its hub once, however long it has to wait for a message or for the disk."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.databases import refusing

from gsmgw.bridges.fleet.contents import erasure_payload
from gsmgw.bridges.fleet.node import Node
from gsmgw.bridges.fleet.streams import Delivered
from gsmgw.dispatch import EventFeed
from gsmgw.outbound import WrongState
from gsmgw.store import Store
from gsmgw.store.fleet_state import Mark, mark, opt_outs_of


def _delivered(sequence: int, payload: bytes) -> Delivered:
    return Delivered("$KV.gsmgw-erased.1", payload, sequence, SimpleNamespace())  # type: ignore[arg-type]


async def test_an_erasure_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    store = await Store.open(tmp_path / "g.db", lambda _: None)
    disk = AsyncExitStack()
    asked: list[str] = []

    async def erase(_: object, number: str, reason: str) -> dict[str, int]:
        asked.append(number)
        if len(asked) == 1:
            raise WrongState("a message is being sent")
        if len(asked) == 2:
            await disk.enter_async_context(refusing(store))
        return {"messages": 3}

    async def sleep(_: float) -> None:
        await disk.aclose()

    context: Any = SimpleNamespace(
        store=store,
        clock=SimpleNamespace(sleep=sleep, wall_ms=lambda: 1),
        feed=EventFeed(),
        service=SimpleNamespace(opted_out=lambda number, canceled: None),
        privacy=SimpleNamespace(erase=erase),
    )
    try:
        node = Node(context, "ulm")
        await node._follow_erasure(_delivered(7, erasure_payload("+4915112345678", ["*"])))
        assert asked == ["+4915112345678"] * 3
        assert await store.read(lambda db: mark(db, Mark.ERASURES)) == 7
        assert await store.read(lambda db: opt_outs_of(db, "+4915112345678")) == ["*"]
        await node._follow_erasure(_delivered(8, b"nonsense"))
        assert await store.read(lambda db: mark(db, Mark.ERASURES)) == 8
    finally:
        await disk.aclose()
        await store.close()
    assert "an erasure waits: a message is being sent" in caplog.text
    assert "a number to erase cannot be read sequence=8" in caplog.text
