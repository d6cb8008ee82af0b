"""Parameters of a query that no route knows: a filter that is misspelt is not to be taken for none."""

from __future__ import annotations

from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute

from gsmgw.api.problems import Problem


def _known(route: APIRoute) -> frozenset[str]:
    params = get_flat_params(route.dependant)
    return frozenset(known.alias for known in params if getattr(known.field_info, "in_", None) is ParamTypes.query)


async def no_unknown(request: Request) -> None:
    """:class:`Problem` for a parameter that the route does not have; the nearest name is named."""
    route = request.scope["route"]
    if not request.query_params or not isinstance(route, APIRoute) or not route.path.startswith("/v1/"):
        return
    known = _known(route)
    errors = [
        {"parameter": name, "detail": _unknown(name, known)} for name in request.query_params if name not in known
    ]
    if errors:
        raise Problem("invalid_request", f"{errors[0]['parameter']}: {errors[0]['detail']}", errors=errors)


def _unknown(name: str, known: frozenset[str]) -> str:
    near = get_close_matches(name, known, 1)
    if near:
        return f"is not a known parameter; is {near[0]} meant?"
    return "is not a known parameter; " + (f"there are {', '.join(sorted(known))}" if known else "there is none")
