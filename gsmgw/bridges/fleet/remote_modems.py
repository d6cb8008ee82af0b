"""The nodes of a fleet and their modems, as the hub knows them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from gsmgw.bridges.fleet.contents import NodeModem, NodeState
from gsmgw.bridges.fleet.context import Queue, RemoteQueue
from gsmgw.model import ModemState, ModemStatus, Outgoing

log = logging.getLogger(__name__)

#: How many messages a modem has at most and at least at its node. It begins with few.
MOST, FIRST, LEAST = 300, 4, 2
#: A modem that finishes a message within that time may have more of them; one that takes longer has less. Seconds.
QUICK_S, SLOW_S = 2.0, 5.0
#: Why a modem may not be given anything.
SILENT = "the node does not answer"

Assign = Callable[["HubModem", Sequence[Outgoing]], Awaitable[Sequence[Outgoing]]]


class HubModem:
    """A modem of a node: a :class:`gsmgw.ports.RemoteModem`.

    It has as many messages at its node as it finishes in a few seconds, so that it never waits for the next one, and
    that few have to be moved when it fails.
    """

    def __init__(self, node: str, status: ModemStatus, assign: Assign) -> None:
        self.node = node
        self.told = NodeModem(status)
        self.is_silent = False
        self.queue: RemoteQueue | None = None
        self._assign = assign
        self._window = float(FIRST)
        #: When the messages that it has were assigned, by their IDs; monotonic seconds.
        self._since: dict[int, float] = {}

    @property
    def name(self) -> str:
        """The name of its node and its own."""
        return self.told.status.name

    @property
    def status(self) -> ModemStatus:
        """The status that its node told last; absent while the node is silent."""
        status = self.told.status
        return replace(status, state=ModemState.ABSENT, detail=SILENT) if self.is_silent else status

    @property
    def paused_until_ms(self) -> int | None:
        """Until when its limits hold it back; None when they do not."""
        return self.told.paused_until_ms

    @property
    def room(self) -> int:
        """How many more messages it may be given now."""
        return max(0, int(self._window) - len(self._since))

    @property
    def waiting(self) -> int:
        """How many messages it has."""
        return len(self._since)

    async def assign(self, messages: Sequence[Outgoing]) -> Sequence[Outgoing]:
        """Give it messages. Return those that it did not get. Raises :class:`gsmgw.errors.StoreError`."""
        return await self._assign(self, messages)

    def note(self, message_id: int, now_s: float) -> None:
        """Count a message that it has."""
        self._since[message_id] = now_s

    def finish(self, message_id: int, now_s: float) -> bool:
        """Note that its node is done with a message. Return False if this modem did not have it."""
        since_s = self._since.pop(message_id, None)
        if since_s is None:
            return False
        if now_s - since_s <= QUICK_S:
            self._window = min(float(MOST), self._window + 1)
        elif now_s - since_s > SLOW_S:
            self._window = max(float(LEAST), self._window * 0.9)
        if self.queue is not None:
            self.queue.finished(message_id)
        return True


@dataclass(slots=True)
class HubNode:
    """A node, as the hub knows it."""

    name: str
    heard_s: float
    heard_ms: int
    state: NodeState = field(default_factory=lambda: NodeState("", 0))
    is_silent: bool = False
    modems: dict[str, HubModem] = field(default_factory=dict)


class Nodes:
    """All nodes. Tells the queue of their modems."""

    def __init__(self, queue: Queue, assign: Assign) -> None:
        self._queue = queue
        self._assign = assign
        self.by_name: dict[str, HubNode] = {}
        #: The modems of all nodes, by their full names.
        self.modems: dict[str, HubModem] = {}

    def hear(self, name: str, state: NodeState, now_s: float, now_ms: int) -> None:
        """Take what a node tells of itself."""
        node = self.by_name.get(name)
        if node is None:
            node = self.by_name[name] = HubNode(name, now_s, now_ms)
            log.info("fleet: the node %s is here version=%s modems=%d", name, state.version, len(state.modems))
        elif node.is_silent:
            log.info("fleet: the node %s is back after %.0f s", name, now_s - node.heard_s)
        node.heard_s, node.heard_ms, node.state, node.is_silent = now_s, now_ms, state, False
        told = {each.status.name: each for each in state.modems}
        for modem_name, each in told.items():
            modem = node.modems.get(modem_name)
            if modem is None:
                modem = node.modems[modem_name] = HubModem(name, each.status, self._assign)
                self.modems[modem_name] = modem
            changed = modem.told != each or modem.is_silent
            modem.told, modem.is_silent = each, False
            if modem.queue is None:
                modem.queue = self._queue.attach_remote(modem, each.weight)
            if changed:
                self._queue.modem_changed(modem.status)
        for modem_name, modem in node.modems.items():
            if modem_name not in told and not modem.is_silent:  # removed from the node's configuration
                self._silence(modem)

    def fall_silent(self, node: HubNode) -> None:
        """Give a node nothing more: it is silent."""
        if not node.is_silent:
            node.is_silent = True
            for modem in node.modems.values():
                self._silence(modem)

    def _silence(self, modem: HubModem) -> None:
        modem.is_silent = True
        self._queue.modem_changed(modem.status)
        if modem.queue is not None:
            modem.queue.forget()

    def finish(self, message_id: int, modem: str, now_s: float) -> None:
        """Note that a node is done with a message; the one that had it may be another modem than the one that sent."""
        found = self.modems.get(modem)
        if found is not None and found.finish(message_id, now_s):
            return
        for each in self.modems.values():
            if each.finish(message_id, now_s):
                return
