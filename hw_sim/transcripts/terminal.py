"""Terminals for record and replay: a real serial port, and a pseudo-terminal with a link."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections.abc import Callable
from pathlib import Path


def open_serial(path: str, baud: int = 115200) -> int:
    """Open a serial port: raw, without flow control, not blocking. Return its descriptor. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tty.setraw(fd)
        speed = getattr(termios, f"B{baud}", None)
        if speed is None:
            raise OSError(f"line speed {baud} is not supported")
        settings = termios.tcgetattr(fd)
        settings[2] |= termios.CLOCAL | termios.CREAD
        settings[4] = settings[5] = speed
        termios.tcsetattr(fd, termios.TCSANOW, settings)
    except termios.error as error:
        os.close(fd)
        raise OSError(f"{path} is not a serial port: {error.args[-1]}") from None
    except OSError as error:
        os.close(fd)
        raise OSError(f"{path}: {error}") from None
    return fd


class LinkedTerminal:
    """A pseudo-terminal with a link, for record and replay."""

    def __init__(self, link: Path, taken: Callable[[bytes], object]) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self._link, self._taken = link, taken
        try:
            link.unlink(missing_ok=True)
            link.symlink_to(os.ttyname(self._slave))
        except OSError:
            os.close(self.master)
            os.close(self._slave)
            raise
        asyncio.get_running_loop().add_reader(self.master, self._readable)

    def _readable(self) -> None:
        data = os.read(self.master, 65536)
        if data:
            self._taken(data)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        os.close(self._slave)
        self._link.unlink(missing_ok=True)
