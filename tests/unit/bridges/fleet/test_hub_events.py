"""The events of nodes at the hub: many in one message, and one of them that cannot be applied."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gsmgw.bridges.fleet.contents import NodeEvent, event_payload, events_payload
from gsmgw.bridges.fleet.node_events import PORTION, NodeEvents
from gsmgw.bridges.fleet.streams import Delivered
from gsmgw.errors import StoreFault


class _Hub(NodeEvents):
    """Notes what is applied together; an event of the type ``bad`` cannot be applied."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.together: list[int] = []
        self.positions: list[int] = []

    async def _apply(self, portion: Any) -> None:
        types = [event.type for told in portion for event in told.events]
        if "bad" in types:
            raise StoreFault("a constraint")
        self.applied += types
        self.together.append(len(types))
        if portion[-1].sequence is not None:
            self.positions.append(portion[-1].sequence)


def _delivered(sequence: int, *types: str) -> Delivered:
    payload = events_payload([event_payload(NodeEvent(type, 1)) for type in types])
    return Delivered("gsmgw.ev.ulm", payload, sequence, SimpleNamespace())  # type: ignore[arg-type]


async def test_events_are_applied_in_order_and_not_too_many_together() -> None:
    hub = _Hub()
    await hub._take([_delivered(n + 1, *(f"{n}.{m}" for m in range(100))) for n in range(10)])
    assert hub.applied == [f"{n}.{m}" for n in range(10) for m in range(100)]
    assert (hub.together, hub.positions) == ([PORTION, PORTION, PORTION, 100], [3, 6, 9, 10])


async def test_only_the_event_that_cannot_be_applied_is_left_out() -> None:
    hub = _Hub()
    await hub._take([_delivered(1, "a", "b"), _delivered(2, "c", "bad", "d"), _delivered(3, "bad"), _delivered(4, "e")])
    assert hub.applied == ["a", "b", "c", "d", "e"]
    assert hub.positions == [1, 2, 3, 4]


async def test_an_event_that_cannot_be_read_is_left_out_alone() -> None:
    hub = _Hub()
    good = event_payload(NodeEvent("a", 1))
    message = SimpleNamespace()
    payloads = [events_payload([good, b'{"v":1,"type":7}', good]), b"nonsense", good]
    await hub._take(
        [Delivered("gsmgw.ev.ulm", payload, n, message) for n, payload in enumerate(payloads)]  # type: ignore[arg-type]
    )
    assert (hub.applied, hub.positions) == (["a", "a", "a"], [2])
