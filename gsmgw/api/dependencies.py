"""Parameters that routes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from gsmgw.api.context import Context, context_of
from gsmgw.http.identity import principal_of
from gsmgw.outbound import Principal
from gsmgw.store.visibility import Sight

Ctx = Annotated[Context, Depends(context_of)]


async def _caller(request: Request) -> Principal:
    return principal_of(request.scope)


#: Who makes the request.
Caller = Annotated[Principal, Depends(_caller)]


async def _visible(ctx: Ctx, caller: Caller) -> Sight | None:
    return ctx.service.visible_to(caller)


#: Which messages the caller may see; None for all.
Visible = Annotated[Sight | None, Depends(_visible)]
