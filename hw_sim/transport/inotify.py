"""Notices when a program closes a terminal, through inotify(7).

The simulator holds every slave open, so the kernel never sees a last close, and an exclusive lock (TIOCEXCL) of a
program would survive the program: the next one would get EBUSY. Therefore each close removes the lock.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable

_CLOSE = 0x08 | 0x10  # IN_CLOSE_WRITE | IN_CLOSE_NOWRITE, inotify(7)
_HEAD = struct.Struct("iIII")  # wd, mask, cookie, length of the name


class CloseWatch:
    """One inotify descriptor for all terminals of a simulation."""

    def __init__(self) -> None:
        """Raise OSError where the system offers no inotify."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = int(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._callbacks: dict[int, Callable[[], object]] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._readable)

    def add(self, path: str, closed: Callable[[], object]) -> int:
        """Call ``closed`` after each close of ``path``; return a number for ``remove``. Raises OSError."""
        number = int(self._libc.inotify_add_watch(self._fd, os.fsencode(path), _CLOSE))
        if number < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")
        self._callbacks[number] = closed
        return number

    def remove(self, number: int) -> None:
        if self._callbacks.pop(number, None) is not None:
            self._libc.inotify_rm_watch(self._fd, number)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            number, _, _, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size + length
            closed = self._callbacks.get(number)
            if closed is not None:
                closed()

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        os.close(self._fd)
