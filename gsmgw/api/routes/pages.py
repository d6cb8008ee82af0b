"""/docs: the OpenAPI document and the problems as web pages that need no other host."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from html import escape
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from gsmgw.api.operations import GROUPS
from gsmgw.api.routes.problem_pages import PAGES
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.http.routes import Router
from gsmgw.wire.problems import PROBLEMS, ProblemCode

router = Router(in_schema=False)

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
code, pre { font: 14px/1.4 ui-monospace, monospace; background: #f4f4f2; } pre { padding: .7rem; overflow-x: auto; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ddd; } a { color: #0057a3; }
summary { cursor: pointer; padding: .3rem 0; } summary code { background: none; } .verb { font-weight: 600; }
table { border-collapse: collapse; } td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; }
details { border-bottom: 1px solid #eee; } .dim { color: #666; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } code, pre { background: #252525; }
  a { color: #7ab8f5; } h2, details { border-color: #333; } .dim { color: #999; } }
"""


def _page(title: str, body: str) -> HTMLResponse:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return HTMLResponse(f"{head}{view}<style>{_STYLE}</style><body>{body}</body></html>", headers=policy)


def _text(words: str) -> str:
    """Return a sentence as HTML; it may have `code` in it."""
    return re.sub(r"`+([^`]+)`+", r"<code>\1</code>", escape(words, quote=False))


# Describing all routes takes long, so a thread does it, once.
@router.get("/openapi.json")
async def document(request: Request) -> Response:
    """The OpenAPI document."""
    return await _made_once(request.app, "openapi.json", lambda app: JSONResponse(app.openapi()))


@router.get("/docs")
async def index(request: Request) -> Response:
    """All routes."""
    return await _made_once(request.app, "docs", _index)


async def _made_once(app: FastAPI, name: str, make: Callable[[FastAPI], Response]) -> Response:
    pages: dict[str, Response] = app.state.pages
    if name not in pages:
        async with app.state.page_lock:
            if name not in pages:
                pages[name] = await asyncio.to_thread(make, app)
    return pages[name]


def _index(app: FastAPI) -> HTMLResponse:
    described = app.openapi()
    parts = [f"<h1>gsmgw {escape(described['info']['version'])}</h1>", _INTRODUCTION, _contents(described["tags"])]
    for group in GROUPS:
        parts.append(f'<h2 id="{group.title}">{group.title}</h2><p>{_text(group.description)}</p>')
        for place in group.operations:
            method, path = place.split(" ")
            parts.append(_operation(method.lower(), path, described["paths"][path][method.lower()]))
    parts.append('<h2 id="schemas">schemas</h2>')
    for name, schema in sorted(described["components"]["schemas"].items()):
        parts.append(
            f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code> '
            f'<span class="dim">{escape(schema.get("description", "").partition(chr(10))[0])}</span></summary>'
            f"{_properties(schema)}<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre></details>"
        )
    return _page("gsmgw API", "".join(parts))


_INTRODUCTION = (
    '<p>HTTP with JSON. For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). Errors are '
    '<a href="/docs/problems">problem documents</a>.</p>'
)


def _contents(tags: list[dict[str, str]]) -> str:
    names = [*(tag["name"] for tag in tags), "schemas"]
    return "<p>" + " · ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in names) + "</p>"


def _linked(description: str) -> str:
    """Return the description of an answer with a link for each code of a problem."""
    words = (
        f'<a href="/docs/problems/{word}"><code>{word}</code></a>' if word in PROBLEMS else escape(word)
        for word in re.split(r"(\w+)", description)
    )
    return "".join(words)


def _example(title: str, content: dict[str, Any]) -> str:
    example = content.get("application/json", {}).get("example")
    if example is None:
        return ""
    return f"<p>{title}</p><pre>{escape(json.dumps(example, indent=2, ensure_ascii=False), quote=False)}</pre>"


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    summary = operation.get("description") or operation.get("summary", "")
    parts = [
        f'<details id="{escape(operation["operationId"])}"><summary><code><span class="verb">{method.upper()}</span> '
        f"{escape(path)}</code> {_text(summary.partition(chr(10))[0])}</summary><p>{_text(summary)}</p>"
    ]
    parameters = operation.get("parameters", [])
    if parameters:
        rows = "".join(
            f"<tr><td><code>{escape(item['name'])}</code></td><td class='dim'>{item['in']}"
            f"{', required' if item.get('required') else ''}</td><td>{_kind(item['schema'])}</td>"
            f"<td>{_text(item.get('description') or item['schema'].get('description', ''))}</td></tr>"
            for item in parameters
        )
        parts.append(f"<table>{rows}</table>")
    if body := operation.get("requestBody"):
        json_body = body["content"].get("application/json")
        parts.append(f"<p>Body: {_kind(json_body['schema']) if json_body else escape(', '.join(body['content']))}</p>")
        parts.append(_example("Example:", body["content"]))
    answers = "".join(
        f"<tr><td><code>{status}</code></td><td>{_linked(answer['description'])}</td><td>"
        + ", ".join(_kind(content["schema"]) for content in answer.get("content", {}).values())
        + "</td></tr>"
        for status, answer in operation["responses"].items()
    )
    parts.append(f"<table>{answers}</table>")
    good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    parts.append(_example("Example of an answer:", good.get("content", {})) + "</details>")
    return "".join(parts)


def _properties(schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td class='dim'>{'always' if name in required else ''}</td>"
        f"<td>{_kind(inner)}</td><td>{_text(inner.get('description', ''))}</td></tr>"
        for name, inner in schema.get("properties", {}).items()
    )
    return f"<table>{rows}</table>" if rows else ""


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of a value in a few words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for joiner in ("anyOf", "oneOf"):
        if joiner in schema:
            return " or ".join(_kind(inner) for inner in schema[joiner])
    if "enum" in schema:
        return " ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
    named = schema.get("format") or schema.get("type", "anything")
    return escape(", ".join([str(named), *bounds]))


_BOUNDS = {"minimum": "from", "maximum": "to", "minLength": "min. length", "maxLength": "max. length"}


@router.get("/docs/problems")
async def problems() -> HTMLResponse:
    """All problems."""
    rows = "".join(
        f'<tr><td><a href="/docs/problems/{code}"><code>{code}</code></a></td><td>{status}</td>'
        f"<td>{escape(title)}</td></tr>"
        for code, (status, title) in PROBLEMS.items()
    )
    return _page("Problems", f"<h1>Problems</h1><table>{rows}</table>")


@router.get("/docs/problems/{code}")
async def problem(code: str) -> HTMLResponse:
    """One problem."""
    try:
        known = ProblemCode(code)
    except ValueError:
        raise Problem(ProblemCode.NOT_FOUND, f"the problem {code!r} does not exist") from None
    status, title = PROBLEMS[known]
    meaning, remedy = PAGES[known]
    return _page(
        code,
        f"<h1>{escape(title)}</h1><p><code>{code}</code>, HTTP {status}</p>"
        f"<h2>What it means</h2><p>{_text(meaning)}</p>"
        f'<h2>What to do</h2><p>{_text(remedy)}</p><p><a href="/docs/problems">All problems</a> · '
        f'<a href="/docs">The API</a></p>',
    )
