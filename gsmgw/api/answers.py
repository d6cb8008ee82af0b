"""Answers as JSON that every reader of lines and every decoder of UTF-8 can read."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import JSONResponse as _JSONResponse

from gsmgw.escaping import one_line

__all__ = ["JSONResponse"]


class JSONResponse(_JSONResponse):
    """JSON without line separators; half of a surrogate pair stands as its escape, which is the request's own."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return one_line(text.encode("utf-8", "backslashreplace"))
