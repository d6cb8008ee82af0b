"""JSON responses that every line reader and every UTF-8 decoder can read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from fastapi.responses import JSONResponse as _JSONResponse

from gsmgw.escaping import one_line

__all__ = ["JSONResponse", "page_response"]

T = TypeVar("T")
#: Items of a page that are formatted on the event loop; more would block it for too long.
FEW = 50


class JSONResponse(_JSONResponse):
    """JSON without line separators. Half of a surrogate pair is written as its escape."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return one_line(text.encode("utf-8", "backslashreplace"))


async def page_response(
    items: Sequence[T], as_resource: Callable[[T], Mapping[str, object]], next_cursor: str | None
) -> JSONResponse:
    """Return a page of a list. A long one is formatted in a thread, so ``as_resource`` must not touch the loop."""

    def written() -> JSONResponse:
        return JSONResponse({"data": list(map(as_resource, items)), "next_cursor": next_cursor})

    return written() if len(items) <= FEW else await asyncio.to_thread(written)
