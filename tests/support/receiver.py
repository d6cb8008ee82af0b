"""A webhook receiver for tests: a real HTTP server on a real socket that behaves as badly as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

#: A status, and extra headers; or "hang" for no answer, "cut" for a connection that is closed instead,
#: "stall" for a good status whose body never comes.
Answer = int | tuple[int, dict[str, str]] | str


@dataclass(frozen=True)
class Request:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def event(self) -> int:
        """The event's number, by its webhook-id."""
        return int(self.headers["webhook-id"].removeprefix("evt_"))


@dataclass
class Receiver:
    """Answers by ``script``, then by ``answer``; keeps what came."""

    port: int = 0
    answer: Answer = 204
    script: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    refuse: Callable[[Request], bool] = lambda _: False
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def events(self) -> list[int]:
        return [request.event for request in self.requests]

    async def came(self, count: int) -> list[Request]:
        """Wait until so many requests have come."""
        async with asyncio.timeout(60), self._came:
            await self._came.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                answer = self.script.pop(0) if self.script else self.answer
                if self.refuse(request):
                    answer = 400
                async with self._came:
                    self.requests.append(request)
                    self._came.notify_all()
                if answer == "cut":
                    return
                if answer == "hang":
                    await reader.read()
                    return
                if answer == "stall":
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe beg")
                    await reader.read()
                    return
                assert not isinstance(answer, str)
                status, extra = answer if isinstance(answer, tuple) else (answer, {})
                lines = [f"HTTP/1.1 {status} As asked", "Content-Length: 5", *(f"{n}: {v}" for n, v in extra.items())]
                if status == 204:
                    del lines[1]
                writer.write("\r\n".join([*lines, "", "" if status == 204 else "words"]).encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    first = await reader.readline()
    if not first:
        return None
    headers = {}
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(first.decode().split()[1], headers, body.decode())


@contextlib.asynccontextmanager
async def receiving(
    answer: Answer = 204, *, port: int = 0, script: list[Answer] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A receiver until the block ends."""
    receiver = Receiver(answer=answer, script=list(script or []))
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await receiver._serve(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
