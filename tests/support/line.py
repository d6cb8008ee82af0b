"""A line between two programs that can be cut: a TCP proxy in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading


class Line:
    """Passes everything on to a port of this machine, until it is cut; mended, it passes on again."""

    def __init__(self, port: int) -> None:
        self._far = port
        self._is_cut = False
        self._is_hushed = False
        #: What the far end sent while nothing went to it.
        self.heard = bytearray()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._stop: asyncio.Event
        self.port = 0
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()

    @property
    def url(self) -> str:
        """Where a NATS client finds it."""
        return f"nats://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """End the connections and let no new ones through."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._close_all)

    def hush(self) -> None:
        """Lose what is sent to the far end from now on; what comes from there still passes."""
        self._is_hushed = True

    def mend(self) -> None:
        """Let everything through again."""
        self._is_cut = self._is_hushed = False

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(ready))
        self._loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()
        self._close_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _close_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far)
            self._writers.add(far_writer)
            try:
                await asyncio.gather(self._to(reader, far_writer), self._back(far_reader, writer))
            finally:
                self._writers.discard(far_writer)
                far_writer.transport.abort()
        except OSError:
            return
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _to(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not self._is_hushed:
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self._is_hushed:
                    self.heard += data
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
