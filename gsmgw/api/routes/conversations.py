"""/v1/conversations"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from gsmgw.api.dependencies import Ctx, Visible
from gsmgw.api.fields import cursor_of
from gsmgw.api.routes.message_filters import PageQuery
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import page_response
from gsmgw.model import MessageRecord, Waiting, format_id
from gsmgw.store import messages
from gsmgw.wire import resources
from gsmgw.wire.messages import message_resource

router = api_router("/v1/conversations")


@router.get("", response_model=resources.ConversationPage)
async def index(ctx: Ctx, visible: Visible, query: Annotated[PageQuery, Query()]) -> Response:
    """List conversations, newest first: each number with its latest message."""
    before, limit = cursor_of(query.cursor), query.limit
    found = await ctx.store.read(lambda db: messages.conversations(db, before, limit + 1, visible))
    more = format_id(found[limit - 1].id) if len(found) > limit else None
    explained = [(message, ctx.service.explain(message)) for message in found[:limit]]
    return await page_response(explained, _conversation, more)


def _conversation(explained: tuple[MessageRecord, Waiting | None]) -> resources.Conversation:
    return {"peer": explained[0].peer, "last_message": message_resource(*explained)}
