"""The OpenAPI document: FastAPI's, with the problems that every request can get and the bodies that routes read."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from gsmgw.api.examples import ANSWERS, REQUESTS
from gsmgw.api.operations import arrange
from gsmgw.http.routes import LateRoute
from gsmgw.wire.problems import PROBLEMS
from gsmgw.wire.resources import ProblemDocument

Responses = dict[int | str, dict[str, Any]]

_REF = "#/components/schemas/{model}"
#: Problems of every request: not HTTP, too late, too large, or from somebody who may not.
_ALWAYS = (400, 401, 403, 405, 408, 413, 415, 422, 429, 431, 500, 503)


def media(*types: str, status: int = 200) -> Responses:
    """Return the description of a good response that is not JSON."""
    content = {media_type: {"schema": {"type": "string"}} for media_type in types}
    return {status: {"description": HTTPStatus(status).phrase, "content": content}}


def problems(*statuses: int) -> Responses:
    """Return the description of problems."""
    return {status: _problem(status) for status in statuses}


def _problem(status: int) -> dict[str, Any]:
    codes = ", ".join(code for code, (known, _) in PROBLEMS.items() if known == status)
    schema = {"$ref": _REF.format(model=ProblemDocument.__name__)}
    return {
        "description": f"{HTTPStatus(status).phrase}: {codes}",
        "content": {"application/problem+json": {"schema": schema}},
    }


def body_of(model: type[BaseModel], *, keyed: bool = False) -> dict[str, Any]:
    """Return the description of a body that a route reads by itself, and of its Idempotency-Key."""
    schema = {"$ref": _REF.format(model=model.__name__)}
    extra: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
    if keyed:
        extra["parameters"] = [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "A request repeated with the same key gets the same response, even after a crash",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        ]
    return extra


def file_body(*types: str) -> dict[str, Any]:
    """Return the description of a body that is a file."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in types}
    return {"requestBody": {"required": True, "content": content}}


def _first_sentence(text: str) -> str:
    sentence, _, _ = text.replace("`", "").partition("\n")[0].partition(". ")
    return sentence.removesuffix(".")


def _describe_responses(document: dict[str, Any], routes: Sequence[LateRoute]) -> None:
    """Add the schemas of the routes' responses."""
    described = [route for route in routes if route.response_model is not None and route.include_in_schema]
    adapters = {number: TypeAdapter(route.response_model) for number, route in enumerate(described)}
    mode: JsonSchemaMode = "serialization"
    made, definitions = TypeAdapter.json_schemas([(n, mode, a) for n, a in adapters.items()], ref_template=_REF)
    document["components"]["schemas"].update(definitions.get("$defs", {}))
    for number, route in enumerate(described):
        for method in route.methods or ():
            response = document["paths"][route.path_format][method.lower()]["responses"][str(route.status_code)]
            response["content"] = {"application/json": {"schema": made[number, mode]}}


def _add_examples(name: str, operation: dict[str, Any]) -> None:
    if (request := REQUESTS.get(name)) is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = request
    if (answer := ANSWERS.get(name)) is not None:
        good = next(response for status, response in operation["responses"].items() if status.startswith("2"))
        good["content"]["application/json"]["example"] = answer


def describe(app: FastAPI, routes: Sequence[LateRoute], bodies: Sequence[type[BaseModel]]) -> dict[str, Any]:
    """Return the whole document. ``bodies`` are those that routes read by themselves."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        routes=[route.built for route in routes],
        description="Errors are problem documents (RFC 9457). `type` is a page of this gateway that explains it.",
    )
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _describe_responses(document, routes)
    _, made = models_json_schema([(model, "validation") for model in bodies], ref_template=_REF)
    schemas.update(made["$defs"])
    problem = TypeAdapter(ProblemDocument).json_schema(ref_template=_REF)
    schemas.update(problem.pop("$defs"))
    schemas[ProblemDocument.__name__] = problem
    for name, operation in arrange(document):
        responses = {**{str(status): _problem(status) for status in _ALWAYS}, **operation["responses"]}
        if "HTTPValidationError" in str(responses["422"]):  # FastAPI's own form of an error
            responses["422"] = _problem(422)
        operation["responses"] = dict(sorted(responses.items()))
        operation["summary"] = _first_sentence(operation["description"])
        _add_examples(name, operation)
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "Needed over TCP, not on the Unix socket"}
    }
    document["security"] = [{}, {"token": []}]
    return document
