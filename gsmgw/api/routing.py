"""Routers whose routes know their query parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict
from starlette.datastructures import QueryParams

from gsmgw.http.problems import Problem
from gsmgw.http.routes import Router
from gsmgw.wire.problems import ProblemCode


class QueryModel(BaseModel):
    """The query parameters of a route; a route without one has none."""

    model_config = ConfigDict(extra="forbid")


def api_router(prefix: str, *dependencies: Any) -> Router:
    """Return a router for one resource. It refuses unknown query parameters, so that no filter gets lost."""
    return Router(prefix, dependencies=dependencies, check_query=_check_query_of)


def _check_query_of(given: QueryParams, endpoint: Callable[..., Any]) -> None:
    check_query(given, _query_model(endpoint))


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
