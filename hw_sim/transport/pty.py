"""A port as a pseudo-terminal."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import termios
import tty
from pathlib import Path

from ..at.port import Port
from .base import discard
from .inotify import CloseWatch
from .writer import DescriptorWriter


class PtyTransport:
    """A pseudo-terminal whose slave is linked at ``path``.

    The slave is held open here too, so that programs may come and go. ``close`` hangs up (they read EIO or the end) and
    removes the link.
    """

    def __init__(self, port: Port, path: Path, watch: CloseWatch | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._port = port
        self.path = str(path)
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.device = os.ttyname(self._slave)
        self._writer = DescriptorWriter(self._loop, self._master)
        self._open = True
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.device)
        fresh.replace(path)
        self._loop.add_reader(self._master, self._readable)
        port.send = self._writer.write
        self._watch = watch
        self._watched = watch.add(self.device, self._unlock) if watch is not None else 0

    def _unlock(self) -> None:
        """Remove the exclusive lock of a program that closed the terminal (see ``inotify``)."""
        fcntl.ioctl(self._slave, termios.TIOCNXCL)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._port.receive(data)

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._port.send = discard
        if self._watch is not None:
            self._watch.remove(self._watched)
        self._loop.remove_reader(self._master)
        self._writer.close()
        path = Path(self.path)
        with contextlib.suppress(OSError):
            if os.readlink(path) == self.device:
                path.unlink()
            if path.parent.name == "aux":
                path.parent.rmdir()
        os.close(self._master)
        os.close(self._slave)
