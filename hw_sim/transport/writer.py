"""Bytes out of a file descriptor without blocking."""

from __future__ import annotations

import asyncio
import os
from collections import deque

BACKLOG_LIMIT_BYTES = 1 << 20  # kept for a slow reader; more is lost, as on a UART
STALE_S = 2.0  # after so long without any reading all of it is dropped, so that the next reader gets no old lines


class DescriptorWriter:
    """Writes bytes to a descriptor: at once when it takes them, else when it is ready."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fd: int) -> None:
        self._loop, self._fd = loop, fd
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._progress = 0.0

    def write(self, data: bytes) -> None:
        if self._waiting and self._loop.time() - self._progress > STALE_S:
            self._waiting.clear()
            self._size = 0
        if not self._waiting:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                pass
            except OSError:
                return
            if not data:
                return
            self._progress = self._loop.time()
            self._loop.add_writer(self._fd, self._drain)
        if self._size + len(data) <= BACKLOG_LIMIT_BYTES:
            self._waiting.append(data)
            self._size += len(data)

    def _drain(self) -> None:
        while self._waiting:
            data = self._waiting[0]
            try:
                done = os.write(self._fd, data)
            except BlockingIOError:
                return
            except OSError:
                self._waiting.clear()
                break
            self._size -= done
            self._progress = self._loop.time()
            if done < len(data):
                self._waiting[0] = data[done:]
                return
            self._waiting.popleft()
        self._size = 0
        self._loop.remove_writer(self._fd)

    def close(self) -> None:
        self._loop.remove_writer(self._fd)
        self._waiting.clear()
