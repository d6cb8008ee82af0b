"""The hub asks nodes for something: to cancel, to give back, to resolve; and takes away what they have not taken."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.connection import Connection
from gsmgw.bridges.fleet.contents import order_payload, read_answer
from gsmgw.bridges.fleet.context import FleetContext
from gsmgw.bridges.fleet.failures import ConnectionLost
from gsmgw.bridges.fleet.fields import BadContent
from gsmgw.bridges.fleet.remote_modems import HubNode, Nodes
from gsmgw.bridges.fleet.streams import Bucket
from gsmgw.errors import StoreError
from gsmgw.model import EventType, MessageRecord, Outgoing, Status
from gsmgw.outbound import WrongState
from gsmgw.store import fleet_jobs, fleet_outcomes
from gsmgw.store.fleet_jobs import Job, JobName

log = logging.getLogger(__name__)

#: Time for a node to answer a request, seconds.
REQUEST_S = 2.0


class Requests:
    """Changes messages that nodes have: the service's ``remote``."""

    def __init__(self, ctx: FleetContext, nodes: Nodes) -> None:
        self._ctx = ctx
        self._nodes = nodes
        self._connection: Connection | None = None
        self._claims: Bucket | None = None

    def use(self, connection: Connection | None, claims: Bucket | None) -> None:
        """Ask through this connection; through none until there is one again."""
        self._connection, self._claims = connection, claims

    async def cancel(self, record: MessageRecord) -> bool:
        """Cancel a message that a node has. Return False if none has it. Raises :class:`WrongState`."""
        found = await self._ctx.store.read(lambda db: fleet_jobs.job_of(db, record.id))
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
        found = await self._ctx.store.read(lambda db: fleet_jobs.job_of(db, record.id))
        if found is None or record.status is not Status.UNKNOWN:
            return False
        name, node = found
        if not await self._ask(node, "resend" if resend else "leave", name):
            raise WrongState(f"the node {node!r} has decided about the message already")
        return True

    async def move(self, node: str, *, risk: bool) -> tuple[int, int]:
        """Let other nodes send what a silent node has. Return how many it had not taken, and how many it had.

        Those that it has may have been sent: they are moved only with ``risk``. Raises :class:`ConnectionLost`.
        """
        safe = risky = 0
        queued: list[Outgoing] = []
        for job in await self._ctx.store.read(lambda db: fleet_jobs.open_jobs(db, node)):
            now_ms, name = self._ctx.clock.wall_ms(), job.name
            is_safe = not job.begun and await self._claim(node, name)
            if not is_safe and not risk:
                continue
            change = fleet_jobs.take_back if is_safe else fleet_jobs.move
            message = await self._ctx.store.write(partial(change, now_ms=now_ms, name=name))
            self._nodes.finish(name.message_id, job.modem, self._ctx.clock.monotonic())
            if message is not None:
                queued.append(message)
                safe, risky = safe + is_safe, risky + (not is_safe)
        self._ctx.service.announce(queued)
        if queued:
            log.warning("fleet: messages of the node %s are sent by others not_taken=%d in_doubt=%d", node, safe, risky)
        return safe, risky

    async def expire(self, job: Job) -> None:
        """End a message whose validity is over and whose node has not taken it."""
        if await self._claim(job.node, job.name):
            now_ms = self._ctx.clock.wall_ms()
            await self._ctx.store.write(lambda tx: fleet_outcomes.expire(tx, now_ms, job.name))
            self._nodes.finish(job.message.id, job.modem, self._ctx.clock.monotonic())

    async def release_from_unfit(self, node: HubNode) -> None:
        """Ask a node for what it has not begun, where none of its modems can send it and others can."""
        if node.is_silent or any(modem.status.state.carries for modem in node.modems.values()):
            return
        if not any(
            modem.status.state.carries for modem in self._nodes.modems.values() if modem.node != node.name
        ) and not any(each.status.state.carries for each in self._ctx.modems.values()):
            return
        jobs = await self._ctx.store.read(lambda db: fleet_jobs.open_jobs(db, node.name, begun=False))
        free = [job.name for job in jobs if not job.message.route.startswith("=")]
        if free:
            await self._order(node.name, "release", free)

    async def recall_campaign(self, campaign: str) -> None:
        """Take back what nodes have of a campaign and have not begun."""
        try:
            jobs = await self._ctx.store.read(lambda db: fleet_jobs.jobs_of_campaign(db, campaign))
            for node in sorted({node for _, node in jobs}):
                await self._order(node, "release", [name for name, its_node in jobs if its_node == node])
        except (StoreError, ConnectionLost) as exc:
            log.warning("fleet: a campaign was not taken back from its nodes campaign=%s: %s", campaign, exc)

    async def _claim(self, node: str, name: JobName) -> bool:
        """Take a job from its node for good. Return False if the node has it. Raises :class:`ConnectionLost`."""
        if self._claims is None:
            return False
        return await self._claims.claim(subjects.claim_of(node, str(name)), subjects.HUB) == subjects.HUB

    async def _order(self, node: str, what: str, names: Sequence[JobName]) -> list[JobName] | None:
        """Ask a node for something. Return for which jobs it was done; None if the node does not answer."""
        connection = self._connection
        if connection is None:
            return None
        if what in ("cancel", "release"):
            await self._ctx.store.write(lambda tx: fleet_jobs.note_wanted(tx, names, what))
        answer = await connection.ask(subjects.orders_for(node), order_payload(what, names), REQUEST_S)
        if answer is None:
            return None
        try:
            return read_answer(answer)
        except BadContent as exc:
            log.error("fleet: the answer of the node %s cannot be read: %s", node, exc)
            return None

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
        outcome = fleet_outcomes.Outcome(node, name, type.value, now_ms, record.modem or node, {})
        applied = await self._ctx.store.write(lambda tx: fleet_outcomes.apply_outcome(tx, now_ms, outcome))
        if applied.finished is not None:
            self._nodes.finish(applied.finished, outcome.modem, self._ctx.clock.monotonic())
