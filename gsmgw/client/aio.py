"""The asyncio transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from gsmgw.client import calls
from gsmgw.client.calls import Call, Json
from gsmgw.client.errors import LOST, NoDaemon, checked
from gsmgw.client.options import DEFAULT_SOCKET, ENDLESS, STREAM_TIMEOUT, options, where
from gsmgw.client.procedures import Attempts, Following, Walk

P = ParamSpec("P")
T = TypeVar("T")


def _does(describe: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncClient, P], Awaitable[T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.do(describe(*args, **kwargs))

    method.__name__, method.__doc__ = describe.__name__, describe.__doc__
    return method


class AsyncClient:
    """The asyncio client; the same calls as :class:`gsmgw.client.Client`."""

    def __init__(
        self,
        socket: str | Path | None = DEFAULT_SOCKET,
        *,
        url: str | None = None,
        token: str | None = None,
        ca_file: str | Path | None = None,
    ) -> None:
        self.where = where(socket, url)
        transport = None if url else httpx.AsyncHTTPTransport(uds=str(socket))
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
                answer = await self._http.request(
                    call.method, call.path, json=call.json, params=call.params, headers=call.headers
                )
                return call.pick(checked(answer))
            except httpx.TransportError as exc:
                await asyncio.sleep(attempts.pause_s(exc))

    request = _does(calls.request)
    send = _does(calls.send)
    send_many = _does(calls.send_many)
    preview = _does(calls.preview)
    message = _does(calls.message)
    page = _does(calls.page)
    conversation_page = _does(calls.conversation_page)
    quarantine_page = _does(calls.quarantine_page)
    reread_quarantine = _does(calls.reread_quarantine)
    audit_page = _does(calls.audit_page)
    act = _does(calls.act)
    modems = _does(calls.modems)
    modem = _does(calls.modem)
    stats = _does(calls.stats)

    def messages(self, *, limit: int | None = None, **filters: Any) -> AsyncIterator[Json]:
        """Messages, newest first, as many as there are or ``limit``; ``filters`` as of ``GET /v1/messages``."""
        return self._listed(calls.page(**filters), limit)

    def conversations(self, *, limit: int | None = None) -> AsyncIterator[Json]:
        """Each peer with the latest message, newest first, as many as there are or ``limit``."""
        return self._listed(calls.conversation_page(), limit)

    def quarantine(self, *, limit: int | None = None) -> AsyncIterator[Json]:
        """Received PDUs that could not be understood, newest first, as many as there are or ``limit``."""
        return self._listed(calls.quarantine_page(), limit)

    def audit(self, *, limit: int | None = None, **filters: Any) -> AsyncIterator[Json]:
        """The audit log, newest first, as much as there is or ``limit``; ``filters`` as of ``GET /v1/audit``."""
        return self._listed(calls.audit_page(**filters), limit)

    async def _listed(self, first: Call[Json], limit: int | None) -> AsyncIterator[Json]:
        walk = Walk(first, limit)
        while (call := walk.next()) is not None:
            for entry in walk.take(await self.do(call)):
                yield entry

    async def export(self, format: str = "ndjson", **filters: Any) -> AsyncIterator[str]:
        """All messages that the filters let through, in portions of lines: ``ndjson``, or ``csv`` with a header."""
        try:
            async with self._stream(calls.export(format, filters), STREAM_TIMEOUT) as answer:
                async for portion in answer.aiter_text():
                    yield portion
        except LOST as exc:
            raise NoDaemon(self.where, str(exc)) from exc

    async def lines(self, path: str, params: Any = None) -> AsyncIterator[str]:
        """The lines of an answer that does not end by itself."""
        try:
            async with self._stream(Call("GET", path, params=params), ENDLESS) as answer:
                async for line in answer.aiter_lines():
                    yield line
        except LOST as exc:
            raise NoDaemon(self.where, str(exc)) from exc

    async def events(
        self,
        after: int | None = None,
        types: Iterable[str] = (),
        *,
        resume: bool = True,
        timeout_s: float | None = None,
    ) -> AsyncIterator[Json]:
        """Events as they happen, from behind ``after``. A lost connection is taken up again where it broke.

        With ``timeout_s``, :class:`TimeoutError` is raised when the whole has lasted that long.
        """
        following = Following(self.where, after, types, resume=resume, timeout_s=timeout_s)
        while True:
            cause: Exception | None = None
            try:
                async with self._stream(following.connect(), STREAM_TIMEOUT) as answer:
                    async for line in answer.aiter_lines():
                        event = following.line(line)
                        if event is not None:
                            yield event
            except LOST as exc:
                cause = exc
            pause_s = following.broken(cause)
            if pause_s is None:
                return
            await asyncio.sleep(pause_s)

    @asynccontextmanager
    async def _stream(self, call: Call[str], timeout: httpx.Timeout) -> AsyncIterator[httpx.Response]:
        async with self._http.stream(call.method, call.path, params=call.params, timeout=timeout) as answer:
            if not answer.is_success:
                await answer.aread()
                checked(answer)
            yield answer
