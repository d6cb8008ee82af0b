"""The asyncio transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar

import httpx

from gsmgw.client.calls import Call
from gsmgw.client.errors import LOST, NoDaemon, checked
from gsmgw.client.framing import Lines
from gsmgw.client.methods import AsyncMethods
from gsmgw.client.options import DEFAULT_SOCKET, STREAM_TIMEOUT, no_tls, options, where
from gsmgw.client.procedures import Attempts, Following, Reading, Walk, arguments

if TYPE_CHECKING:  # importing these takes most of the time of a command
    from gsmgw.wire import resources

P = ParamSpec("P")
T = TypeVar("T")


async def _lines(answer: httpx.Response) -> AsyncIterator[str]:
    lines = Lines()
    async for octets in answer.aiter_bytes():
        for line in lines.feed(octets):
            yield line
    for line in lines.end():
        yield line


def _does(describe: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.do(describe(*args, **kwargs))

    return method


def _lists(describe: Callable[P, Walk[T]]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        walk = describe(*args, **kwargs)
        while (call := walk.next()) is not None:
            for entry in walk.take(await self.do(call)):
                yield entry

    return method


def _reads(describe: Callable[P, Reading]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[str]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[str]:
        reading = describe(*args, **kwargs)
        try:
            async with self._stream(reading.call, reading.timeout) as answer:
                if reading.on_open is not None:
                    reading.on_open()
                async for portion in _lines(answer) if reading.by_line else answer.aiter_text():
                    yield portion
        except LOST as exc:
            raise NoDaemon(self.where, str(exc)) from exc

    return method


# ``sync`` has the same loops: ``async`` code cannot be shared. Everything else is in ``procedures``.
def _follows(describe: Callable[P, Following]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[resources.Event]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[resources.Event]:
        following = describe(*args, **kwargs)
        while True:
            cause: Exception | None = None
            try:
                async with self._stream(following.connect(), STREAM_TIMEOUT) as answer:
                    async for line in _lines(answer):
                        event = following.line(line)
                        if event is not None:
                            yield event
            except LOST as exc:
                cause = exc
            pause_s = following.broken(cause, self.where)
            if pause_s is None:
                return
            await asyncio.sleep(pause_s)

    return method


class AsyncClient(AsyncMethods):
    """The asyncio client, with the same methods as :class:`gsmgw.client.Client`."""

    _makers: ClassVar = {"does": _does, "lists": _lists, "reads": _reads, "follows": _follows}

    def __init__(
        self,
        socket: str | Path | None = DEFAULT_SOCKET,
        *,
        url: str | None = None,
        token: str | None = None,
        ca_file: str | Path | None = None,
    ) -> None:
        self.where = where(socket, url)
        transport = None if url else httpx.AsyncHTTPTransport(uds=str(socket), verify=no_tls())
        self._http = httpx.AsyncClient(transport=transport, **options(url, token, ca_file))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def do(self, call: Call[T]) -> T:
        """Make a call."""
        attempts = Attempts(call, self.where)
        while True:
            try:
                answer = await self._http.request(**arguments(call))
                return call.pick(checked(answer, self.where))
            except httpx.TransportError as exc:
                await asyncio.sleep(attempts.pause_s(exc))

    @asynccontextmanager
    async def _stream(self, call: Call[str], timeout: httpx.Timeout) -> AsyncIterator[httpx.Response]:
        async with self._http.stream(call.method, call.path, params=call.params, timeout=timeout) as answer:
            if not answer.is_success:
                await answer.aread()
                checked(answer, self.where)
            yield answer
