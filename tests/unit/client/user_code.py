"""Code as users of both clients write it. `make check` has mypy verify its types; it is never run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from gsmgw.client import AsyncClient, Client
from gsmgw.wire import resources


def blocking(gateway: Client) -> None:
    assert_type(gateway.send("+4915112345678", "Your table is ready.", key="a", tags=["b"]), resources.Message)
    assert_type(gateway.modems(), list[resources.Modem])
    assert_type(gateway.delete_group("a"), None)
    assert_type(gateway.messages(limit=3), Iterator[resources.Message])
    assert_type(gateway.export("csv"), Iterator[str])
    assert_type(gateway.events(types=["message.received"]), Iterator[resources.Event])
    assert_type(Client.modem_history(gateway, "office"), resources.ModemHistory)
    gateway.send()  # type: ignore[call-arg]
    gateway.send("+4915112345678", flush=True)  # type: ignore[call-arg]
    gateway.modem_history(1)  # type: ignore[arg-type]
    gateway.sends("+4915112345678")  # type: ignore[attr-defined]


async def asynchronous(gateway: AsyncClient) -> None:
    assert_type(await gateway.send("+4915112345678", "Your table is ready.", key="a", tags=["b"]), resources.Message)
    assert_type(await gateway.modems(), list[resources.Modem])
    assert_type(asyncio.create_task(gateway.modems()), asyncio.Task[list[resources.Modem]])
    assert_type(gateway.messages(limit=3), AsyncIterator[resources.Message])
    assert_type(gateway.export("csv"), AsyncIterator[str])
    assert_type(gateway.events(types=["message.received"]), AsyncIterator[resources.Event])
    assert_type(await AsyncClient.modem_history(gateway, "office"), resources.ModemHistory)
    await gateway.send()  # type: ignore[call-arg]
    await gateway.modem_history(1)  # type: ignore[arg-type]
