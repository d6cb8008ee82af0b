"""Notify systemd of the service's state (sd_notify(3))."""

from __future__ import annotations

import os
import socket

from gsmgw.digits import is_digits
from gsmgw.errors import ConfigError

#: SD_LISTEN_FDS_START
_FIRST_FD = 3


def notify(*lines: str) -> bool:
    """Send lines such as ``READY=1`` to the socket in $NOTIFY_SOCKET; False when there is none."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(address)
            channel.sendall("\n".join(lines).encode())
    except OSError:
        return False
    return True


def watchdog_interval_s() -> float | None:
    """Return half of systemd's watchdog interval, seconds, or None without a watchdog."""
    text = os.environ.get("WATCHDOG_USEC", "")
    owner = os.environ.get("WATCHDOG_PID")
    if not is_digits(text) or (owner and owner != str(os.getpid())):
        return None
    return int(text) / 2_000_000


def listen_sockets() -> list[socket.socket]:
    """The listening Unix sockets that systemd passed (sd_listen_fds(3)); others are not what gsmgw.socket has."""
    pid, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "0")
    os.environ.pop("LISTEN_FDNAMES", None)  # all three are for this process, not for programs that it runs
    if pid != str(os.getpid()) or not is_digits(count):
        return []
    passed = [socket.socket(fileno=fd) for fd in range(_FIRST_FD, _FIRST_FD + int(count))]
    for listener in passed:
        listener.set_inheritable(False)
        listener.setblocking(False)
        if listener.family != socket.AF_UNIX or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise ConfigError("gsmgw.socket", ["passes a socket that is not a listening Unix stream socket"])
    return passed
