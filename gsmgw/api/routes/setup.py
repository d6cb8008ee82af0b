"""/v1/setup"""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import Field

from gsmgw.api.access.audit_log import audit_detail
from gsmgw.api.body import Body
from gsmgw.api.context import Context
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Text
from gsmgw.api.openapi import problems
from gsmgw.api.routes.users import Language, Password, TimeZone, UserName, user_resource
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.store import users
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/setup")


class FirstUserIn(Body):
    """The first account, with the code that proves access to the gateway."""

    code: Text = Field(min_length=1, max_length=40)
    name: UserName
    password: Password
    language: Language | None = None
    time_zone: TimeZone | None = None


async def _require_no_user(ctx: Context) -> None:
    if await ctx.store.read(users.all_users):
        raise Problem(ProblemCode.WRONG_STATE, "an account exists already; sign in, or run gsmgw users add NAME")


@router.get("", response_model=resources.Setup)
async def show(ctx: Ctx) -> Response:
    """Say whether the first account is missing. Needs no rights."""
    return JSONResponse({"needed": not await ctx.store.read(users.all_users)})


@router.post("/code", status_code=201, response_model=resources.SetupCode, responses=problems(409))
async def create_code(ctx: Ctx) -> Response:
    """Create the code for the first account. It is valid for an hour; an earlier one ends."""
    await _require_no_user(ctx)
    code, until_ms = ctx.access.setup_code.create()
    return JSONResponse({"code": code, "expires_at": stamp(until_ms)}, 201)


@router.post("", status_code=201, response_model=resources.User, responses=problems(403, 409))
async def create(ctx: Ctx, request: Request, body: FirstUserIn) -> Response:
    """Create the first account, with the role ``owner``. Needs no rights but the code."""
    await _require_no_user(ctx)
    if not ctx.access.setup_code.accepts(body.code):
        detail = "the code is wrong or has expired; run gsmgw users code for a new one"
        raise Problem(ProblemCode.FORBIDDEN, detail, errors=[{"pointer": "/code", "detail": detail}])
    audit_detail(request, name=body.name, role="owner")
    password, now_ms = await ctx.access.sign_in.passwords.hash(body.password), ctx.clock.wall_ms()
    made = await ctx.store.write(
        lambda tx: users.create_first(tx, now_ms, body.name, password, body.language, body.time_zone)
    )
    if made is None:
        raise Problem(ProblemCode.WRONG_STATE, "an account exists already; sign in")
    ctx.access.setup_code.end()
    return JSONResponse(user_resource(made), 201)
