"""One connection of a client: bytes to its session and back, its requests, and what is delivered to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Final, Protocol

from gsmgw.bridges.smpp.account import SessionLost
from gsmgw.bridges.smpp.context import SmppContext
from gsmgw.bridges.smpp.deliveries import Delivery
from gsmgw.bridges.smpp.pdu_log import described
from gsmgw.bridges.smpp.pdus import Command, CommandStatus, Pdu
from gsmgw.bridges.smpp.requests import Requests
from gsmgw.bridges.smpp.session import BINDS, Answered, Session, State, Timers, bound, written
from gsmgw.errors import StoreError
from gsmgw.http.problems import Problem
from gsmgw.outbound import Principal
from gsmgw.ports import Timer

log = logging.getLogger(__name__)

#: Seconds that a client has to take what is still to be written when its session ends.
_LINGER_S: Final = 5.0
#: The longest pause between two looks at the timers, seconds: a request may have been sent meanwhile.
_LONGEST_POLL_S: Final = 5.0


class Server(Protocol):
    """The server, as a connection uses it."""

    def has_room(self) -> bool:
        """Make room for a new connection. Return False if all are bound."""

    async def attach(self, connection: Connection, principal: Principal) -> bool:
        """Deliver to a session that can receive. Return False if its account does not exist any more."""

    def detach(self, connection: Connection) -> None:
        """Forget a connection that has ended."""


class Connection(asyncio.Protocol):
    """A connection with its session."""

    def __init__(self, ctx: SmppContext, server: Server, requests: Requests) -> None:
        self._ctx = ctx
        self._server = server
        self._requests = requests
        settings = ctx.settings
        timers = Timers(
            enquire_link_s=settings.enquire_link_s,
            response_s=settings.response_s,
            inactivity_s=settings.inactivity_s,
        )
        self._session = Session(timers, ctx.clock.monotonic())
        self._transport: asyncio.Transport | None = None
        self._timer: Timer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._staying: asyncio.Task[None] | None = None
        self._delivered: dict[int, asyncio.Future[int]] = {}
        self._address = ""
        self._principal: Principal | None = None

    @property
    def is_bound(self) -> bool:
        """True once the client has bound."""
        return self._session.state is not State.OPEN

    @property
    def load(self) -> int:
        """The number of deliveries without a response."""
        return len(self._delivered)

    @property
    def title(self) -> str:
        """The client in the log."""
        name = "" if self._principal is None else f" system_id={self._principal.who}"
        return f"{name} source={self._address}"

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a session."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        if not self._server.has_room():
            log.warning("smpp: too many sessions, connection refused%s", self.title)
            transport.abort()
            return
        self._set_timer()

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client."""
        for seen in self._session.receive(data, self._ctx.clock.monotonic()):
            if isinstance(seen, Answered):
                self._resolve(seen)
            else:
                self._log("<", seen)
                if seen.command in BINDS:
                    self._staying = self._start(self._bind(seen))
                else:
                    self._start(self._answer(seen))
        self._flush()

    def pause_writing(self) -> None:
        """The client does not read: read no more of it, either."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the session: requests that were read are finished, deliveries without a response are made again."""
        if self._session.state in BINDS.values():
            log.info("smpp: connection lost%s", self.title)
        self._session.close("the connection was lost")
        self._end()

    # -- the session

    async def deliver(self, delivery: Delivery) -> int:
        """Deliver, and return the status of the response. Raises :class:`SessionLost`."""
        if not self._session.receives:
            raise SessionLost
        number = self._session.ask(Command.DELIVER_SM, delivery.fields, delivery.tlvs, self._ctx.clock.monotonic())
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._delivered[number] = answered
        self._flush()
        return await answered

    def unbind(self, reason: str) -> None:
        """Ask the client to end the session."""
        self._session.unbind(reason, self._ctx.clock.monotonic())
        self._flush()

    def close(self, reason: str) -> None:
        """End the session."""
        self._session.close(reason)
        self._flush()

    async def finished(self) -> None:
        """Wait until the requests that were read are answered."""
        while tasks := self._tasks - {self._staying}:
            await asyncio.wait(tasks)

    async def _bind(self, request: Pdu) -> None:
        name = request.text("system_id")
        try:
            principal = await self._ctx.access.enter_account(self._address, name, request.text("password"))
            self._principal = principal
            response = bound(request, self._ctx.settings.system_id)
        except Problem as exc:
            log.info("smpp: bind refused system_id=%s source=%s: %s", name, self._address, exc.detail)
            status = CommandStatus.INVALID_PASSWORD if exc.status == 401 else CommandStatus.BIND_FAILED
            response = request.response(status)
        except StoreError as exc:
            log.log(exc.level, "smpp: bind failed: %s", exc)
            response = request.response(CommandStatus.BIND_FAILED)
        self._session.answer(request, response)
        self._flush()
        if self._principal is not None and not self._session.is_closed:
            log.info("smpp: bound as %s%s", self._session.state, self.title)
            await self._stay(self._principal)

    async def _stay(self, principal: Principal) -> None:
        """Let the session last as long as its account."""
        with self._ctx.access.presence(principal) as gone:
            if not await self._server.attach(self, principal):
                gone.set()
            await gone.wait()
        self.unbind("the account was revoked or has expired")

    async def _answer(self, request: Pdu) -> None:
        assert self._principal is not None
        response = await self._requests.answer(self._principal, request)
        self._session.answer(request, response)
        self._flush()

    @property
    def receives(self) -> bool:
        """True if messages may be delivered to the client."""
        return self._session.receives

    def _resolve(self, answered: Answered) -> None:
        future = self._delivered.pop(answered.sequence, None)
        log.debug("smpp: < response seq=%d status=%#04x%s", answered.sequence, answered.status, self.title)
        if future is not None and not future.done():
            future.set_result(answered.status)

    def _flush(self) -> None:
        """Write what the session has to say, and close the connection after its last word."""
        transport = self._transport
        if transport is None:
            return
        if pdus := self._session.take():
            for pdu in pdus:
                self._log(">", pdu)
            if not transport.is_closing():
                transport.write(written(pdus))
        if self._session.is_closed and not transport.is_closing():
            log.info("smpp: session ended%s: %s", self.title, self._session.reason)
            transport.close()
            self._ctx.clock.call_later(_LINGER_S, transport.abort)
            self._end()

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._server.detach(self)
        delivered, self._delivered = self._delivered, {}
        for future in delivered.values():
            if not future.done():
                future.set_exception(SessionLost())
        if self._staying is not None and self._staying is not asyncio.current_task():
            self._staying.cancel()

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _set_timer(self) -> None:
        pause_s = min(self._session.next_poll(self._ctx.clock.monotonic()), _LONGEST_POLL_S)
        self._timer = self._ctx.clock.call_later(pause_s, self._poll)

    def _poll(self) -> None:
        self._session.poll(self._ctx.clock.monotonic())
        self._flush()
        if not self._session.is_closed:
            self._set_timer()

    def _log(self, sign: str, pdu: Pdu) -> None:
        if log.isEnabledFor(logging.DEBUG):
            log.debug("smpp: %s %s%s", sign, described(pdu), self.title)
