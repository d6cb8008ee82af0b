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
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from gsmgw.api.callers import Peer
from gsmgw.api.problems import Problem

#: How long a client that is refused may take to hear it.
_LINGER_S = 1.0
_UCRED = struct.Struct("3i")
#: Where a request's state holds its connection.
LINE = "line"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one listener allows."""

    max_connections: int = 1024
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

    _head_octets = 0
    _moved_octets = 0
    _closed = False
    _timer: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _changed: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=self.bounds.buffer_octets)
        self.app_state = {**self.app_state, "peer": _peer(transport), LINE: self}
        if len(self.connections) > self.bounds.max_connections:
            self._refuse(Problem("busy", f"there are {self.bounds.max_connections} connections already"))
        else:
            self._arm(self.bounds.head_s, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._closed = True
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
        super().data_received(data)
        if self._closed or self.transport.is_closing():
            return
        if self.cycle is not before:
            self._head_octets = 0
            self._disarm()
            if self.cycle.more_body:
                self._arm(self.bounds.body_s, self._look_at_body)
        elif before is None or before.response_complete:
            self._head_octets += len(data)
            if self._head_octets > self.bounds.head_octets:
                limit = self.bounds.head_octets
                self._refuse(Problem("headers_too_large", f"the head of a request may have {limit} octets"))
            elif self._timer is None:
                self._arm(self.bounds.head_s, self._head_is_late)

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
        if cycle is None or not cycle.more_body or cycle.response_complete:
            return
        if self.flow.read_paused or self._moved_octets >= self.bounds.body_octets:
            self._arm(self.bounds.body_s, self._look_at_body)
        else:
            self._refuse(Problem("request_timeout", "the body did not come"))

    def _refuse(self, problem: Problem) -> None:
        self._closed = True
        self._disarm()
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()
            return
        self.transport.write(_raw(problem))
        if problem.code == "busy" or not self.transport.can_write_eof():
            self.transport.close()
            return
        # What is still coming is read and dropped for a moment: closed at once, the answer would be lost with it.
        self.transport.write_eof()
        self._timer = self.loop.call_later(_LINGER_S, self.transport.close)


def line_of(scope: MutableMapping[str, Any]) -> Guarded:
    """The connection that a request came by."""
    line: Guarded = scope["state"][LINE]
    return line


def guarded(bounds: Bounds) -> type[asyncio.Protocol]:
    """The protocol of a listener with these bounds."""
    made: dict[str, Any] = {"bounds": bounds}
    return type("GuardedConnection", (Guarded,), made)
