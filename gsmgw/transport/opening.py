"""Opens the ports that the configuration names: tty paths and ``socket://host:port``."""

from __future__ import annotations

import os
from functools import partial

from gsmgw.digits import is_digits
from gsmgw.errors import PortError
from gsmgw.ports import ByteReceiver, ByteStream, Opener
from gsmgw.transport.serialport import open_serial, open_tcp

SOCKET = "socket://"


def parse_socket(port: str) -> tuple[str, int] | None:
    """Return host and port of ``socket://host:port``; None for anything else. Raises :class:`PortError`."""
    if not port.startswith(SOCKET):
        return None
    host, colon, number = port[len(SOCKET) :].rstrip("/").rpartition(":")
    if not colon or not host or not is_digits(number):
        raise PortError(f"port {port!r} is not valid: use socket://host:port")
    return host.strip("[]"), int(number)


async def open_port(port: str, receiver: ByteReceiver, *, baudrate: int = 115200) -> ByteStream:
    """Open a tty path or ``socket://host:port``. Raises :class:`PortError`."""
    target = parse_socket(port)
    if target is not None:
        return await open_tcp(*target, receiver)
    return await open_serial(port, receiver, baudrate)


def opener_for(port: str, *, baudrate: int = 115200) -> Opener:
    """Return a function that opens this port for a receiver."""
    return partial(open_port, port, baudrate=baudrate)


def port_present(port: str) -> bool:
    """Return whether the port may be opened: its node exists. A TCP port can only be tried."""
    return port.startswith(SOCKET) or os.path.exists(port)


def node_state(port: str) -> tuple[int, ...] | None:
    """Return what decides whether a port can be opened: its device, inode, mode and owner; None when it is absent."""
    try:
        found = os.stat(port)
    except OSError:
        return None
    return found.st_rdev, found.st_ino, found.st_mode, found.st_uid, found.st_gid


def same_node(port: str) -> tuple[int, int] | None:
    """Return the node of a path as device and inode; None when it does not exist.

    A change while the port is open means that it was unplugged without a hang-up.
    """
    try:
        found = os.stat(port)
    except OSError:
        return None
    return found.st_rdev, found.st_ino
