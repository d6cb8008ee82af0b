"""/v1/reload"""

from __future__ import annotations

from fastapi import Response

from gsmgw.api.dependencies import Ctx
from gsmgw.api.openapi import problems
from gsmgw.api.routing import api_router
from gsmgw.errors import ConfigError
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.wire import resources
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/reload")


@router.post("", response_model=resources.Reload, responses=problems(409))
async def reload(ctx: Ctx) -> Response:
    """Read the configuration file again and apply what can change without a restart. All or nothing."""
    try:
        found = await ctx.reload()
    except ConfigError as exc:
        errors = [{"parameter": exc.source, "detail": problem} for problem in exc.problems]
        detail = f"{exc.source}: {exc.problems[0]}"
        raise Problem(ProblemCode.INVALID_CONFIGURATION, detail, errors=errors) from None
    if found is None:
        raise Problem(ProblemCode.WRONG_STATE, "the gateway was started without a configuration file")
    return JSONResponse({"applied": found.applied, "needs_restart": found.needs_restart, "missing": found.missing})
