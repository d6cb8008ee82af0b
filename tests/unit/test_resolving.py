"""Names are looked up in threads of their own; one that fails or hangs is not asked for again soon."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from support.waiting import GENEROUS_S, until

from gsmgw import resolving
from gsmgw.resolving import Names


@pytest.fixture
def hanging() -> Iterator[tuple[Callable[[str], list[str]], list[str]]]:
    """A resolver that hangs for names that begin with slow, as getaddrinfo does without an answer."""
    end, asked = threading.Event(), list[str]()

    def look(host: str) -> list[str]:
        asked.append(host)
        if host.startswith("slow"):
            end.wait(60)
        if host.startswith("no"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ["192.0.2.7"]

    yield look, asked
    end.set()


Hanging = tuple[Callable[[str], list[str]], list[str]]


async def test_slow_names_hold_up_neither_others_nor_other_threads(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, asked = hanging
    monkeypatch.setattr(resolving, "LIMIT_S", GENEROUS_S)
    names = Names(look)
    slow = [asyncio.create_task(names.resolve(f"slow{number}.example")) for number in range(12)]
    await until(lambda: len(asked) == 12)
    assert await names.resolve("good.example") == ["192.0.2.7"]
    assert await asyncio.to_thread(lambda: 5) == 5  # the threads that ports are opened in
    assert not any(each.done() for each in slow)
    await names.close()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_a_name_server_that_does_not_answer_is_not_asked_again_soon(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, asked = hanging
    monkeypatch.setattr(resolving, "LIMIT_S", 0.2)
    names = Names(look)
    slow = [names.resolve(f"slow{number}.example") for number in range(12)]
    for result in await asyncio.gather(*slow, return_exceptions=True):
        assert isinstance(result, OSError)
        assert "does not answer" in str(result)
    before = len(asked)
    with pytest.raises(OSError, match="a moment ago"):
        await names.resolve("SLOW3.example.")
    assert len(asked) == before


async def test_a_name_that_fails_is_not_asked_for_at_once(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    look, asked = hanging
    names = Names(look)
    for _ in range(3):
        with pytest.raises(OSError, match="Name or service not known"):
            await names.resolve("no.example")
    assert asked == ["no.example"]
    real = time.monotonic
    monkeypatch.setattr(resolving.time, "monotonic", lambda: real() + 11)
    with pytest.raises(OSError, match="Name or service not known"):
        await names.resolve("no.example")
    assert asked == ["no.example"] * 2


async def test_one_name_is_looked_up_once_at_a_time(hanging: Hanging) -> None:
    look, asked = hanging
    names = Names(look)
    found = await asyncio.gather(*(names.resolve("good.example") for _ in range(20)))
    assert found == [["192.0.2.7"]] * 20
    assert asked == ["good.example"]
    assert await names.resolve("::1") == ["::1"]
    assert await names.resolve("good.example") == ["192.0.2.7"]  # a good answer is not kept: names move
    assert len(asked) == 2


async def test_waiting_names_are_bounded(hanging: Hanging) -> None:
    look, _ = hanging
    names = Names(look)
    tasks = [asyncio.create_task(names.resolve(f"slow{number}.example")) for number in range(resolving.WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="too many names"):
        await names.resolve("good.example")
    await names.close()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_name_that_cannot_be_one(hanging: Hanging) -> None:
    names = Names()
    with pytest.raises((OSError, UnicodeError)):
        await names.resolve("a" * 70 + ".example")
