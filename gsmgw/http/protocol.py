"""HTTP connections with bounds: on their number, on the head of a request, and on how slowly a client may go.

Uvicorn's own protocols leave all of these open: a client that sends a byte a minute, or reads none, would hold a
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
from gsmgw.http.origins import Proxies
from gsmgw.http.problems import Problem
from gsmgw.http.unauthenticated import Strangers

#: How long a client that is refused may take to hear it.
_LINGER_S = 1.0
#: So much of a body that nobody wants any more is read and dropped, so that the connection can go on.
_DROPPED_OCTETS = 256 * 1024
_UCRED = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one listener allows."""

    max_connections: int = 1024
    #: Of one address that has not shown a valid token.
    per_address: int = 64
    #: Addresses that many clients share.
    proxies: Proxies = field(default_factory=Proxies)
    #: From the first octet of a request, or from the opening of the connection, to the end of the head.
    head_s: float = 15.0
    head_octets: int = 32 * 1024
    #: A body has to move at least so much in each span, while it is waited for.
    body_s: float = 10.0
    body_octets: int = 4096
    #: How long a reader may leave what is buffered for it unread.
    stall_s: float = 30.0
    #: Buffered for a reader before the application has to wait.
    buffer_octets: int = 32 * 1024


def _peer(transport: asyncio.Transport) -> Peer | None:
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family != socket.AF_UNIX:
        return None
    return Peer(*_UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)))


