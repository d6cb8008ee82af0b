"""TLS handshakes under way: each has a time limit, and they count as connections.

asyncio's own TLS listener calls a protocol only after the handshake. Until then nobody could count a connection or
refuse it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from gsmgw.http.protocol import Bounds, bounded
from gsmgw.http.tls import Certificates
from gsmgw.http.unauthenticated import UnauthenticatedConnections

#: Time for a client to end TLS (close_notify) when its connection is closed; it is not counted in that time.
_SHUTDOWN_S = 2


class Handshakes:
    """The handshakes of one listener that are under way."""

    def __init__(self, bounds: Bounds, certificates: Certificates) -> None:
        self.bounds = bounds
        self.certificates = certificates
        self.unauthenticated = UnauthenticatedConnections(bounds.per_address, bounds.proxies)
        #: Makes a connection from the arguments that uvicorn gives to a protocol.
        self.connection: Callable[..., asyncio.Protocol] = bounded(bounds, self.unauthenticated)
        self.under_way: dict[asyncio.Transport, asyncio.Task[None]] = {}

    def abort(self) -> None:
        """Abort all of them."""
        for transport in list(self.under_way):
            transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """Return the protocol class of the listener."""
        made: dict[str, Any] = {"handshakes": self}
        return type("TlsConnection", (_Plain,), made)


class _Plain(asyncio.Protocol):
    """A connection until TLS takes it over. Its decrypted bytes are for a bounded connection."""

    handshakes: Handshakes

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        self._loop: asyncio.AbstractEventLoop = _loop or asyncio.get_running_loop()
        self._open = server_state.connections
        self._connection = self.handshakes.connection(config, server_state, app_state, _loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake, if there are not too many connections."""
        assert isinstance(transport, asyncio.Transport)
        known = self.handshakes
        if len(self._open) + len(known.under_way) >= known.bounds.max_connections:
            transport.abort()  # without TLS there is no way to say why
            return
        transport.pause_reading()  # what comes before TLS has taken over would be lost
        client = transport.get_extra_info("peername")
        if client:
            known.unauthenticated.add(transport, client[0], transport.abort)
        known.under_way[transport] = self._loop.create_task(self._shake_hands(transport), name="TLS handshake")

    async def _shake_hands(self, transport: asyncio.Transport) -> None:
        known, early = self.handshakes, _EarlyData()
        try:
            secured = await self._loop.start_tls(
                transport,
                early,
                known.certificates.context,
                server_side=True,
                ssl_handshake_timeout=known.bounds.head_s,
                ssl_shutdown_timeout=_SHUTDOWN_S,
            )
        except (OSError, ssl.SSLError):  # the client's fault; the connection is closed
            secured = None
        finally:
            del known.under_way[transport]
            known.unauthenticated.discard(transport)
        if secured is not None:
            early.hand_over(secured, self._connection)


class _EarlyData(asyncio.Protocol):
    """Keeps what comes right after a handshake, until the connection is there."""

    def __init__(self) -> None:
        self._data: list[bytes] = []
        self._ended = False
        self._lost = False

    def data_received(self, data: bytes) -> None:
        """Keep data."""
        self._data.append(data)

    def eof_received(self) -> bool:
        """Note that the client sends no more."""
        self._ended = True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the client is gone."""
        self._lost = True

    def hand_over(self, transport: asyncio.Transport, connection: asyncio.Protocol) -> None:
        """Let a connection go on from here."""
        if self._lost or transport.is_closing():
            return
        transport.set_protocol(connection)
        connection.connection_made(transport)
        for data in self._data:
            connection.data_received(data)
        if self._ended:
            connection.eof_received()
