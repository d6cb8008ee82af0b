"""The hub: assigns messages to nodes, and takes what they tell."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.connection import Connection
from gsmgw.bridges.fleet.contents import (
    NodeEvent,
    adopted,
    consent_payload,
    job_payload,
    order_payload,
    read_answer,
    read_consent,
    read_event,
    read_events,
    read_node,
)
from gsmgw.bridges.fleet.context import FleetContext
from gsmgw.bridges.fleet.failures import ConnectionLost
from gsmgw.bridges.fleet.fields import BadContent
from gsmgw.bridges.fleet.remote_modems import HubModem, HubNode, Nodes
from gsmgw.bridges.fleet.streams import Bucket, Delivered
from gsmgw.errors import StoreError, StoreUnavailable
from gsmgw.inbound import AfterCommit, receive_hook
from gsmgw.model import ConsentAction, ConsentState, Event, EventType, MessageRecord, Outgoing, Status
from gsmgw.outbound import WrongState
from gsmgw.store import Tx, consent_changes, fleet
from gsmgw.store.consent_changes import Change
from gsmgw.store.fleet import Job, JobName

log = logging.getLogger(__name__)

#: Time between two looks at nodes that are silent, jobs that were not published and jobs that are overdue; seconds.
LOOK_S = 1.0
#: A job that the server has not acknowledged in that time is published again, milliseconds.
AGAIN_MS = 5000
#: Time for a node to answer a request, seconds.
ORDER_S = 2.0
#: Pause before the database is tried again, seconds.
STORE_S = 2.0
#: Jobs that are published at the same time.
PUBLISHING = 200
#: Events of nodes that are applied in one transaction, about.
PORTION = 300
_OTHERS = {each.value: each for each in EventType}


@dataclass(slots=True)
class _Told:
    """Events of a node, and the number of the message that they came in; None for the first ones of it."""

    node: str
    events: list[NodeEvent]
    sequence: int | None


@dataclass(slots=True)
class _Effects:
    """What is to be done once events are on disk."""

    finished: list[tuple[int, str]] = field(default_factory=list)
    queued: list[Outgoing] = field(default_factory=list)
    after: list[AfterCommit] = field(default_factory=list)
    opted_out: list[tuple[str, list[int]]] = field(default_factory=list)
    withdrawn: list[tuple[int, str]] = field(default_factory=list)


class Hub:
    """The hub of a fleet. Messages that nodes have can be changed through it: the service's ``remote``."""

    def __init__(self, ctx: FleetContext) -> None:
        self._ctx = ctx
        self.nodes = Nodes(ctx.queue, self._assign)
        self._connection: Connection | None = None
        self._claims: Bucket | None = None
        self._publishing = asyncio.Semaphore(PUBLISHING)
        self._publishes_again = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._consent: asyncio.Queue[tuple[str, str, bool]] = asyncio.Queue()

    # -- a connection -----------------------------------------------------------------------------------------------

    async def serve(self, connection: Connection) -> None:
        """Work until the connection is lost. Raises :class:`ConnectionLost`."""
        await connection.prepare()
        self._claims = await connection.bucket(subjects.CLAIMS)
        consent = await connection.bucket(subjects.CONSENT)
        # What nodes told before comes first: after a restored backup, it tells which messages were assigned.
        await self._follow_events(connection, await connection.last_of(subjects.EVENTS))
        self._connection = connection
        self._consent = asyncio.Queue()  # what changed while there was no connection is found by comparison
        self._ctx.feed.listen(self._take_news)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_events(connection, None), name="fleet events")
                group.create_task(self._watch_nodes(connection), name="fleet nodes")
                group.create_task(self._spread_consent(connection, consent), name="fleet consent")
                group.create_task(self._look(), name="fleet look")
        finally:
            self._ctx.feed.forget(self._take_news)
            self._connection = None
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take_news(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.type == EventType.CONSENT_CHANGED:
                number, name, state = event.data.get("number"), event.data.get("list"), event.data.get("state")
                if isinstance(number, str) and isinstance(name, str):
                    self._consent.put_nowait((number, name, state == ConsentState.OUT))
            elif event.type == EventType.CAMPAIGN_STATE_CHANGED:
                campaign, state = event.data.get("campaign"), event.data.get("state")
                if isinstance(campaign, str) and state in ("paused", "canceled"):
                    self._start(self._recall_campaign(campaign))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- assigning --------------------------------------------------------------------------------------------------

    async def _assign(self, modem: HubModem, messages: Sequence[Outgoing]) -> Sequence[Outgoing]:
        """Give messages to a modem's node: on disk here, then on their way."""
        now_ms, node, name = self._ctx.clock.wall_ms(), modem.node, modem.name

        def tell(assigned: fleet.Assigned) -> None:
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

        assigned = await self._ctx.store.write(lambda tx: fleet.assign(tx, now_ms, node, name, messages), tell)
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
                await self._ctx.store.write(lambda tx: fleet.note_published(tx, published))
            except StoreError as exc:
                log.log(exc.level, "fleet: %s", exc)

    async def _publish_again(self, jobs: Sequence[Job]) -> None:
        """Publish jobs that the server has not acknowledged in time."""
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
            await self._ctx.store.write(lambda tx: fleet.note_node(tx, job.name, node, node))

    # -- what nodes tell ----------------------------------------------------------------------------------------------

    async def _follow_events(self, connection: Connection, until: int | None) -> None:
        """Take the events of nodes, from where the database is; up to one of them, or for ever."""
        position = await self._ctx.store.read(fleet.position)
        last = await connection.last_of(subjects.EVENTS)
        if position > last:
            log.warning("fleet: the events of the NATS server begin anew: it is another one, or was set up again")
            position = 0
        if until is not None and position >= until:
            return
        pull = await connection.pull_events(position)
        while True:
            portion = await pull.portion()
            await self._take(portion)
            if until is not None and portion[-1].sequence >= until:
                return

    async def _take(self, portion: Sequence[Delivered]) -> None:
        """Apply events, some messages in one transaction."""
        waiting: list[_Told] = []
        for each in portion:
            waiting.append(_read(each))
            if sum(len(told.events) for told in waiting) >= PORTION:
                await self._take_together(waiting)
                waiting = []
        if waiting:
            await self._take_together(waiting)

    async def _take_together(self, portion: Sequence[_Told]) -> None:
        """Apply events in one transaction; each by itself where that fails."""
        while True:
            try:
                await self._apply(portion)
                return
            except StoreUnavailable as exc:
                log.log(exc.level, "fleet: events wait for the database: %s", exc)
                await self._ctx.clock.sleep(STORE_S)
            except Exception as exc:  # whatever is wrong with one event does not hold up the others
                for one in _split(portion):
                    await self._take_together(one)
                if len(portion) == 1 and len(portion[0].events) == 1:
                    event = portion[0].events[0]
                    log.exception("fleet: an event was left out type=%s job=%s: %s", event.type, event.job, exc)
                    await self._apply([_Told(portion[0].node, [], portion[0].sequence)])
                return

    async def _apply(self, portion: Sequence[_Told]) -> None:
        now_ms = self._ctx.clock.wall_ms()

        def apply(tx: Tx) -> _Effects:
            effects = _Effects()
            for told in portion:
                for event in told.events:
                    self._apply_one(tx, now_ms, told.node, event, effects)
            if (last := portion[-1].sequence) is not None:
                fleet.move_position(tx, last)
            return effects

        await self._ctx.store.write(apply, self._follow_up)

    def _apply_one(self, tx: Tx, now_ms: int, node: str, event: NodeEvent, effects: _Effects) -> None:
        if event.job is not None:
            self._apply_outcome(tx, now_ms, node, event, event.job, effects)
        elif event.received is not None:
            number, received = event.received
            message_id = fleet.take_received(tx, now_ms, self._ctx.store.ids, node, number, received)
            if message_id is not None:
                after = receive_hook.apply(self._ctx.on_received, tx, now_ms, message_id, received)
                if after is not None:
                    effects.after.append(after)
        elif event.type == EventType.CONSENT_CHANGED:
            self._apply_consent(tx, now_ms, node, event, effects)
        elif event.type in _OTHERS:
            modem = None if event.modem is None else subjects.modem_name(node, event.modem)
            tx.event_of(now_ms, _OTHERS[event.type], None, modem, dict(event.data))

    def _apply_outcome(
        self, tx: Tx, now_ms: int, node: str, event: NodeEvent, name: JobName, effects: _Effects
    ) -> None:
        modem = subjects.modem_name(node, event.modem)
        if event.message is not None:
            try:
                message = adopted(name, event.message, now_ms)
            except BadContent as exc:
                log.error("fleet: a message of the node %s cannot be taken up job=%s: %s", node, name, exc)
            else:
                if not fleet.adopt(tx, now_ms, node, modem, name, message) and fleet.was_assigned(
                    tx, now_ms, node, modem, name
                ):
                    effects.withdrawn.append((name.message_id, message.to))
        applied = fleet.apply_outcome(tx, now_ms, fleet.Outcome(node, name, event.type, event.at_ms, modem, event.data))
        if applied.finished is not None:
            effects.finished.append((applied.finished, modem))
        if applied.queued is not None:
            taken = fleet.held_by_campaign(tx, now_ms, applied.queued)
            if not taken:
                effects.queued.append(applied.queued)

    def _apply_consent(self, tx: Tx, now_ms: int, node: str, event: NodeEvent, effects: _Effects) -> None:
        number, name, state = event.data.get("number"), event.data.get("list"), event.data.get("state")
        if not isinstance(number, str) or not isinstance(name, str):
            return
        is_out = state == ConsentState.OUT
        if consent_changes.is_out(tx, number, name) == is_out:
            return
        what = Change(ConsentAction.MANUAL, ConsentState(str(state)), f"node {node}")
        canceled = consent_changes.change(tx, now_ms, number, name, what)
        if is_out:
            effects.opted_out.append((number, canceled))

    def _follow_up(self, effects: _Effects) -> None:
        now_s, service = self._ctx.clock.monotonic(), self._ctx.service
        for message_id, modem in effects.finished:
            self.nodes.finish(message_id, modem, now_s)
        service.taken_back(effects.withdrawn)
        for after in effects.after:
            after()
        for number, canceled in effects.opted_out:
            service.opted_out(number, canceled)
        if effects.queued:
            service.announce(effects.queued)

    # -- nodes ------------------------------------------------------------------------------------------------------

    async def _watch_nodes(self, connection: Connection) -> None:
        """Follow what nodes tell of themselves. What was there before is as old as the last message about it."""
        known = await self._ctx.store.read(fleet.open_jobs)
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
                await self.move(node.name, risk=True)
        unpublished = await self._ctx.store.read(lambda db: fleet.open_jobs(db, published=False))
        overdue = [job for job in unpublished if now_ms - job.assigned_ms > AGAIN_MS]
        if overdue and not self._publishes_again:
            self._publishes_again = True
            self._start(self._publish_again(overdue))
        for job in await self._ctx.store.read(lambda db: fleet.open_jobs(db, begun=False, expired_ms=now_ms)):
            await self._expire(job)
        for node in self.nodes.by_name.values():
            await self._release_from_unfit(node)

    async def _expire(self, job: Job) -> None:
        """End a message whose validity is over and whose node has not taken it."""
        if await self._claim(job.node, job.name):
            now_ms = self._ctx.clock.wall_ms()
            await self._ctx.store.write(lambda tx: fleet.expire(tx, now_ms, job.name))
            self.nodes.finish(job.message.id, job.modem, self._ctx.clock.monotonic())

    async def _claim(self, node: str, name: JobName) -> bool:
        """Take a job from its node for good. Return False if the node has it. Raises :class:`ConnectionLost`."""
        if self._claims is None:
            return False
        return await self._claims.claim(subjects.claim_of(node, str(name)), subjects.HUB) == subjects.HUB

    async def _release_from_unfit(self, node: HubNode) -> None:
        """Ask a node for what it has not begun, where none of its modems can send it and others can."""
        if node.is_silent or any(modem.status.state.carries for modem in node.modems.values()):
            return
        if not any(
            modem.status.state.carries for modem in self.nodes.modems.values() if modem.node != node.name
        ) and not any(each.status.state.carries for each in self._ctx.modems.values()):
            return
        jobs = await self._ctx.store.read(lambda db: fleet.open_jobs(db, node.name, begun=False))
        free = [job.name for job in jobs if not job.message.route.startswith("=")]
        if free:
            await self._order(node.name, "release", free)

    # -- requests -----------------------------------------------------------------------------------------------------

    async def _order(self, node: str, what: str, names: Sequence[JobName]) -> list[JobName] | None:
        """Ask a node for something. Return for which jobs it was done; None if the node does not answer."""
        connection = self._connection
        if connection is None:
            return None
        if what in ("cancel", "release"):
            await self._ctx.store.write(lambda tx: fleet.note_wanted(tx, names, what))
        answer = await connection.ask(subjects.orders_for(node), order_payload(what, names), ORDER_S)
        if answer is None:
            return None
        try:
            return read_answer(answer)
        except BadContent as exc:
            log.error("fleet: the answer of the node %s cannot be read: %s", node, exc)
            return None

    async def _recall_campaign(self, campaign: str) -> None:
        """Take back what nodes have of a campaign and have not begun."""
        try:
            jobs = await self._ctx.store.read(lambda db: fleet.jobs_of_campaign(db, campaign))
            for node in sorted({node for _, node in jobs}):
                await self._order(node, "release", [name for name, its_node in jobs if its_node == node])
        except (StoreError, ConnectionLost) as exc:
            log.warning("fleet: a campaign was not taken back from its nodes campaign=%s: %s", campaign, exc)

    async def cancel(self, record: MessageRecord) -> bool:
        """Cancel a message that a node has. Return False if none has it. Raises :class:`WrongState`."""
        found = await self._ctx.store.read(lambda db: fleet.job_of(db, record.id))
        if found is None or record.status is not Status.SENDING:
            return False
        name, node = found
        done = await self._ask(node, "cancel", name)
        if not done:
            raise WrongState(f"the message is being sent by the node {node!r}: it can be canceled no more")
        await self._take_as_told(node, name, EventType.MESSAGE_CANCELED, record)
        return True

    async def resolve(self, record: MessageRecord, *, resend: bool) -> bool:
        """Resolve a message that a node has. Return False if none has it. Raises :class:`WrongState`."""
        found = await self._ctx.store.read(lambda db: fleet.job_of(db, record.id))
        if found is None or record.status is not Status.UNKNOWN:
            return False
        name, node = found
        if not await self._ask(node, "resend" if resend else "leave", name):
            raise WrongState(f"the node {node!r} has decided about the message already")
        return True

    async def _ask(self, node: str, what: str, name: JobName) -> bool:
        try:
            done = await self._order(node, what, [name])
        except ConnectionLost as exc:
            raise WrongState(f"the node {node!r} has the message and cannot be reached: {exc}") from None
        if done is None:
            raise WrongState(f"the node {node!r} has the message and does not answer: try again when it is connected")
        return name in done

    async def _take_as_told(self, node: str, name: JobName, type: EventType, record: MessageRecord) -> None:
        """Apply at once what a node has answered; its event comes as well and changes nothing then."""
        now_ms = self._ctx.clock.wall_ms()
        outcome = fleet.Outcome(node, name, type.value, now_ms, record.modem or node, {})
        applied = await self._ctx.store.write(lambda tx: fleet.apply_outcome(tx, now_ms, outcome))
        if applied.finished is not None:
            self.nodes.finish(applied.finished, outcome.modem, self._ctx.clock.monotonic())

    async def move(self, node: str, *, risk: bool) -> tuple[int, int]:
        """Let other nodes send what a silent node has. Return how many it had not taken, and how many it had.

        Those that it has may have been sent: they are moved only with ``risk``. Raises :class:`ConnectionLost`.
        """
        safe = risky = 0
        queued: list[Outgoing] = []
        for job in await self._ctx.store.read(lambda db: fleet.open_jobs(db, node)):
            now_ms, name = self._ctx.clock.wall_ms(), job.name
            is_safe = not job.begun and await self._claim(node, name)
            if not is_safe and not risk:
                continue
            change = fleet.take_back if is_safe else fleet.move
            message = await self._ctx.store.write(partial(change, now_ms=now_ms, name=name))
            self.nodes.finish(name.message_id, job.modem, self._ctx.clock.monotonic())
            if message is not None:
                queued.append(message)
                safe, risky = safe + is_safe, risky + (not is_safe)
        self._ctx.service.announce(queued)
        if queued:
            log.warning("fleet: messages of the node %s are sent by others not_taken=%d in_doubt=%d", node, safe, risky)
        return safe, risky

    # -- consent ----------------------------------------------------------------------------------------------------

    async def _spread_consent(self, connection: Connection, bucket: Bucket) -> None:
        """Tell nodes which numbers opted out: what they do not know yet, and then each change."""
        known: set[tuple[str, str]] = set()
        async for value in connection.values(subjects.CONSENT):
            if value is None:
                break
            found = _opt_out(value[1])
            if found is not None:
                known.add(found)
        now = set(await self._ctx.store.read(fleet.opted_out))
        for number, name in sorted(now ^ known):
            await self._tell_consent(bucket, number, name, out=(number, name) in now)
        while True:
            number, name, out = await self._consent.get()
            await self._tell_consent(bucket, number, name, out=out)

    async def _tell_consent(self, bucket: Bucket, number: str, name: str, *, out: bool) -> None:
        await bucket.put(subjects.consent_key(number, name), consent_payload(number, name, out=out))


def _opt_out(payload: bytes) -> tuple[str, str] | None:
    """Return the number and the list of an opt-out; None for anything else."""
    try:
        number, name, out = read_consent(payload)
    except BadContent:
        return None
    return (number, name) if out else None


def _read(delivered: Delivered) -> _Told:
    """Read the events of a message; those that cannot be read are left out."""
    told = _Told(subjects.node_of(delivered.subject), [], delivered.sequence)
    try:
        for each in read_events(delivered.payload):
            try:
                told.events.append(read_event(told.node, each))
            except BadContent as exc:
                log.error("fleet: an event of the node %s cannot be read: %s", told.node, exc)
    except BadContent as exc:
        log.error("fleet: events of the node %s cannot be read number=%d: %s", told.node, delivered.sequence, exc)
    return told


def _split(portion: Sequence[_Told]) -> list[list[_Told]]:
    """Return a portion in smaller ones; nothing where it is a single event."""
    if len(portion) > 1:
        return [[each] for each in portion]
    node, events, sequence = portion[0].node, portion[0].events, portion[0].sequence
    if len(events) < 2:
        return []
    last = len(events) - 1
    return [[_Told(node, [event], sequence if at == last else None)] for at, event in enumerate(events)]
