"""The modems that texts can leave through: those of the gateway and, at the hub of a fleet, those of its nodes."""

from __future__ import annotations

import asyncio

from gsmgw.client import AsyncClient
from gsmgw.wire import resources


async def of_nodes(gateway: AsyncClient) -> list[resources.FleetModem]:
    """Return the modems of the nodes; none at a gateway that is not a hub."""
    return [modem for node in (await gateway.fleet())["nodes"] for modem in node["modems"]]


async def names(gateway: AsyncClient) -> list[str]:
    """Return the names of all modems, those of the gateway first."""
    return (await names_and_pools(gateway))[0]


async def names_and_pools(gateway: AsyncClient) -> tuple[list[str], list[str]]:
    """Return the names of all modems, and of the pools that they are in."""
    local, remote = await asyncio.gather(gateway.modems(), of_nodes(gateway))
    pools = {pool for each in local for pool in each["pools"]} | {pool for each in remote for pool in each["pools"]}
    return [each["name"] for each in (*local, *remote)], sorted(pools)
