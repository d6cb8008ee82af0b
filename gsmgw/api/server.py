"""Serving the application: on a Unix socket with a mode, within the gateway's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from gsmgw.api.handshakes import Handshakes
from gsmgw.api.protocol import Bounds, guarded
from gsmgw.api.tls import Certificates
from gsmgw.errors import ConfigError, Unavailable


class Server(uvicorn.Server):
    """Uvicorn without its own signal handlers: the daemon decides when it ends."""

    def __init__(self, config: uvicorn.Config, handshakes: Handshakes | None = None) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._handshakes = handshakes

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections."""
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let the requests end that are under way, and nothing else begin."""
        if self._handshakes is not None:
            self._handshakes.abort()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def make_server(app: ASGIApp, bounds: Bounds, certificates: Certificates | None = None) -> Server:
    """A server for the application, to be run with :meth:`Server.serve` on open sockets; with TLS by certificates."""
    handshakes = None if certificates is None else Handshakes(bounds, certificates)
    config = uvicorn.Config(
        app,
        http=guarded(bounds) if handshakes is None else handshakes.protocol(),
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
    """A listening Unix socket at ``path`` with these permissions. A stale one of a dead process is replaced."""
    number = -1 if group is None else _group(group)
    with contextlib.suppress(OSError):  # what is wrong with the place, binding will say
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
        # Without an error number it is the path itself that no socket can have.
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
        raise ConfigError("[gateway] socket_group", [f"there is no group named {name!r}"]) from None


def bind_tcp(address: str) -> socket.socket:
    """A listening TCP socket at ``host:port``."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
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
    """Close the listeners and remove the socket's file where it is ours."""
    for listener in sockets:
        listener.close()
    if path is not None:
        path.unlink(missing_ok=True)
