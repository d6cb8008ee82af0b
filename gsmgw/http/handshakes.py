"""TLS connections before they are any: their handshake has to come in time, and they count among the connections.

The event loop's own way calls a protocol only once the handshake is done: until then, for a minute at the most, nobody
could count a connection or refuse it.
"""

from __future__ import annotations

import asyncio
import math
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from typing import Any

from gsmgw.http.protocol import Bounds, guarded
from gsmgw.http.tls import Certificates
from gsmgw.http.unauthenticated import Strangers

#: How long a client may take to say goodbye (close_notify) when its connection is closed: it is not counted then.
_SHUTDOWN_S = 2


class Handshakes:
    """The handshakes of one listener that are under way."""

    def __init__(self, bounds: Bounds, certificates: Certificates) -> None:
        self.bounds = bounds
        self.certificates = certificates
        #: Makes a connection, of what uvicorn gives to a protocol.
        self.strangers = Strangers(bounds.per_address, bounds.proxies)
        self.connection: Callable[..., asyncio.Protocol] = guarded(bounds, self.strangers)
        self.under_way: set[asyncio.Transport] = set()

    def abort(self) -> None:
        """End them all."""
        for transport in list(self.under_way):
            transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """The protocol of the listener."""
        made: dict[str, Any] = {"handshakes": self}
        return type("SecuredConnection", (_Secured,), made)


class _Secured(asyncio.Protocol):
    """A connection until TLS takes it over; what it says in TLS is for a guarded connection."""

    handshakes: Handshakes

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        self._loop: asyncio.AbstractEventLoop = _loop or asyncio.get_running_loop()
        self._open = server_state.connections
        self._inner = self.handshakes.connection(config, server_state, app_state, _loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        assert isinstance(transport, asyncio.Transport)
        known = self.handshakes
        if len(self._open) + len(known.under_way) >= known.bounds.max_connections:
            transport.abort()  # without TLS there is no way to say why
            return
        known.under_way.add(transport)
        client = transport.get_extra_info("peername")
        if client:
            known.strangers.add(transport, client[0], transport.abort)
        done: asyncio.Future[None] = self._loop.create_future()

        def ended(done: asyncio.Future[None]) -> None:
            known.under_way.discard(transport)
            known.strangers.discard(transport)
            if not done.cancelled():
                done.exception()  # the client's fault; the connection is closed

        done.add_done_callback(ended)
        # As asyncio does it for a listener with ``ssl``; ``start_tls`` may lose what comes right behind the handshake.
        tls = SSLProtocol(
            self._loop,
            self._inner,
            known.certificates.context,
            done,
            server_side=True,
            ssl_handshake_timeout=math.ceil(known.bounds.head_s),
            ssl_shutdown_timeout=_SHUTDOWN_S,
        )
        transport.set_protocol(tls)
        tls.connection_made(transport)
