"""The bridge: keeps the connection to the NATS server, as hub or as node."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.connection import Connection, Server
from gsmgw.bridges.fleet.context import FleetContext
from gsmgw.bridges.fleet.failures import ConnectionLost
from gsmgw.bridges.fleet.hub import Hub
from gsmgw.bridges.fleet.node import Node
from gsmgw.errors import StoreError

log = logging.getLogger(__name__)

#: Pauses before the connection is opened again, in order; the last one repeats. Seconds.
PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
#: A connection that lasted so long was a good one; its end is told, and the first pause is the shortest.
STEADY_S = 10.0


class FleetBridge:
    """The gateway's place in a fleet."""

    def __init__(self, ctx: FleetContext) -> None:
        self._ctx = ctx
        settings = ctx.settings
        self.hub = Hub(ctx) if settings.hub else None
        self.node = None if settings.hub or settings.node is None else Node(ctx, settings.node)
        #: Why there is no connection; None while there is one.
        self.trouble: str | None = "not connected yet"

    def tasks(self) -> Sequence[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return what runs, by name."""
        if self.node is None:
            return (("fleet", self.run),)
        return ("fleet", self.run), ("fleet events", self.node.publisher.run)

    @property
    def behind(self) -> int | None:
        """The number of events that the hub has not been told; None for the hub."""
        return None if self.node is None else self.node.behind

    @property
    def redeliveries(self) -> int:
        """The number of jobs that came to this node again, or that this hub has published again."""
        if self.hub is not None:
            return self.hub.redeliveries
        return 0 if self.node is None else self.node.redeliveries

    @property
    def dropped(self) -> int:
        """The number of events that it gave up: none."""
        return 0

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        failures = 0
        while True:
            began_s = self._ctx.clock.monotonic()
            try:
                await self._stay_connected()
            except ConnectionLost as exc:
                if self._ctx.clock.monotonic() - began_s > STEADY_S:
                    failures = 0
                if failures == 0:
                    log.warning("fleet: no connection to %s, trying again: %s", self._place, exc)
                self.trouble = str(exc)
            except StoreError as exc:
                log.log(exc.level, "fleet: %s", exc)
                self.trouble = str(exc)
            await self._ctx.clock.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
            failures += 1

    @property
    def _place(self) -> str:
        return ", ".join(self._ctx.settings.servers)

    async def _stay_connected(self) -> None:
        settings = self._ctx.settings
        name = subjects.HUB if self.node is None else str(settings.node)
        server = Server(settings.servers, name, settings.credentials, settings.ca_file, settings.replicas)
        connection = Connection(server)
        role = self.hub or self.node
        assert role is not None
        work: asyncio.Task[None] | None = None
        try:
            await connection.open()
            log.info("fleet: connected to %s as %s", self._place, name)
            work = asyncio.create_task(role.serve(connection), name="fleet work")
            try:
                await self._until_lost(connection, work)
            finally:
                work.cancel()
        finally:
            await connection.close()  # whoever still waits for an answer gets a failure
            if work is not None:
                await asyncio.wait([work])
                if not work.cancelled():
                    work.exception()  # it was told already, or comes of the end

    async def _until_lost(self, connection: Connection, work: asyncio.Task[None]) -> None:
        self.trouble = None
        waiting: list[asyncio.Future[None] | asyncio.Future[str]] = [work, connection.lost]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ConnectionLost(connection.lost.result())
        try:
            work.result()
        except* (ConnectionLost, StoreError) as group:
            raise _first(group) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return one of the failures."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
