"""Query parameters that are not known or given twice, and the methods of a path."""

from __future__ import annotations

import pytest
from pydantic import Field
from starlette.datastructures import QueryParams

from gsmgw.api import ROUTERS
from gsmgw.api.routing import QueryModel, check_query
from gsmgw.http.problems import Problem
from gsmgw.http.routes import RouteTable


class Query(QueryModel):
    limit: int = 50
    status: list[str] = Field(default_factory=list)
    kind: str | None = Field(None, alias="class")


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("limit=1&status=a&status=b&class=x", None),
        ("lmit=1", {"lmit": "is not a known parameter; did you mean 'limit'?"}),
        ("zebra=1", {"zebra": "is not a known parameter; known are class, limit, status"}),
        ("limit=1&limit=2", {"limit": "is given 2 times; give it once"}),
        ("kind=x", {"kind": "is not a known parameter; known are class, limit, status"}),
    ],
)
def test_a_parameter_that_would_get_lost_is_an_error(query: str, errors: dict[str, str] | None) -> None:
    if errors is None:
        check_query(QueryParams(query), Query)
        return
    with pytest.raises(Problem) as caught:
        check_query(QueryParams(query), Query)
    assert {error["parameter"]: error["detail"] for error in caught.value.errors} == errors


def test_a_route_without_parameters_says_so() -> None:
    with pytest.raises(Problem, match="x: is not a known parameter; this call has none"):
        check_query(QueryParams("x=1"), QueryModel)


def test_the_methods_of_a_path() -> None:
    methods = RouteTable(ROUTERS).methods_at
    assert methods("/v1/messages") == ["GET", "HEAD", "POST"]
    assert methods("/v1/messages/export") == ["GET", "HEAD"]
    assert methods("/v1/messages/1m7zmv7531afn/cancel") == ["POST"]
    assert methods("/v1/nothing") == []
