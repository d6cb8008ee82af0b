"""Serves applications on a Unix socket and on TCP, in the event loop of the gateway."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import grp
import logging
import os
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from gsmgw.errors import ConfigError, Unavailable
from gsmgw.http.handshakes import Handshakes
from gsmgw.http.protocol import Bounds, bounded
from gsmgw.http.tls import Certificates

log = logging.getLogger(__name__)


#: Seconds between two log lines about connections that cannot be accepted.
ACCEPT_REPORT_S = 60.0


class _AcceptFailures:
    """The event loop's exception handler. Without free file descriptors, accepting fails once a second."""

    def __init__(self, previous: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None) -> None:
        self._previous = previous
        self._count = 0
        self._reported_s: float | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        exc = context.get("exception")
        if not (isinstance(exc, OSError) and exc.errno in _OUT_OF_RESOURCES and "accept" in context.get("message", "")):
            if self._previous is not None:
                self._previous(loop, context)
            else:
                loop.default_exception_handler(context)
            return
        self._count += 1
        now_s = loop.time()
        if self._reported_s is None or now_s - self._reported_s >= ACCEPT_REPORT_S:
            log.error("api: connections cannot be accepted error=%s failures=%d", exc.strerror, self._count)
            self._reported_s, self._count = now_s, 0


_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def condense_accept_failures(loop: asyncio.AbstractEventLoop) -> None:
    """Log at most once a minute, with a count, that connections cannot be accepted."""
    previous = loop.get_exception_handler()
    if not isinstance(previous, _AcceptFailures):
        loop.set_exception_handler(_AcceptFailures(previous))


class Server(uvicorn.Server):
    """Uvicorn without its own signal handlers: the daemon decides when it stops."""

    def __init__(self, config: uvicorn.Config, handshakes: Handshakes | None = None) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._handshakes = handshakes

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections."""
        condense_accept_failures(asyncio.get_running_loop())
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the requests under way and accept no others."""
        if self._handshakes is not None:
            self._handshakes.abort()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not touch signals."""
        yield


def make_server(app: ASGIApp, bounds: Bounds, certificates: Certificates | None = None) -> Server:
    """Return a server for open sockets, to run with :meth:`Server.serve`. With certificates it uses TLS."""
    handshakes = None if certificates is None else Handshakes(bounds, certificates)
    config = uvicorn.Config(
        app,
        http=bounded(bounds) if handshakes is None else handshakes.protocol(),
        proxy_headers=False,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
        backlog=512,
    )
    return Server(config, handshakes)


def bind_unix(path: Path, mode: int, group: str | None = None) -> socket.socket:
    """Return a listening Unix socket with these permissions. A stale socket of a dead process is replaced."""
    number = -1 if group is None else _group(group)
    with contextlib.suppress(OSError):  # binding will report what is wrong with the path
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise Unavailable("[gateway] socket", [f"{path} exists and is not a socket"])
        if _answers(path):
            raise Unavailable("[gateway] socket", [f"another process serves {path}"])
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    previous = os.umask(0o777 & ~mode)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        listener.bind(str(path))
        if number >= 0:
            os.chown(path, -1, number)
        path.chmod(mode)
    except OSError as exc:
        listener.close()
        # Without an error number the path itself is not possible for a socket.
        kind = Unavailable if exc.errno is not None else ConfigError
        raise kind("[gateway] socket", [f"{path}: {exc.strerror or exc}"]) from None
    finally:
        os.umask(previous)
    listener.listen(512)
    listener.setblocking(False)
    return listener


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ConfigError("[gateway] socket_group", [f"the group {name!r} does not exist"]) from None


def bind_tcp(address: str) -> socket.socket:
    """Return a listening TCP socket at ``host:port``."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol given: asyncio turns Nagle's algorithm off for such sockets only. A response is more than one
    # write, and the second one would wait 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, socket.IPPROTO_TCP)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
    except OSError as exc:
        listener.close()
        raise Unavailable("[api] listen", [f"{address}: {exc.strerror or exc}"]) from None
    listener.listen(512)
    listener.setblocking(False)
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def close_all(sockets: Sequence[socket.socket], path: Path | None) -> None:
    """Close the listeners and remove the file of the Unix socket."""
    for listener in sockets:
        listener.close()
    if path is not None:
        path.unlink(missing_ok=True)
