"""The fleet as the API shows it, at a hub, at a node, and where there is none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from gsmgw.config.fleet import FleetSection
from gsmgw.http.problems import Problem
from gsmgw.store import Store, fleet_jobs
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.problems import ProblemCode

if TYPE_CHECKING:  # a gateway without a fleet does not import them
    from gsmgw.bridges.fleet.bridge import FleetBridge
    from gsmgw.bridges.fleet.hub import Hub
    from gsmgw.bridges.fleet.remote_modems import HubModem, HubNode


class Fleet:
    """The fleet as the API shows and manages it.

    ``bridge`` returns the connection, None where there is none; ``trouble`` says why it does not work; ``pools``
    returns the modems of each pool.
    """

    def __init__(
        self,
        settings: FleetSection,
        store: Store,
        bridge: Callable[[], FleetBridge | None],
        trouble: Callable[[], str | None],
        pools: Callable[[], Mapping[str, Collection[str]]],
    ) -> None:
        self._settings = settings
        self._store = store
        self._bridge = bridge
        self._trouble = trouble
        self._pools = pools

    @property
    def _hub(self) -> Hub | None:
        bridge = self._bridge()
        return None if bridge is None else bridge.hub

    async def state(self) -> resources.Fleet:
        """Return the state of the fleet."""
        settings, bridge, hub, trouble = self._settings, self._bridge(), self._hub, self._trouble()
        is_on = settings.url is not None
        return {
            "hub": is_on and settings.hub,
            "node": settings.node if is_on else None,
            "connected": bridge is not None and trouble is None,
            "trouble": trouble,
            "behind": None if bridge is None else bridge.behind,
            "redeliveries": None if bridge is None else bridge.redeliveries,
            "nodes": [] if hub is None else await self._nodes(hub),
        }

    async def _nodes(self, hub: Hub) -> list[resources.FleetNode]:
        counts = await self._store.read(fleet_jobs.counts)
        return [
            self._node_resource(name, hub.nodes.by_name.get(name), counts)
            for name in sorted({*hub.nodes.by_name, *counts})
        ]

    async def move(self, name: str, *, risk: bool) -> resources.FleetMove:
        """Let other nodes send what a silent node has. Raises :class:`gsmgw.http.problems.Problem`."""
        from gsmgw.bridges.fleet.failures import ConnectionLost  # only where there is a fleet

        hub, trouble = self._hub, self._trouble()
        if hub is None:
            raise Problem(ProblemCode.WRONG_STATE, "this gateway is not the hub of a fleet: ask the hub")
        known = {*hub.nodes.by_name, *await self._store.read(fleet_jobs.counts)}
        if name not in known:
            words = ", ".join(sorted(known)) or "none"
            raise Problem(ProblemCode.NOT_FOUND, f"the node {name!r} does not exist (known: {words})")
        node = hub.nodes.by_name.get(name)
        if node is not None and not node.is_silent:
            raise Problem(
                ProblemCode.WRONG_STATE,
                f"the node {name!r} is connected and sends what it has; only messages of a silent node can be moved",
            )
        if trouble is not None:
            raise Problem(ProblemCode.WRONG_STATE, f"the hub is not connected to the NATS server: {trouble}")
        try:
            moved, in_doubt = await hub.requests.move(name, risk=risk)
        except ConnectionLost as exc:
            raise Problem(ProblemCode.WRONG_STATE, f"the hub lost its connection: {exc}. Try again") from None
        left, _ = (await self._store.read(fleet_jobs.counts)).get(name, (0, 0))
        return {"moved": moved, "in_doubt": in_doubt, "left": left}

    def _node_resource(
        self, name: str, node: HubNode | None, counts: Mapping[str, tuple[int, int]]
    ) -> resources.FleetNode:
        waiting, begun = counts.get(name, (0, 0))
        return {
            "name": name,
            "version": None if node is None else node.state.version,
            "silent": node is None or node.is_silent,
            "heard_at": None if node is None else stamp(node.heard_ms),
            "waiting": waiting,
            "begun": begun,
            "queued": None if node is None else node.state.queued,
            "modems": [] if node is None else [self._modem_resource(modem) for _, modem in sorted(node.modems.items())],
        }

    def _modem_resource(self, modem: HubModem) -> resources.FleetModem:
        status = modem.status
        return {
            "name": status.name,
            "state": status.state,
            "detail": status.detail,
            "model": status.model,
            "operator": status.operator,
            "signal_dbm": status.signal_dbm,
            "number": status.number,
            "pools": sorted(name for name, modems in self._pools().items() if status.name in modems),
            "paused_until": stamp(modem.paused_until_ms),
            "waiting": modem.waiting,
        }
