"""What a token reads that is held to some modems or pools: what these carry, and what it sent itself."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Annotated, Any

from fastapi import Depends, Request

from gsmgw.api.context import Context, context_of
from gsmgw.http.identity import Caller, caller_of
from gsmgw.http.problems import Problem
from gsmgw.model import Direction, MessageRecord
from gsmgw.model.routes import to_modem, to_pool
from gsmgw.store.tokens import TokenLimits
from gsmgw.store.visibility import Sight


def sight_of(ctx: Context, scope: MutableMapping[str, Any]) -> Sight | None:
    """What the caller of a request may see; None for everything."""
    return seen_by(caller_of(scope), ctx.pools)


def seen_by(caller: Caller, pools: Mapping[str, frozenset[str]]) -> Sight | None:
    """What a caller may see; None for everything. Who may not read sees what it sent itself."""
    limits = caller.limits
    if not caller.allows("read"):
        return Sight(caller.owner, frozenset(), frozenset())
    if not limits.modems and not limits.pools:
        return None
    modems = modems_of(limits, pools)
    routes = frozenset(map(to_modem, modems)) | frozenset(map(to_pool, limits.pools))
    return Sight(caller.owner, modems, routes)


def modems_of(limits: TokenLimits, pools: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The modems that a token with these limits is for; empty where it is for all."""
    return frozenset(limits.modems).union(*(pools.get(pool, frozenset()) for pool in limits.pools))


def may_act(caller: Caller, record: MessageRecord) -> None:
    """:class:`Problem` where a caller may not cancel, retry or settle a message: without ``manage`` only its own."""
    if not caller.allows("manage") and (record.owner != caller.owner or record.direction is not Direction.OUTBOUND):
        raise Problem("forbidden", f"the token {caller.token!r} may change its own messages only")


def require_modem(ctx: Context, caller: Caller, name: str) -> None:
    """:class:`Problem` for a modem that the caller's token is not for."""
    limits = caller.limits
    if (limits.modems or limits.pools) and name not in (modems := modems_of(limits, ctx.pools)):
        raise Problem("forbidden", f"the token {caller.token!r} is for the modems {', '.join(sorted(modems))}")


async def _sight(ctx: Annotated[Context, Depends(context_of)], request: Request) -> Sight | None:
    return sight_of(ctx, request.scope)


Seen = Annotated[Sight | None, Depends(_sight)]
