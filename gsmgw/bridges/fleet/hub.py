"""The hub: knows the nodes, and assigns messages to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.connection import Connection
from gsmgw.bridges.fleet.contents import job_payload, read_node
from gsmgw.bridges.fleet.context import FleetContext
from gsmgw.bridges.fleet.failures import ConnectionLost
from gsmgw.bridges.fleet.fields import BadContent
from gsmgw.bridges.fleet.node_events import NodeEvents
from gsmgw.bridges.fleet.people import People
from gsmgw.bridges.fleet.remote_modems import HubModem, Nodes
from gsmgw.bridges.fleet.requests import Requests
from gsmgw.errors import StoreError
from gsmgw.model import Event, EventType, Outgoing
from gsmgw.store import fleet_jobs
from gsmgw.store.fleet_jobs import Job

log = logging.getLogger(__name__)

#: Time between two looks at nodes that are silent, jobs that were not published and jobs that are overdue; seconds.
LOOK_S = 1.0
#: A job that the server has not acknowledged in that time is published again, milliseconds.
AGAIN_MS = 5000
#: Jobs that are published at the same time.
PUBLISHING = 200


class Hub:
    """The hub of a fleet."""

    def __init__(self, ctx: FleetContext) -> None:
        self._ctx = ctx
        self.nodes = Nodes(ctx.queue, self._assign)
        self.requests = Requests(ctx, self.nodes)
        self._events = NodeEvents(ctx, self.nodes)
        self._people = People(ctx)
        self._connection: Connection | None = None
        self._publishing = asyncio.Semaphore(PUBLISHING)
        self._publishes_again = False
        #: The number of jobs that were published again.
        self.redeliveries = 0
        self._tasks: set[asyncio.Task[None]] = set()

    # -- a connection -----------------------------------------------------------------------------------------------

    async def serve(self, connection: Connection) -> None:
        """Work until the connection is lost. Raises :class:`ConnectionLost`."""
        await connection.prepare()
        claims = await connection.bucket(subjects.CLAIMS)
        # Earlier events of nodes come first: after a restored backup, they tell which messages were assigned.
        await self._events.follow(connection, await connection.last_of(subjects.EVENTS))
        self._connection = connection
        self.requests.use(connection, claims)
        self._people.begin()
        self._ctx.feed.listen(self._take_news)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._events.follow(connection, None), name="fleet events")
                group.create_task(self._watch_nodes(connection), name="fleet nodes")
                group.create_task(self._people.spread(connection), name="fleet people")
                group.create_task(self._look(), name="fleet look")
        finally:
            self._ctx.feed.forget(self._take_news)
            self._connection = None
            self.requests.use(None, claims)
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take_news(self, events: Sequence[Event]) -> None:
        for event in events:
            self._people.note(event)
            if event.type == EventType.CAMPAIGN_STATE_CHANGED:
                campaign, state = event.data.get("campaign"), event.data.get("state")
                if isinstance(campaign, str) and state in ("paused", "canceled"):
                    self._start(self.requests.recall_campaign(campaign))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- assigning --------------------------------------------------------------------------------------------------

    async def _assign(self, modem: HubModem, messages: Sequence[Outgoing]) -> Sequence[Outgoing]:
        """Give messages to a modem's node: on disk here, then on their way."""
        now_ms, node, name = self._ctx.clock.wall_ms(), modem.node, modem.name

        def tell(assigned: fleet_jobs.Assigned) -> None:
            now_s = self._ctx.clock.monotonic()
            for job in assigned.jobs:
                modem.note(job.message.id, now_s)
            for enforced in assigned.enforced:
                if enforced.queued is not None:
                    self._ctx.service.announce([enforced.queued])
                elif enforced.due_ms is not None:
                    self._ctx.service.look_again(enforced.due_ms)
            if assigned.jobs:
                self._start(self._publish(assigned.jobs))

        assigned = await self._ctx.store.write(lambda tx: fleet_jobs.assign(tx, now_ms, node, name, messages), tell)
        has = {job.message.id for job in assigned.jobs}
        return [message for message in messages if message.id not in has]

    async def _publish(self, jobs: Sequence[Job]) -> None:
        """Publish jobs; those that the server did not acknowledge are published again later."""
        connection = self._connection
        if connection is None:
            return
        has = await asyncio.gather(*(self._publish_one(connection, job) for job in jobs))
        published = [job.name for job, is_there in zip(jobs, has, strict=True) if is_there]
        if published:
            try:
                await self._ctx.store.write(lambda tx: fleet_jobs.note_published(tx, published))
            except StoreError as exc:
                log.log(exc.level, "fleet: %s", exc)

    async def _publish_again(self, jobs: Sequence[Job]) -> None:
        """Publish jobs that the server has not acknowledged in time."""
        self.redeliveries += len(jobs)
        try:
            await self._publish(jobs)
        finally:
            self._publishes_again = False

    async def _publish_one(self, connection: Connection, job: Job) -> bool:
        """Publish a job. Return True once the server has it."""
        async with self._publishing:
            payload = job_payload(job.name, job.node, job.modem, job.message, self._ctx.clock.wall_ms())
            try:
                published = await connection.publish(subjects.jobs_of(job.node), payload, str(job.name))
                if published.duplicate:
                    await self._find_holder(connection, job, published.sequence)
            except ConnectionLost as exc:
                log.info("fleet: a job is published again later job=%s: %s", job.name, exc)
                return False
            except StoreError as exc:
                log.log(exc.level, "fleet: %s", exc)
                return False
            return True

    async def _find_holder(self, connection: Connection, job: Job, sequence: int) -> None:
        """Find the node of a job that was published before: the assignment was after the backup that was restored."""
        subject = await connection.subject_of(subjects.JOBS, sequence)
        if subject is not None and (node := subjects.node_of(subject)) != job.node:
            await self._ctx.store.write(lambda tx: fleet_jobs.note_node(tx, job.name, node, node))

    # -- nodes ------------------------------------------------------------------------------------------------------

    async def _watch_nodes(self, connection: Connection) -> None:
        """Follow the nodes' descriptions of themselves. A stored one is as old as the last message about it."""
        known = await self._ctx.store.read(fleet_jobs.open_jobs)
        is_live = False
        async for value in connection.values(subjects.NODES):
            if value is None:
                is_live = True
                continue
            name, payload = value
            try:
                state = read_node(name, payload)
            except BadContent as exc:
                log.error("fleet: the state of the node %s cannot be read: %s", name, exc)
                continue
            now_s = self._ctx.clock.monotonic()
            self.nodes.hear(name, state, now_s, self._ctx.clock.wall_ms())
            if not is_live:  # it may have been silent for hours
                self.nodes.fall_silent(self.nodes.by_name[name])
            for job in [job for job in known if job.node == name]:
                known.remove(job)
                modem = self.nodes.modems.get(job.modem)
                if modem is not None:
                    modem.note(job.message.id, now_s)

    async def _look(self) -> None:
        """Look at what takes too long."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look_once()
            except StoreError as exc:
                log.log(exc.level, "fleet: %s", exc)

    async def _look_once(self) -> None:
        now_s, now_ms = self._ctx.clock.monotonic(), self._ctx.clock.wall_ms()
        settings = self._ctx.settings
        for node in self.nodes.by_name.values():
            if not node.is_silent and now_s - node.heard_s > settings.silent_after_s:
                log.warning("fleet: the node %s is silent since %.0f s", node.name, now_s - node.heard_s)
                self.nodes.fall_silent(node)
            after_s = settings.reassign_after_s
            if node.is_silent and after_s is not None and now_s - node.heard_s > after_s:
                await self.requests.move(node.name, risk=True)
        unpublished = await self._ctx.store.read(lambda db: fleet_jobs.open_jobs(db, published=False))
        overdue = [job for job in unpublished if now_ms - job.assigned_ms > AGAIN_MS]
        if overdue and not self._publishes_again:
            self._publishes_again = True
            self._start(self._publish_again(overdue))
        for job in await self._ctx.store.read(lambda db: fleet_jobs.open_jobs(db, begun=False, expired_ms=now_ms)):
            await self.requests.expire(job)
        for node in self.nodes.by_name.values():
            await self.requests.release_from_unfit(node)
