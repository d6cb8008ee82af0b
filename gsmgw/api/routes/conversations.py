"""/v1/conversations"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from gsmgw.api import responses
from gsmgw.api.dependencies import Ctx, Visible
from gsmgw.api.fields import cursor_of
from gsmgw.api.routes.message_filters import PageQuery
from gsmgw.api.routing import api_router
from gsmgw.dispatch.bodies import message_out
from gsmgw.http.json_response import page_response
from gsmgw.model import format_id
from gsmgw.store import messages

router = api_router("messages", "/v1/conversations")


@router.get("", response_model=responses.ConversationPage)
async def index(ctx: Ctx, visible: Visible, query: Annotated[PageQuery, Query()]) -> Response:
    """List conversations, newest first: each number with its latest message."""
    before, limit = cursor_of(query.cursor), query.limit
    found = await ctx.store.read(lambda db: messages.conversations(db, before, limit + 1, visible))
    more = format_id(found[limit - 1].id) if len(found) > limit else None
    explained = [(message, ctx.scheduler.explain(message)) for message in found[:limit]]
    return await page_response(explained, lambda pair: {"peer": pair[0].peer, "last_message": message_out(*pair)}, more)
