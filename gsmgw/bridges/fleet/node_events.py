"""Events from nodes to the hub: applied in order, each once, and then passed on to the parts of the gateway."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.connection import Connection
from gsmgw.bridges.fleet.contents import NodeEvent, adopted, read_event, read_events
from gsmgw.bridges.fleet.context import FleetContext
from gsmgw.bridges.fleet.fields import BadContent
from gsmgw.bridges.fleet.remote_modems import Nodes
from gsmgw.bridges.fleet.streams import Delivered
from gsmgw.errors import StoreUnavailable
from gsmgw.inbound import AfterCommit, receive_hook
from gsmgw.model import ConsentAction, ConsentState, EventType, Outgoing
from gsmgw.store import Tx, consent_changes, fleet_jobs, fleet_outcomes
from gsmgw.store.consent_changes import Change
from gsmgw.store.fleet_jobs import JobName
from gsmgw.store.fleet_state import Mark, mark, set_mark

log = logging.getLogger(__name__)

#: Pause before the database is tried again, seconds.
STORE_S = 2.0
#: Events that are applied in one transaction, about.
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
    """Work that follows when events are on disk."""

    finished: list[tuple[int, str]] = field(default_factory=list)
    queued: list[Outgoing] = field(default_factory=list)
    after: list[AfterCommit] = field(default_factory=list)
    opted_out: list[tuple[str, list[int]]] = field(default_factory=list)
    withdrawn: list[tuple[int, str]] = field(default_factory=list)


class NodeEvents:
    """Takes the events of all nodes from the server's stream. How far it is stands in the database."""

    def __init__(self, ctx: FleetContext, nodes: Nodes) -> None:
        self._ctx = ctx
        self._nodes = nodes

    async def follow(self, connection: Connection, until: int | None) -> None:
        """Take the events of nodes, from where the database is; up to one of them, or for ever."""
        position = await self._ctx.store.read(partial(mark, which=Mark.EVENTS)) or 0
        last = await connection.last_of(subjects.EVENTS)
        if position > last:
            log.warning("fleet: the events of the NATS server begin anew: it is another one, or was set up again")
            position = 0
        if until is not None and position >= until:
            return
        pull = await connection.pull_behind(subjects.EVENTS, position)
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
                set_mark(tx, Mark.EVENTS, last)
            return effects

        await self._ctx.store.write(apply, self._follow_up)

    def _apply_one(self, tx: Tx, now_ms: int, node: str, event: NodeEvent, effects: _Effects) -> None:
        if event.job is not None:
            self._apply_outcome(tx, now_ms, node, event, event.job, effects)
        elif event.received is not None:
            number, received = event.received
            message_id = fleet_outcomes.take_received(tx, now_ms, self._ctx.store.ids, node, number, received)
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
                if not fleet_jobs.adopt(tx, now_ms, node, modem, name, message) and fleet_jobs.was_assigned(
                    tx, now_ms, node, modem, name
                ):
                    effects.withdrawn.append((name.message_id, message.to))
        applied = fleet_outcomes.apply_outcome(
            tx, now_ms, fleet_outcomes.Outcome(node, name, event.type, event.at_ms, modem, event.data)
        )
        if applied.finished is not None:
            effects.finished.append((applied.finished, modem))
        if applied.queued is not None:
            taken = fleet_jobs.held_by_campaign(tx, now_ms, applied.queued)
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
            self._nodes.finish(message_id, modem, now_s)
        service.taken_back(effects.withdrawn)
        for after in effects.after:
            after()
        for number, canceled in effects.opted_out:
            service.opted_out(number, canceled)
        if effects.queued:
            service.announce(effects.queued)


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
