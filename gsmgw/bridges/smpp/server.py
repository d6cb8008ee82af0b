"""The SMPP server: its listener, the accounts, and the sessions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from gsmgw.bridges.smpp.account import Account
from gsmgw.bridges.smpp.connection import Connection
from gsmgw.bridges.smpp.context import SmppContext
from gsmgw.bridges.smpp.requests import Requests
from gsmgw.errors import Unavailable
from gsmgw.http.tls import Certificates
from gsmgw.outbound import Principal
from gsmgw.store import tokens

log = logging.getLogger(__name__)

#: Pause before the listener or the accounts are tried again; seconds.
AGAIN_S: Final = 5.0
#: Seconds that clients have to end their sessions when the gateway stops.
FAREWELL_S: Final = 2.0
_BACKLOG: Final = 128
_HANDSHAKE_S: Final = 10.0


class SmppServer:
    """The SMPP server of a gateway."""

    def __init__(self, ctx: SmppContext) -> None:
        self._ctx = ctx
        self._requests = Requests(ctx)
        self._connections: dict[Connection, None] = {}
        self._accounts: dict[int, Account] = {}
        self._runners: dict[int, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._reading = asyncio.Lock()
        self._detached = asyncio.Event()
        self._dropped = 0
        #: Why clients cannot connect; None if they can.
        self.trouble: str | None = "is starting"
        #: The port that it listens at.
        self.port = 0
        ctx.access.listen(self._changed.set)

    def tasks(self) -> Sequence[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return what runs, by name."""
        return (("smpp accounts", self.keep_accounts), ("smpp", self.serve))

    @property
    def behind(self) -> int:
        """Events that the account which is furthest behind has not passed on."""
        return max((account.lag for account in self._accounts.values()), default=0)

    @property
    def dropped(self) -> int:
        """Deliveries since the start that waited too long, or that a client refused."""
        return self._dropped + sum(account.dropped for account in self._accounts.values())

    # -- what connections want

    def has_room(self) -> bool:
        """Make room for a new connection, which is the last one. Return False if all others are bound.

        The oldest one that is not bound is closed: connections without a password cannot keep clients out.
        """
        if len(self._connections) <= self._ctx.settings.max_sessions:
            return True
        oldest = next((each for each in list(self._connections)[:-1] if not each.is_bound), None)
        if oldest is not None:
            oldest.close("a new connection takes its place")
        return oldest is not None

    async def attach(self, connection: Connection, principal: Principal) -> bool:
        """Deliver to a session that can receive. Return False if its account does not exist any more."""
        if principal.owner not in self._accounts:
            await self._read_accounts()
        account = self._accounts.get(principal.owner)
        if account is not None and connection.receives:
            account.attach(connection)
        return account is not None

    def detach(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self._connections.pop(connection, None)
        self._detached.set()
        for account in self._accounts.values():
            account.detach(connection)

    # -- accounts

    async def keep_accounts(self) -> None:
        """Run a consumer of events for each account, until cancelled."""
        try:
            while True:
                self._changed.clear()
                await self._read_accounts()
                await self._changed.wait()
        finally:
            for number in list(self._accounts):
                self._drop_account(number)

    async def _read_accounts(self) -> None:
        async with self._reading:
            found = {token.id: token for token in await self._ctx.store.read(tokens.smpp_accounts)}
            for gone in self._accounts.keys() - found.keys():
                self._drop_account(gone)
            for number in found.keys() - self._accounts.keys():
                account = self._accounts[number] = Account(self._ctx, found[number])
                self._runners[number] = asyncio.create_task(account.run(), name=account.title)

    def _drop_account(self, number: int) -> None:
        self._dropped += self._accounts.pop(number).dropped
        self._runners.pop(number).cancel()

    # -- the listener

    async def serve(self) -> None:
        """Listen until cancelled; what keeps it from listening is tried again."""
        try:
            while True:
                try:
                    server = await self._listen()
                except (OSError, Unavailable) as exc:
                    self._note(_explained(exc))
                    await self._ctx.clock.sleep(AGAIN_S)
                    continue
                self._note(None)
                try:
                    await asyncio.Event().wait()
                finally:
                    server.close()  # from Python 3.12 on, waiting for it would wait for the sessions, too
        finally:
            self.trouble = "is stopped"
            await self._say_farewell()

    async def _listen(self) -> asyncio.Server:
        settings = self._ctx.settings
        host, _, port = (settings.listen or "").rpartition(":")
        context = None
        if settings.tls_cert is not None and settings.tls_key is not None:
            context = Certificates(settings.tls_cert, settings.tls_key, "smpp").context
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._connection,
            host.strip("[]"),
            int(port),
            ssl=context,
            backlog=_BACKLOG,
            reuse_address=True,
            ssl_handshake_timeout=None if context is None else _HANDSHAKE_S,
        )
        self.port = server.sockets[0].getsockname()[1]
        log.info("smpp: listening address=%s tls=%s", settings.listen, "yes" if context else "no")
        return server

    def _connection(self) -> Connection:
        connection = Connection(self._ctx, self, self._requests)
        self._connections[connection] = None
        return connection

    def _note(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self.trouble:
            log.error("smpp: cannot listen, retrying every %.0f s: %s", AGAIN_S, trouble)
        self.trouble = trouble

    async def _say_farewell(self) -> None:
        """Answer what was read, and unbind the sessions; who does not answer in time is disconnected."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await asyncio.gather(*(connection.finished() for connection in self._connections))
                for connection in list(self._connections):
                    connection.unbind("the gateway stops")
                while self._connections:
                    self._detached.clear()
                    await self._detached.wait()
        for connection in list(self._connections):
            connection.close("the gateway stops")


def _explained(exc: OSError | Unavailable) -> str:
    return exc.problems[0] if isinstance(exc, Unavailable) else f"{exc.strerror or exc}"
