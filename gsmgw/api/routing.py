"""Routers whose routes know their query parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import QueryParams

from gsmgw.http.problems import Problem
from gsmgw.wire.problems import ProblemCode


class QueryModel(BaseModel):
    """The query parameters of a route; a route without one has none."""

    model_config = ConfigDict(extra="forbid")


async def _strict_query(request: Request) -> None:
    if request.query_params:
        check_query(request.query_params, _query_model(request.scope["endpoint"]))


class DescribedRoute(APIRoute):
    """A route whose ``response_model`` only describes: :mod:`gsmgw.api.openapi` reads it when the document is made.

    The routes write their responses themselves. FastAPI would build a serializer for each model at the start, twice,
    and that was a tenth of the time until the gateway is ready.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], *, response_model: Any = None, **settings: Any) -> None:
        super().__init__(path, endpoint, response_model=None, **settings)
        self.response_model = response_model


def api_router(prefix: str) -> APIRouter:
    """Return a router for one resource. It refuses unknown query parameters, so that no filter gets lost."""
    return APIRouter(prefix=prefix, dependencies=[Depends(_strict_query)], route_class=DescribedRoute)


class PathMethods:
    """The methods that each path has."""

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        self._routes = [
            (route.path, re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path)), set(route.methods or ()))
            for router in routers
            for route in router.routes
            if isinstance(route, APIRoute)
        ]

    def __call__(self, path: str) -> list[str]:
        """Return the methods of a path. A path that answers GET also answers HEAD."""
        exact = [methods for known, _, methods in self._routes if known == path]
        found = exact or [methods for _, pattern, methods in self._routes if pattern.fullmatch(path)]
        methods = {method for each in found for method in each}
        return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def check_query(given: QueryParams, model: type[QueryModel]) -> None:
    """Raise :class:`Problem` for parameters that the model does not have or that may be given only once."""
    known = _parameters(model)
    errors = [{"parameter": name, "detail": _unknown(name, known)} for name in given if name not in known]
    for name, is_list in known.items():
        if not is_list and (count := len(given.getlist(name))) > 1:
            errors.append({"parameter": name, "detail": f"is given {count} times; give it once"})
    if errors:
        raise Problem(ProblemCode.INVALID_REQUEST, f"{errors[0]['parameter']}: {errors[0]['detail']}", errors=errors)


@cache
def _query_model(endpoint: Callable[..., Any]) -> type[QueryModel]:
    for hint in get_type_hints(endpoint).values():
        if isinstance(hint, type) and issubclass(hint, QueryModel):
            return hint
    return QueryModel


@cache
def _parameters(model: type[QueryModel]) -> Mapping[str, bool]:
    """Return the parameters of a model, and whether each may be given more than once."""
    return {
        field.alias or name: any(get_origin(kind) is list for kind in (field.annotation, *get_args(field.annotation)))
        for name, field in model.model_fields.items()
    }


def _unknown(name: str, known: Mapping[str, bool]) -> str:
    near = get_close_matches(name, known, 1)
    if near:
        return f"is not a known parameter; did you mean {near[0]!r}?"
    if known:
        return f"is not a known parameter; known are {', '.join(sorted(known))}"
    return "is not a known parameter; this call has none"
