"""Pages of lists that are short enough to be read as a whole: users, tokens, webhooks, rules, templates."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

from pydantic import Field

from gsmgw.api.routing import QueryModel
from gsmgw.http.problems import Problem
from gsmgw.wire.problems import ProblemCode

T = TypeVar("T")
#: The sort key of a list. No two entries have the same.
Key: TypeAlias = tuple[str | int, ...]


class ListQuery(QueryModel):
    """Query parameters of a list."""

    limit: int | None = Field(None, ge=1, le=1000, description="Maximum number of results (default: all)")
    cursor: str | None = Field(None, max_length=1000, description="next_cursor of the previous page")


def page_of(found: Iterable[T], query: ListQuery, key: Callable[[T], Key]) -> tuple[list[T], str | None]:
    """Return a page of a list in the order of ``key``, and the cursor of the next page; None if it is the last.

    The cursor is the key of the last entry, so an entry that is added or deleted meanwhile moves no other to another
    page. Raises :class:`Problem` for a cursor of another list.
    """
    ordered = sorted(found, key=key)
    if query.cursor is not None:
        after = _key_in(query.cursor)
        if ordered and [type(each) for each in after] != [type(each) for each in key(ordered[0])]:
            raise _not_a_cursor()
        ordered = [each for each in ordered if key(each) > after]
    page = ordered[: query.limit]
    return page, _cursor(key(page[-1])) if len(page) < len(ordered) else None


def _cursor(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _key_in(cursor: str) -> Key:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        raise _not_a_cursor() from None
    if not isinstance(found, list):
        raise _not_a_cursor()
    return tuple(found)


def _not_a_cursor() -> Problem:
    detail = "is not a cursor of this list; use next_cursor of the previous page"
    return Problem(ProblemCode.INVALID_REQUEST, f"cursor: {detail}", errors=[{"parameter": "cursor", "detail": detail}])
