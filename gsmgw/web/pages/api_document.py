"""The calls of the API as pages, made from the gateway's OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup
from starlette.responses import JSONResponse, Response

from gsmgw.client import ApiError
from gsmgw.web.look import Look
from gsmgw.web.routing import Page
from gsmgw.web.view import View

_BOUNDS = {"minimum": "from", "maximum": "to", "minLength": "min. length", "maxLength": "max. length"}


async def _document(view: View) -> dict[str, Any]:
    found: dict[str, Any] = await view.gateway.request("GET", "/openapi.json")
    return found


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operations in the order of the document."""
    return [
        {**operation, "method": method.upper(), "path": path}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def index(view: View) -> Response:
    """List all operations by their groups; ``q`` searches them."""
    document, words = await _document(view), view.asked("q").lower()
    operations = [each for each in _operations(document) if words in f"{each['path']} {each['description']}".lower()]
    groups = [
        {**tag, "operations": [each for each in operations if tag["name"] in each["tags"]]} for tag in document["tags"]
    ]
    shown = [group for group in groups if group["operations"]]
    return view.render("api.html", groups=shown, q=view.asked("q"), version=document["info"]["version"])


async def operation(view: View) -> Response:
    """Show one operation."""
    document, name = await _document(view), view.path("name")
    found = next((each for each in _operations(document) if each["operationId"] == name), None)
    if found is None:
        raise ApiError(404, {"code": "not_found", "detail": name})
    body = found.get("requestBody", {}).get("content", {})
    answers = [(status, answer, answer.get("content", {})) for status, answer in found["responses"].items()]
    good: dict[str, Any] = next((content for status, _, content in answers if status.startswith("2")), {})
    return view.render(
        "api_operation.html",
        operation=found,
        parameters=[(each, _kind(view.look, each["schema"])) for each in found.get("parameters", [])],
        body=_content(view.look, document, body),
        answer=_content(view.look, document, good),
        answers=answers,
    )


async def download(view: View) -> Response:
    """Download the document, for programs that make clients from it."""
    headers = {"Content-Disposition": 'attachment; filename="gsmgw-openapi.json"'}
    return JSONResponse(await _document(view), headers=headers)


async def schema(view: View) -> Response:
    """Show one schema."""
    document, name = await _document(view), view.path("name")
    found = document["components"]["schemas"].get(name)
    if found is None:
        raise ApiError(404, {"code": "not_found", "detail": name})
    fields = _fields(view.look, document, found)
    return view.render("api_schema.html", name=name, schema=found, fields=fields, whole=_indented(found))


def _content(look: Look, document: dict[str, Any], content: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is known about a body: its media types, its type, fields and an example."""
    if not content:
        return None
    kind = content.get("application/json")
    shown = {"types": list(content), "kind": None, "fields": [], "example": ""}
    if kind is None:
        return shown
    example = kind.get("example")
    return {
        **shown,
        "kind": _kind(look, kind["schema"]),
        "fields": _fields(look, document, kind["schema"]),
        "example": "" if example is None else _indented(example),
    }


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _fields(look: Look, document: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of an object: name, type, whether it must be there, meaning."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "kind": _kind(look, inner),
            "required": name in required,
            "meaning": inner.get("description", ""),
        }
        for name, inner in schema.get("properties", {}).items()
    ]


def _kind(look: Look, schema: dict[str, Any]) -> Markup:
    """Return the type of a value in a few words, with links to other schemas."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="{}">{}</a>').format(look.url(f"/api/schemas/{name}"), name)
    for joiner in ("anyOf", "oneOf"):
        if joiner in schema:
            return Markup(" | ").join(_kind(look, inner) for inner in schema[joiner])
    if "enum" in schema:
        return Markup(" ").join(Markup("<code>{}</code>").format(json.dumps(value)) for value in schema["enum"])
    if schema.get("type") == "array":
        return Markup("[{}]").format(_kind(look, schema.get("items", {})))
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
    return Markup("{}").format(", ".join([str(schema.get("format") or schema.get("type", "any")), *bounds]))


PAGES = [
    Page("/api", index),
    Page("/api/openapi.json", download),
    Page("/api/schemas/{name}", schema),
    Page("/api/{name}", operation),
]
