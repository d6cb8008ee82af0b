"""HTTP connections with limits: on their number, on the size of headers, and on how slow a client may be.

Uvicorn's own protocols have none of these: a client that sends a byte a minute, or reads nothing, would keep its
connection for ever.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from gsmgw.http.identity import LINE, Peer
from gsmgw.http.joined_writes import JoiningTransport
from gsmgw.http.origins import Proxies
from gsmgw.http.problems import Problem
from gsmgw.http.unauthenticated import UnauthenticatedConnections
from gsmgw.wire.problems import ProblemCode

#: Time for a refused client to read the response.
_LINGER_S = 1.0
#: Bytes of an unwanted body that are read and dropped, so that the connection stays usable.
_DROPPED_BYTES = 256 * 1024
_UCRED = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of one listener."""

    max_connections: int = 1024
    #: Connections of one client network without a valid token.
    per_address: int = 64
    #: Addresses that many clients share.
    proxies: Proxies = field(default_factory=Proxies)
    #: From the first byte of a request, or from the start of the connection, to the end of the headers.
    head_s: float = 15.0
    head_bytes: int = 32 * 1024
    #: While a body is awaited, at least ``body_bytes`` of it must come in each ``body_s``.
    body_s: float = 10.0
    body_bytes: int = 4096
    #: How long a reader may leave buffered data unread.
    stall_s: float = 30.0
    #: Bytes that are buffered for a reader before the application must wait.
    buffer_bytes: int = 32 * 1024


def _peer(transport: asyncio.Transport) -> Peer | None:
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family != socket.AF_UNIX:
        return None
    return Peer(*_UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)))