def _raw(problem: Problem) -> bytes:
    """A whole answer, for a request that never became one."""
    body = json.dumps(problem.body()).encode()
    head = (
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


class Guarded(H11Protocol):
    """A connection within bounds."""

    bounds: Bounds
    strangers: Strangers

    _head_octets = 0
    _moved_octets = 0
    _dropped_octets = 0
    _closed = False
    #: The client has said all that it will say, and waits for the answer.
    _listens_only = False
    _timer: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _changed: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=self.bounds.buffer_octets)
        peer = _peer(transport)
        self.app_state = {**self.app_state, "peer": peer, LINE: self}
        if len(self.connections) > self.bounds.max_connections:
            self._refuse(Problem("busy", f"there are {self.bounds.max_connections} connections already"))
        else:
            if peer is None and self.client is not None:
                self.strangers.add(self, self.client[0], transport.abort)
            self._arm(self.bounds.head_s, self._head_is_late)

    def admit(self) -> None:
        """Whoever is at the other end has shown a valid token."""
        self.strangers.discard(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._closed = True
        self.strangers.discard(self)
        for timer in (self._timer, self._stall):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        if self._changed is not None:
            self._changed()

    def data_received(self, data: bytes) -> None:
        """Octets came."""
        if self._closed:
            return
        before = self.cycle
        self._moved_octets += len(data)
        unwanted = self._body_is_unwanted()
        super().data_received(data)
        if self._closed or self.transport.is_closing():
            return
        if unwanted:
            self._dropped_octets += len(data)
            if self._dropped_octets > _DROPPED_OCTETS:
                self._hang_up()
                return
        if self.cycle is not before:
            self._head_octets = 0
            self._dropped_octets = 0
            self._disarm()
            if self.cycle.more_body:
                self._arm(self.bounds.body_s, self._look_at_body)
        elif unwanted:
            if not self._body_is_unwanted():  # it has ended, and the next request may come
                self._arm(self.bounds.head_s, self._head_is_late)
        elif before is None or before.response_complete:
            self._head_octets += len(data)
            if self._head_octets > self.bounds.head_octets:
                limit = self.bounds.head_octets
                self._refuse(Problem("headers_too_large", f"the head of a request may have {limit} octets"))
            elif self._timer is None:
                self._arm(self.bounds.head_s, self._head_is_late)

    def handle_events(self) -> None:
        """Look at what came, past empty lines before a request: some clients end a body with one (RFC 9112 2.2)."""
        if self.conn.their_state is h11.IDLE:
            waiting, _ = self.conn.trailing_data
            if waiting[:1] in (b"\r", b"\n"):
                self.conn = h11.Connection(h11.SERVER)
                if rest := waiting.lstrip(b"\r\n"):
                    self.conn.receive_data(rest)
        super().handle_events()

    def eof_received(self) -> Any:
        """The client says no more. What it has asked is answered still; TLS knows no connection that is half open.

        Returns whether the connection stays open (``asyncio.Protocol``); uvicorn's own never says so.
        """
        cycle = self.cycle
        if self._closed or self.scheme == "https" or cycle is None or cycle.response_started:
            return False
        self._listens_only = True
        if cycle.more_body:
            self._refuse(Problem("http_error", "the body ended before its time"))
        return True

    def on_response_complete(self) -> None:
        """The answer is sent, maybe before the body was there."""
        super().on_response_complete()
        if self._closed or self.transport.is_closing():
            return
        if self._listens_only:
            self.transport.close()
        elif self._body_is_unwanted():
            if self.cycle.waiting_for_100_continue:  # it may come or not: nobody could tell it from the next request
                self._hang_up()
            else:
                self._arm(self.bounds.body_s, self._look_at_body)

    def _body_is_unwanted(self) -> bool:
        """Whether a body is still to come to what is answered already."""
        cycle = self.cycle
        return cycle is not None and cycle.response_complete and self.conn.their_state is h11.SEND_BODY

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self._refuse(Problem("http_error", "what came is no HTTP request"))

    def pause_writing(self) -> None:
        """The client does not read as fast as it is written to."""
        super().pause_writing()
        if self._stall is None:
            self._stall = self.loop.call_later(self.bounds.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        if self._changed is not None:
            self._changed()

    # What a stream needs of its connection (``streams.Line``): the server's own way is a coroutine for each piece.

    @property
    def writable(self) -> bool:
        """Whether it takes more now."""
        return not self.flow.write_paused and not self.transport.is_closing()

    @property
    def lost(self) -> bool:
        """Whether nobody is there any more."""
        return self._closed

    def push(self, piece: bytes) -> None:
        """Write a piece of the answer that was begun, without waiting."""
        self.transport.write(self.conn.send(h11.Data(data=piece)))

    def watch(self, changed: Callable[[], None] | None) -> None:
        """Call this when the line takes more again, and when it is lost."""
        self._changed = changed

    def _arm(self, seconds: float, callback: Callable[[], None]) -> None:
        self._disarm()
        self._moved_octets = 0
        self._timer = self.loop.call_later(seconds, callback)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        self._timer = None
        if self._head_octets:
            self._refuse(Problem("request_timeout", f"the head did not come within {self.bounds.head_s:g} s"))
        else:
            self.transport.close()

    def _look_at_body(self) -> None:
        self._timer = None
        cycle = self.cycle
        unwanted = self._body_is_unwanted()
        if cycle is None or not (unwanted or (cycle.more_body and not cycle.response_complete)):
            return
        if self.flow.read_paused or self._moved_octets >= self.bounds.body_octets:
            self._arm(self.bounds.body_s, self._look_at_body)
        elif unwanted:
            self._hang_up()
        else:
            self._refuse(Problem("request_timeout", "the body did not come"))

    def _refuse(self, problem: Problem) -> None:
        self._closed = True
        self._disarm()
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()
            return
        self.transport.write(_raw(problem))
        if problem.code == "busy":
            self.transport.close()
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        """Say no more."""
        self._closed = True
        self._disarm()
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        # What is still coming is read and dropped for a moment: closed at once, the answer would be lost with it.
        self.transport.write_eof()
        self._timer = self.loop.call_later(_LINGER_S, self.transport.close)


def line_of(scope: MutableMapping[str, Any]) -> Guarded:
    """The connection that a request came by."""
    line: Guarded = scope["state"][LINE]
    return line


def guarded(bounds: Bounds, strangers: Strangers | None = None) -> type[asyncio.Protocol]:
    """The protocol of a listener with these bounds."""
    made: dict[str, Any] = {
        "bounds": bounds,
        "strangers": strangers or Strangers(bounds.per_address, bounds.proxies),
    }
    return type("GuardedConnection", (Guarded,), made)
