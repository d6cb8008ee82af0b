"""/v1/segments"""

from __future__ import annotations

from fastapi import Response
from pydantic import Field, JsonValue, model_validator

from gsmgw.api.body import Body
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Text
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.wire import resources
from gsmgw.wire.contacts import preview_resource

router = api_router("/v1/segments")


class SegmentIn(Body):
    """A segment, as text or as a tree."""

    segment: Text | None = Field(None, max_length=4000)
    tree: dict[str, JsonValue] | None = None

    @model_validator(mode="after")
    def _one(self) -> SegmentIn:
        if (self.segment is None) == (self.tree is None):
            raise ValueError("must have segment or tree")
        return self


@router.post("/preview", response_model=resources.SegmentPreview)
async def preview(ctx: Ctx, body: SegmentIn) -> Response:
    """Show who is in a segment: how many contacts, the newest 20, and the segment as text and as a tree."""
    await ctx.indexer.catch_up()  # it keeps the history that segments ask for
    seen = await ctx.audience.segments.preview(body.segment, body.tree)
    return JSONResponse(preview_resource(seen.count, seen.sample, seen.text, seen.tree))