def _raw(problem: Problem) -> bytes:
    """Return a whole response to a request that was never complete."""
    body = json.dumps(problem.body()).encode()
    head = (
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


class BoundedConnection(H11Protocol):
    """A connection with limits."""

    bounds: Bounds
    unauthenticated: UnauthenticatedConnections

    _head_bytes = 0
    _moved_bytes = 0
    _dropped_bytes = 0
    _closed = False
    #: The client has sent everything and waits for the response.
    _listens_only = False
    _timer: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _changed: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a client, or refuse it if there are too many."""
        assert isinstance(transport, asyncio.Transport)
        transport = JoiningTransport(transport)
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=self.bounds.buffer_bytes)
        peer = _peer(transport)
        self.app_state = {**self.app_state, "peer": peer, LINE: self}
        if len(self.connections) > self.bounds.max_connections:
            self._refuse(Problem(ProblemCode.BUSY, f"at most {self.bounds.max_connections} connections are possible"))
        else:
            if peer is None and self.client is not None:
                self.unauthenticated.add(self, self.client[0], transport.abort)
            self._arm(self.bounds.head_s, self._head_is_late)

    def admit(self) -> None:
        """Note that the client has presented a valid token."""
        self.unauthenticated.discard(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up after the client is gone."""
        self._closed = True
        self.unauthenticated.discard(self)
        for timer in (self._timer, self._stall):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        if self._changed is not None:
            self._changed()

    def data_received(self, data: bytes) -> None:
        """Handle data from the client."""
        if self._closed:
            return
        before = self.cycle
        self._moved_bytes += len(data)
        unwanted = self._body_is_unwanted()
        super().data_received(data)
        if self._closed or self.transport.is_closing():
            return
        if unwanted:
            self._dropped_bytes += len(data)
            if self._dropped_bytes > _DROPPED_BYTES:
                self._hang_up()
                return
        if self.cycle is not before:
            self._head_bytes = 0
            self._dropped_bytes = 0
            self._disarm()
            if self.cycle.more_body:
                self._arm(self.bounds.body_s, self._look_at_body)
        elif unwanted:
            if not self._body_is_unwanted():  # it has ended, and the next request may come
                self._arm(self.bounds.head_s, self._head_is_late)
        elif before is None or before.response_complete:
            self._head_bytes += len(data)
            if self._head_bytes > self.bounds.head_bytes:
                limit = self.bounds.head_bytes
                self._refuse(Problem(ProblemCode.HEADERS_TOO_LARGE, f"the headers may have at most {limit} bytes"))
            elif self._timer is None:
                self._arm(self.bounds.head_s, self._head_is_late)

    def handle_events(self) -> None:
        """Parse what came, after empty lines before a request: some clients end a body with one (RFC 9112 2.2)."""
        if self.conn.their_state is h11.IDLE:
            waiting, _ = self.conn.trailing_data
            if waiting[:1] in (b"\r", b"\n"):
                self.conn = h11.Connection(h11.SERVER)
                if rest := waiting.lstrip(b"\r\n"):
                    self.conn.receive_data(rest)
        super().handle_events()

    def eof_received(self) -> Any:
        """Return True if the connection stays open: the client sends no more, but its request is still answered.

        TLS has no half-open connections.
        """
        cycle = self.cycle
        if self._closed or self.scheme == "https" or cycle is None or cycle.response_started:
            return False
        self._listens_only = True
        if cycle.more_body:
            self._refuse(Problem(ProblemCode.HTTP_ERROR, "the body ended too early"))
        return True

    def on_response_complete(self) -> None:
        """Go on after a response, which may have been sent before the whole body came."""
        super().on_response_complete()
        if self._closed or self.transport.is_closing():
            return
        if self._listens_only:
            self.transport.close()
        elif self._body_is_unwanted():
            if self.cycle.waiting_for_100_continue:  # the body may come or not; it looks like the next request
                self._hang_up()
            else:
                self._arm(self.bounds.body_s, self._look_at_body)

    def _body_is_unwanted(self) -> bool:
        """Return True if a body is still to come for a request that is answered already."""
        cycle = self.cycle
        return cycle is not None and cycle.response_complete and self.conn.their_state is h11.SEND_BODY

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP."""
        self._refuse(Problem(ProblemCode.HTTP_ERROR, "this is not a valid HTTP request"))

    def pause_writing(self) -> None:
        """Wait: the client reads too slowly."""
        super().pause_writing()
        if self._stall is None:
            self._stall = self.loop.call_later(self.bounds.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has caught up."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        if self._changed is not None:
            self._changed()

    # The connection as an event stream needs it (``event_streams.Line``); uvicorn's way is a coroutine for each chunk.

    @property
    def writable(self) -> bool:
        """Return True if it takes more data now."""
        return not self.flow.write_paused and not self.transport.is_closing()

    @property
    def lost(self) -> bool:
        """Return True if the client is gone."""
        return self._closed

    def push(self, chunk: bytes) -> None:
        """Write a part of the response, without waiting."""
        self.transport.write(self.conn.send(h11.Data(data=chunk)))

    def watch(self, changed: Callable[[], None] | None) -> None:
        """Call ``changed`` when the connection takes more data again, and when the client is gone."""
        self._changed = changed

    def _arm(self, seconds: float, callback: Callable[[], None]) -> None:
        self._disarm()
        self._moved_bytes = 0
        self._timer = self.loop.call_later(seconds, callback)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        self._timer = None
        if self._head_bytes:
            self._refuse(
                Problem(ProblemCode.REQUEST_TIMEOUT, f"the headers did not arrive within {self.bounds.head_s:g} s")
            )
        else:
            self.transport.close()

    def _look_at_body(self) -> None:
        self._timer = None
        cycle = self.cycle
        unwanted = self._body_is_unwanted()
        if cycle is None or not (unwanted or (cycle.more_body and not cycle.response_complete)):
            return
        if self.flow.read_paused or self._moved_bytes >= self.bounds.body_bytes:
            self._arm(self.bounds.body_s, self._look_at_body)
        elif unwanted:
            self._hang_up()
        else:
            self._refuse(Problem(ProblemCode.REQUEST_TIMEOUT, "the body did not arrive in time"))

    def _refuse(self, problem: Problem) -> None:
        self._closed = True
        self._disarm()
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()
            return
        self.transport.write(_raw(problem))
        if problem.code == ProblemCode.BUSY:
            self.transport.close()
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        """Send no more, and close the connection soon."""
        self._closed = True
        self._disarm()
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        # Data that still comes is read and dropped for a moment: closing at once would lose the response.
        self.transport.write_eof()
        self._timer = self.loop.call_later(_LINGER_S, self.transport.close)


def line_of(scope: MutableMapping[str, Any]) -> BoundedConnection:
    """Return the connection of a request."""
    line: BoundedConnection = scope["state"][LINE]
    return line


def bounded(bounds: Bounds, unauthenticated: UnauthenticatedConnections | None = None) -> type[asyncio.Protocol]:
    """Return the protocol class of a listener with these limits."""
    made: dict[str, Any] = {
        "bounds": bounds,
        "unauthenticated": unauthenticated or UnauthenticatedConnections(bounds.per_address, bounds.proxies),
    }
    return type("BoundedProtocol", (BoundedConnection,), made)
