"""A node: takes the hub's jobs, tells what becomes of them, and obeys the hub's requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.connection import Connection
from gsmgw.bridges.fleet.contents import (
    NodeEvent,
    NodeModem,
    NodeState,
    TakenJob,
    answer_payload,
    event_payload,
    node_payload,
    read_consent,
    read_erasure,
    read_job,
    read_order,
)
from gsmgw.bridges.fleet.context import CALLER, FleetContext
from gsmgw.bridges.fleet.failures import ConnectionLost
from gsmgw.bridges.fleet.fields import BadContent
from gsmgw.bridges.fleet.publisher import FROM_HUB, Publisher
from gsmgw.bridges.fleet.streams import Bucket, Delivered, acknowledge, put_off
from gsmgw.errors import StoreError, StoreUnavailable
from gsmgw.model import FLEET, ConsentAction, ConsentState, Event, EventType, MessageError
from gsmgw.model.events import Json
from gsmgw.outbound import Accepted, Refusal, ServiceError, WrongState
from gsmgw.store import Tx, consent_changes, fleet_jobs, messages
from gsmgw.store.consent_changes import OPTED_OUT, Change
from gsmgw.store.fleet_jobs import JobName
from gsmgw.store.fleet_state import Mark, mark, set_mark
from gsmgw.wire.problems import ProblemCode

log = logging.getLogger(__name__)

#: Time between two messages about the state of a node while nothing changes; the least between two of them. Seconds.
STATE_S, STATE_LEAST_S = 2.0, 0.3
#: Pause before the database is tried again, seconds.
STORE_S = 2.0
#: Pause before a job that cannot be read is delivered again, seconds.
UNREADABLE_S = 600.0
#: Opt-outs that are applied in one transaction.
PORTION = 500
#: Pause before an erasure is tried again that has to wait for a message, seconds.
ERASE_S = 10.0
#: A job that was claimed and is not on disk yet is looked for that often, with these pauses; seconds.
TAKING_LOOKS, TAKING_S = 20, 0.05
#: How long a modem whose limit is reached is not offered anything, milliseconds.
LIMITED_MS = 30_000


class Node:
    """The node of a fleet."""

    def __init__(self, ctx: FleetContext, name: str) -> None:
        self._ctx = ctx
        self._name = name
        self.publisher = Publisher(name, ctx.store, ctx.clock, ctx.feed)
        self._news = asyncio.Event()
        #: The number of jobs that came again.
        self.redeliveries = 0

    @property
    def behind(self) -> int:
        """The number of events that the hub has not been told."""
        return self.publisher.lag

    async def serve(self, connection: Connection) -> None:
        """Work until the connection is lost. Raises :class:`ConnectionLost`."""
        claims = await connection.bucket(subjects.CLAIMS)
        nodes = await connection.bucket(subjects.NODES)
        self.publisher.connection = connection
        self.publisher.wake()
        self._ctx.feed.listen(self._take_news)
        try:
            await connection.answer(
                subjects.orders_for(self._name), lambda payload: self._obey(connection, claims, payload)
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell_state(nodes), name="fleet state")
                group.create_task(self._follow_consent(connection), name="fleet consent")
                group.create_task(self._follow_erasures(connection), name="fleet erasures")
                group.create_task(self._take_jobs(connection, claims), name="fleet jobs")
        finally:
            self._ctx.feed.forget(self._take_news)
            self.publisher.connection = None

    def _take_news(self, events: Sequence[Event]) -> None:
        if any(event.type.startswith(("modem.", "sim.")) for event in events):
            self._news.set()

    # -- what it is ---------------------------------------------------------------------------------------------------

    async def _tell_state(self, nodes: Bucket) -> None:
        while True:
            self._news.clear()
            await nodes.put(self._name, node_payload(await self._state()))
            await asyncio.sleep(STATE_LEAST_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(STATE_S - STATE_LEAST_S):
                    await self._news.wait()

    async def _state(self) -> NodeState:
        try:
            waiting = await self._ctx.store.read(messages.counts)
        except StoreError as exc:
            log.log(exc.level, "fleet: %s", exc)
            waiting = {}
        modems = [
            NodeModem(modem.status, self._paused_until_ms(name), self._ctx.weight(name))
            for name, modem in sorted(self._ctx.modems.items())
        ]
        return NodeState(self._ctx.version, waiting.get("queued", 0), modems)

    def _paused_until_ms(self, modem: str) -> int | None:
        is_limited = any(
            each["used"] >= each["limit"] for each in self._ctx.usage(modem) if each["unit"] != "recipients"
        )
        return self._ctx.clock.wall_ms() + LIMITED_MS if is_limited else None

    # -- jobs -------------------------------------------------------------------------------------------------------

    async def _take_jobs(self, connection: Connection, claims: Bucket) -> None:
        pull = await connection.pull_jobs(self._name)
        while True:
            portion = await pull.portion()
            self.redeliveries += sum(each.message.metadata.num_delivered > 1 for each in portion)
            await self._take_portion(connection, claims, portion)

    async def _take_portion(self, connection: Connection, claims: Bucket, portion: Sequence[Delivered]) -> None:
        """Take jobs; each by itself where that fails, so that one that cannot be taken holds up no others."""
        while True:
            try:
                await self._take(connection, claims, portion)
                return
            except StoreUnavailable as exc:
                log.log(exc.level, "fleet: jobs wait for the database: %s", exc)
                await self._ctx.clock.sleep(STORE_S)
            except ConnectionLost:
                raise
            except Exception as exc:
                if len(portion) == 1:
                    log.exception("fleet: a job cannot be taken number=%d", portion[0].sequence)
                    await self._give_up(connection, portion[0], exc)
                    return
                for each in portion:
                    await self._take_portion(connection, claims, [each])
                return

    async def _give_up(self, connection: Connection, delivered: Delivered, exc: Exception) -> None:
        """Tell the hub that a job cannot be taken, by a fault of this gateway."""
        name = read_job(delivered.payload).name
        error = MessageError("internal_error", f"the node {self._name} cannot take it: {type(exc).__name__}: {exc}")
        await self._tell(connection, name, EventType.MESSAGE_FAILED, {"error": error.as_json()})
        await acknowledge([delivered])

    async def _take(self, connection: Connection, claims: Bucket, portion: Sequence[Delivered]) -> None:
        """Put jobs on disk, and acknowledge them then."""
        readable: list[tuple[Delivered, TakenJob]] = []
        for each in portion:
            try:
                readable.append((each, read_job(each.payload)))
            except BadContent as exc:  # it stays at the server: a newer version may be able to read it
                log.error(
                    "fleet: a job cannot be read and waits at the NATS server sequence=%d: %s", each.sequence, exc
                )
                await put_off(each, UNREADABLE_S)
        meant = [job for _, job in readable if self._is_meant(job)]
        # One that comes again is the same job, though less of its validity may be left.
        names = [str(job.name) for job in meant]
        known = await self._ctx.store.read(lambda db: fleet_jobs.known_jobs(db, FLEET, names))
        fresh = [job for job in meant if str(job.name) not in known]
        keys = [subjects.claim_of(self._name, str(job.name)) for job in fresh]
        holders = await asyncio.gather(*(claims.claim(key, self._name) for key in keys))
        mine = [job for job, holder in zip(fresh, holders, strict=True) if holder == self._name]
        if mine:
            results = await self._ctx.service.submit_batch(CALLER, [job.submission for job in mine])
            for job, result in zip(mine, results, strict=True):
                if not isinstance(result, Accepted):
                    await self._tell_refused(connection, job.name, result)
        await acknowledge([each for each, _ in readable])

    def _is_meant(self, job: TakenJob) -> bool:
        """Return False for a job of another node: somebody has copied it to the subject of this one."""
        if job.node != self._name:
            log.error("fleet: a job of the node %s was dropped: it came to this node job=%s", job.node, job.name)
        return job.node == self._name

    async def _tell_refused(self, connection: Connection, name: JobName, refusal: Refusal) -> None:
        """Tell the hub that a job does not become a message."""
        if refusal.code is ProblemCode.RECIPIENT_OPTED_OUT:
            await self._tell_canceled(connection, name, OPTED_OUT)
            return
        error = MessageError(refusal.code.value, f"the node {self._name} refuses it: {refusal}")
        log.warning("fleet: job refused job=%s error=%s", name, refusal)
        await self._tell(connection, name, EventType.MESSAGE_FAILED, {"error": error.as_json()})

    async def _tell_canceled(self, connection: Connection, name: JobName, cause: str | None) -> None:
        await self._tell(connection, name, EventType.MESSAGE_CANCELED, {} if cause is None else {"cause": cause})

    async def _tell(self, connection: Connection, name: JobName, type: EventType, data: Mapping[str, Json]) -> None:
        """Tell the hub about a job of which this gateway made no message."""
        event = NodeEvent(type.value, self._ctx.clock.wall_ms(), None, data, name)
        await connection.publish(subjects.events_of(self._name), event_payload(event), f"{self._name}:{name}:{type}")

    # -- the hub's requests -------------------------------------------------------------------------------------------

    async def _obey(self, connection: Connection, claims: Bucket, payload: bytes) -> bytes:
        """Do what the hub asks for. Return for which jobs it was done."""
        try:
            what, names = read_order(payload)
            done = [name for name in names if await self._do(connection, claims, what, name)]
        except (BadContent, StoreError, ConnectionLost) as exc:
            log.warning("fleet: a request of the hub failed: %s", exc)
            done = []
        return answer_payload(done)

    async def _do(self, connection: Connection, claims: Bucket, what: str, name: JobName) -> bool:
        """Do what the hub asks for about one job. Return False if it is too late."""
        message_id = await self._message_of(claims, name)
        try:
            if message_id is not None and what in ("cancel", "release"):
                await self._ctx.service.cancel(CALLER, message_id)
                return True
            if message_id is not None and what in ("resend", "leave"):
                await self._ctx.service.resolve(CALLER, message_id, resend=what == "resend")
                return True
        except ServiceError as exc:
            log.info("fleet: %s is not possible job=%s: %s", what, name, exc)
            return False
        if message_id is None and what in ("cancel", "release"):  # it is dropped when it comes
            await self._tell_canceled(connection, name, None)
            return True
        return False

    async def _message_of(self, claims: Bucket, name: JobName) -> int | None:
        """Return the message of a job; None for one that has not come yet, and that is claimed for the hub now."""
        for _ in range(TAKING_LOOKS):
            known = await self._ctx.store.read(lambda db: fleet_jobs.known_jobs(db, FLEET, [str(name)]))
            if known:
                return known[str(name)]
            if await claims.claim(subjects.claim_of(self._name, str(name)), subjects.HUB) == subjects.HUB:
                return None
            await asyncio.sleep(TAKING_S)  # it was claimed for this node, and is on its way to the disk
        raise ConnectionLost(f"the job {name} was claimed and is not on disk")

    # -- consent ----------------------------------------------------------------------------------------------------

    async def _follow_consent(self, connection: Connection) -> None:
        """Apply the opt-outs that the hub knows: what is there, and then each change."""
        waiting: list[tuple[str, str, bool]] = []
        is_live = False
        async for value in connection.values(subjects.CONSENT):
            if value is None:
                is_live = True
            else:
                try:
                    waiting.append(read_consent(value[1]))
                except BadContent as exc:
                    log.error("fleet: an opt-out cannot be read: %s", exc)
            if waiting and (is_live or len(waiting) >= PORTION):
                await self._apply_consent(waiting)
                waiting = []

    async def _apply_consent(self, changes: Sequence[tuple[str, str, bool]]) -> None:
        now_ms, service = self._ctx.clock.wall_ms(), self._ctx.service

        def apply(tx: Tx) -> list[tuple[str, list[int]]]:
            found = []
            for number, name, out in changes:
                if consent_changes.is_out(tx, number, name) == out:
                    continue
                state = ConsentState.OUT if out else ConsentState.IN
                what = Change(ConsentAction.MANUAL, state, FROM_HUB)
                canceled = consent_changes.change(tx, now_ms, number, name, what)
                if out:
                    found.append((number, canceled))
            return found

        def tell(opted_out: list[tuple[str, list[int]]]) -> None:
            for number, canceled in opted_out:
                service.opted_out(number, canceled)

        while True:
            try:
                await self._ctx.store.write(apply, tell)
                return
            except StoreError as exc:
                log.log(exc.level, "fleet: opt-outs wait for the database: %s", exc)
                await self._ctx.clock.sleep(STORE_S)

    # -- erasures ---------------------------------------------------------------------------------------------------

    async def _follow_erasures(self, connection: Connection) -> None:
        """Erase the numbers that were erased at the hub, each once; a new node only those of later."""
        stream = subjects.stream_of(subjects.ERASED)
        last = await connection.last_of(stream)
        position = await self._ctx.store.read(partial(mark, which=Mark.ERASURES))
        if position is None:
            position = last
            await self._ctx.store.write(partial(set_mark, which=Mark.ERASURES, value=position))
        pull = await connection.pull_behind(stream, position if position <= last else 0)
        while True:
            for each in await pull.portion():
                await self._follow_erasure(each)

    async def _follow_erasure(self, delivered: Delivered) -> None:
        """Erase a number, however long that has to wait."""
        while True:
            try:
                await self._erase(delivered)
                await self._ctx.store.write(partial(set_mark, which=Mark.ERASURES, value=delivered.sequence))
                return
            except WrongState as exc:
                log.info("fleet: an erasure waits: %s", exc)
            except StoreError as exc:
                log.log(exc.level, "fleet: an erasure waits for the database: %s", exc)
            await self._ctx.clock.sleep(ERASE_S)

    async def _erase(self, delivered: Delivered) -> None:
        try:
            number, lists = read_erasure(delivered.payload)
        except BadContent as exc:
            log.error("fleet: a number to erase cannot be read sequence=%d: %s", delivered.sequence, exc)
            return
        await self._apply_consent([(number, name, True) for name in lists])
        counts = await self._ctx.privacy.erase(CALLER, number, "erased at the hub")
        log.info("fleet: a number was erased that was erased at the hub messages=%d", counts["messages"])
