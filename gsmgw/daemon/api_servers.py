"""The HTTP servers of a gateway: one for the Unix sockets, one for TCP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence

from gsmgw.api import Apps
from gsmgw.config.service import ApiSection
from gsmgw.http.origins import Proxies
from gsmgw.http.protocol import Bounds
from gsmgw.http.server import Server, make_server
from gsmgw.http.tls import Certificates

#: Opens the TCP listeners whose address did not exist at the start.
TcpLater = Callable[[], Awaitable[tuple[list[socket.socket], Certificates | None]]]


class ApiServers:
    """Serves the applications within the configured bounds."""

    def __init__(self, apps: Apps, api: ApiSection, proxies: Proxies, group: asyncio.TaskGroup) -> None:
        self._apps = apps
        self._group = group
        self._bounds = Bounds(
            api.max_connections,
            api.max_connections_per_address,
            proxies,
            api.request_timeout_s,
            body_s=min(Bounds().body_s, api.request_timeout_s),
            stall_s=api.stall_timeout_s,
        )
        self._servers: list[Server] = []

    def serve_unix(self, listeners: list[socket.socket]) -> None:
        """Serve clients that are trusted, because they may open the socket."""
        self._serve(make_server(self._apps.socket, self._bounds), listeners)

    def serve_tcp(self, listeners: Sequence[socket.socket], certificates: Certificates | None) -> None:
        """Serve clients that need a token, with TLS where there are certificates."""
        self._serve(make_server(self._apps.tcp, self._bounds, certificates), list(listeners))

    async def serve_tcp_later(self, listeners_of: TcpLater) -> None:
        """Serve TCP once its listeners are there."""
        self.serve_tcp(*await listeners_of())

    async def are_listening(self) -> None:
        """Return once all servers accept connections."""
        for server in self._servers:
            await server.listening.wait()

    def stop(self) -> None:
        """Accept nothing more, and end when the requests in progress have ended."""
        for server in self._servers:
            server.should_exit = True

    def _serve(self, server: Server, listeners: list[socket.socket]) -> None:
        self._servers.append(server)
        self._group.create_task(server.serve(listeners), name="api")
