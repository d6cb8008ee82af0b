"""The programs that have a port open or locked, as far as this process may see them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

#: A lock of flock(2) or fcntl(2): ``1: FLOCK  ADVISORY  WRITE 812 00:05:1234 0 EOF`` (proc(5)).
_LOCK = re.compile(r"\d+: (?:FLOCK|POSIX|OFDLCK) +\S+ +\S+ (\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) ", re.ASCII)


def users_of(path: str, proc: Path = Path("/proc")) -> set[int]:
    """Return the processes that use a device; this one may be among them."""
    return {*_locking(path, proc), *_holding(path, proc)}


def _locking(path: str, proc: Path) -> Iterator[int]:
    """Yield the processes with a lock on the device. Every user may see these."""
    try:
        about = os.stat(path)
        locks = (proc / "locks").read_text("ascii", "replace")
    except OSError:
        return
    device = os.major(about.st_dev), os.minor(about.st_dev)
    for match in _LOCK.finditer(locks):
        if (int(match[2], 16), int(match[3], 16)) == device and int(match[4]) == about.st_ino:
            yield int(match[1])


def _holding(path: str, proc: Path) -> Iterator[int]:
    """Yield the processes that have the device open, without those of other users where this one is not root."""
    node = Path(os.path.realpath(path))
    for process in proc.glob("[0-9]*"):
        try:
            if any(descriptor.readlink() == node for descriptor in (process / "fd").iterdir()):
                yield int(process.name)
        except OSError:
            continue


def program(pid: int, proc: Path = Path("/proc")) -> str:
    """Return a process as a person knows it: ``ModemManager (PID 812)``."""
    try:
        name = (proc / str(pid) / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        return f"PID {pid}"
    return f"{name} (PID {pid})"
