"""The fleet: nodes and their modems."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.model import ModemState
from gsmgw.wire.resources.common import Time, closed


@closed
class FleetModem(TypedDict):
    """A modem of a node, as the hub knows it."""

    name: Annotated[str, Field(description="The name of its node and its own: `ulm/m0`")]
    state: Annotated[ModemState, Field(description="`absent` while the node is silent")]
    detail: str
    model: str | None
    operator: str | None
    signal_dbm: int | None
    number: str | None
    pools: Annotated[list[str], Field(description="The pools of the hub that it is in")]
    paused_until: Annotated[Time | None, Field(description="Until when its limits hold it back")]
    waiting: Annotated[int, Field(description="Messages of the hub that it has")]


@closed
class FleetNode(TypedDict):
    """A node of the fleet, as the hub knows it."""

    name: str
    version: Annotated[str | None, Field(description="Null for a node that the hub has not heard of since its start")]
    silent: Annotated[bool, Field(description="It does not answer, and is assigned nothing")]
    heard_at: Annotated[Time | None, Field(description="When the hub heard of it last")]
    waiting: Annotated[int, Field(description="Messages of the hub that it has and is not done with")]
    begun: Annotated[int, Field(description="Those of them that it has begun to send")]
    queued: Annotated[int | None, Field(description="Length of its own queue, with messages of its own API")]
    modems: list[FleetModem]


@closed
class Fleet(TypedDict):
    """The fleet as this gateway sees it. A gateway that is in no fleet has `hub` false and `node` null."""

    hub: Annotated[bool, Field(description="This gateway is the hub")]
    node: Annotated[str | None, Field(description="The name of this gateway in the fleet")]
    connected: Annotated[bool, Field(description="Connected to the NATS server")]
    trouble: Annotated[str | None, Field(description="Why it is not connected; null if it is, or is in no fleet")]
    behind: Annotated[int | None, Field(description="Events that the hub was not told yet; null for the hub")]
    redeliveries: Annotated[
        int | None,
        Field(
            description="Jobs that came to this node again, or that this hub has published again, since the start; "
            "null in no fleet"
        ),
    ]
    nodes: Annotated[list[FleetNode], Field(description="At the hub: all nodes by name")]


@closed
class FleetMove(TypedDict):
    """The messages of a silent node that others send now."""

    moved: Annotated[int, Field(description="Messages that the node had not taken: they are sent once")]
    in_doubt: Annotated[int, Field(description="Messages that the node may have sent: they may be sent twice")]
    left: Annotated[int, Field(description="Messages that stay with the node")]
