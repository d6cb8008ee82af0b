"""Facts about people for all nodes: who has opted out, and whose data is erased."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.connection import Connection
from gsmgw.bridges.fleet.contents import consent_payload, erasure_payload, read_consent
from gsmgw.bridges.fleet.context import FleetContext
from gsmgw.bridges.fleet.fields import BadContent
from gsmgw.bridges.fleet.streams import Bucket
from gsmgw.errors import StoreError
from gsmgw.model import ConsentState, Event, EventType
from gsmgw.store import fleet_state

log = logging.getLogger(__name__)

#: Time between two looks for numbers that nodes have to erase, seconds.
LOOK_S = 1.0


class People:
    """Tells nodes of opt-outs and of erasures, through two buckets that each node follows."""

    def __init__(self, ctx: FleetContext) -> None:
        self._ctx = ctx
        self._changes: asyncio.Queue[tuple[str, str, bool]] = asyncio.Queue()

    def note(self, event: Event) -> None:
        """Take an event of consent."""
        if event.type == EventType.CONSENT_CHANGED:
            number, name, state = event.data.get("number"), event.data.get("list"), event.data.get("state")
            if isinstance(number, str) and isinstance(name, str):
                self._changes.put_nowait((number, name, state == ConsentState.OUT))

    def begin(self) -> None:
        """Forget what changed while there was no connection: it is found by comparison."""
        self._changes = asyncio.Queue()

    async def spread(self, connection: Connection) -> None:
        """Tell nodes what they do not know yet, and then each change. Raises :class:`ConnectionLost`."""
        bucket = await connection.bucket(subjects.CONSENT)
        erased = await connection.bucket(subjects.ERASED)
        await self._erase(connection, erased)
        known = await self._told(connection)
        now = set(await self._ctx.store.read(fleet_state.opted_out))
        for number, name in sorted(now - known):
            await self._tell(bucket, number, name, out=True)
        for number, name in sorted(known - now):
            # A number that was erased here is not listed, but its opt-out holds: nothing of it may stay at the server.
            if name in await self._ctx.store.read(partial(fleet_state.opt_outs_of, number=number)):
                await connection.purge(subjects.CONSENT, subjects.person_key(number))
            else:
                await self._tell(bucket, number, name, out=False)
        while True:
            await self._erase(connection, erased)
            try:
                async with asyncio.timeout(LOOK_S):
                    number, name, out = await self._changes.get()
            except TimeoutError:
                continue
            await self._tell(bucket, number, name, out=out)

    async def _erase(self, connection: Connection, erased: Bucket) -> None:
        """Have nodes erase the numbers that were erased here, and the server forget their opt-outs."""
        try:
            for number in await self._ctx.store.read(fleet_state.erasures):
                await connection.purge(subjects.CONSENT, subjects.person_key(number))
                lists = await self._ctx.store.read(partial(fleet_state.opt_outs_of, number=number))
                await erased.put(subjects.person_key(number), erasure_payload(number, lists))
                await self._ctx.store.write(partial(fleet_state.forget_erasure, number=number))
                log.info("fleet: the nodes were told to erase a number")
        except StoreError as exc:
            log.log(exc.level, "fleet: an erasure is told later: %s", exc)

    async def _told(self, connection: Connection) -> set[tuple[str, str]]:
        """Return the opt-outs that the server has."""
        found: set[tuple[str, str]] = set()
        async for value in connection.values(subjects.CONSENT):
            if value is None:
                break
            opt_out = _opt_out(value[1])
            if opt_out is not None:
                found.add(opt_out)
        return found

    async def _tell(self, bucket: Bucket, number: str, name: str, *, out: bool) -> None:
        await bucket.put(subjects.consent_key(number, name), consent_payload(number, name, out=out))


def _opt_out(payload: bytes) -> tuple[str, str] | None:
    """Return the number and the list of an opt-out; None for anything else."""
    try:
        number, name, out = read_consent(payload)
    except BadContent:
        return None
    return (number, name) if out else None
