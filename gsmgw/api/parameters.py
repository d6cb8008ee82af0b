"""Parameters of a query that no route knows, or that are there twice: no filter is to be left out in silence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams

from gsmgw.http.problems import Problem


def _known(route: APIRoute) -> Mapping[str, bool]:
    """The parameters of a route, and whether one may be there more than once."""
    params = get_flat_params(route.dependant)
    return {
        known.alias: any(get_origin(kind) is list for kind in _kinds(known.field_info.annotation))
        for known in params
        if getattr(known.field_info, "in_", None) is ParamTypes.query
    }


def _kinds(annotation: object) -> tuple[object, ...]:
    return (annotation, *get_args(annotation))


async def no_unknown(request: Request) -> None:
    """:class:`Problem` for a parameter that the route does not have; the nearest name is named."""
    route = request.scope["route"]
    if not request.query_params or not isinstance(route, APIRoute) or not route.path.startswith("/v1/"):
        return
    known = _known(route)
    errors = [
        {"parameter": name, "detail": _unknown(name, known.keys())}
        for name in request.query_params
        if name not in known
    ]
    errors += repeated(request.query_params, [name for name, many in known.items() if not many])
    if errors:
        raise Problem("invalid_request", f"{errors[0]['parameter']}: {errors[0]['detail']}", errors=errors)


def repeated(asked: QueryParams, names: Iterable[str]) -> list[dict[str, str]]:
    """What is wrong with parameters of these names that are there more than once: all but one would be left out."""
    return [
        {"parameter": name, "detail": f"is given {count} times; give it once"}
        for name in names
        if (count := len(asked.getlist(name))) > 1
    ]


def _unknown(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, 1)
    if near:
        return f"is not a known parameter; is {near[0]} meant?"
    return "is not a known parameter; " + (f"there are {', '.join(sorted(known))}" if known else "there is none")
