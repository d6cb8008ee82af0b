"""What a token reads that is held to some modems or pools: what these carry, and what it sent itself."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Annotated, Any

from fastapi import Depends, Request

from gsmgw.api.callers import Caller, caller_of
from gsmgw.api.context import Context, context_of
from gsmgw.api.problems import Problem
from gsmgw.outbound import to_modem, to_pool
from gsmgw.store.sight import Sight
from gsmgw.store.tokens import TokenLimits


def sight_of(ctx: Context, scope: MutableMapping[str, Any]) -> Sight | None:
    """What the caller of a request may see; None for everything."""
    caller = caller_of(scope)
    return seen_by(caller.token, caller.limits, ctx.pools)


def seen_by(token: str, limits: TokenLimits, pools: Mapping[str, frozenset[str]]) -> Sight | None:
    """What a token with these limits may see; None for everything."""
    if not limits.modems and not limits.pools:
        return None
    modems = frozenset(limits.modems).union(*(pools.get(pool, frozenset()) for pool in limits.pools))
    routes = frozenset(map(to_modem, modems)) | frozenset(map(to_pool, limits.pools))
    return Sight(token, modems, routes)


def require_modem(ctx: Context, caller: Caller, name: str) -> None:
    """:class:`Problem` for a modem that the caller's token is not for."""
    sight = seen_by(caller.token, caller.limits, ctx.pools)
    if sight is not None and name not in sight.modems:
        raise Problem("forbidden", f"the token {caller.token!r} is for the modems {', '.join(sorted(sight.modems))}")


async def _sight(ctx: Annotated[Context, Depends(context_of)], request: Request) -> Sight | None:
    return sight_of(ctx, request.scope)


Seen = Annotated[Sight | None, Depends(_sight)]
