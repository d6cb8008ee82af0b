"""/v1/assignees"""

from __future__ import annotations

from fastapi import Response

from gsmgw.api.dependencies import Ctx
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.store import users
from gsmgw.wire import resources

router = api_router("/v1/assignees")


@router.get("", response_model=resources.AssigneeList)
async def index(ctx: Ctx) -> Response:
    """List the names of the users who can take care of conversations: all that are not disabled and may answer."""
    found = await ctx.store.read(users.all_users)
    return JSONResponse({"data": [user.name for user in found if not user.disabled and user.role != "viewer"]})
