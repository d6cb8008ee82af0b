"""The OpenAPI document: what the routes say by themselves, and the answers, which FastAPI cannot see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from gsmgw.api import responses as d
from gsmgw.http.problems import PROBLEMS

_REF = "#/components/schemas/{model}"
#: What a good answer holds: a document, or a media type of which no more can be said.
ANSWERS: Mapping[str, type[BaseModel] | str | None] = {
    "POST /v1/messages": d.Message,
    "POST /v1/messages/batch": d.BatchAnswer,
    "POST /v1/messages/batch/preview": d.BatchPreview,
    "POST /v1/messages/preview": d.Preview,
    "GET /v1/messages": d.MessagePage,
    "GET /v1/messages/export": "application/x-ndjson, text/csv",
    "GET /v1/messages/{message_id}": d.WholeMessage,
    "POST /v1/messages/{message_id}/cancel": d.WholeMessage,
    "POST /v1/messages/{message_id}/retry": d.WholeMessage,
    "POST /v1/messages/{message_id}/resolve": d.WholeMessage,
    "GET /v1/conversations": d.ConversationPage,
    "GET /v1/quarantine": d.QuarantinePage,
    "POST /v1/quarantine/reread": d.Reread,
    "GET /v1/events": "text/event-stream",
    "GET /v1/modems": d.ModemList,
    "GET /v1/modems/{name}": d.Modem,
    "POST /v1/modems/{name}/reset": d.Modem,
    "POST /v1/modems/{name}/enable": d.Modem,
    "POST /v1/modems/{name}/disable": d.Modem,
    "POST /v1/modems/{name}/pin": d.Modem,
    "POST /v1/modems/{name}/ussd": d.UssdAnswer,
    "GET /v1/modems/{name}/tap": "text/plain",
    "GET /v1/webhooks": d.WebhookList,
    "POST /v1/webhooks": d.NewWebhook,
    "GET /v1/webhooks/{webhook_id}": d.Webhook,
    "PATCH /v1/webhooks/{webhook_id}": d.Webhook,
    "DELETE /v1/webhooks/{webhook_id}": None,
    "POST /v1/webhooks/{webhook_id}/secrets": d.NewWebhook,
    "POST /v1/webhooks/{webhook_id}/pause": d.Webhook,
    "POST /v1/webhooks/{webhook_id}/resume": d.Webhook,
    "POST /v1/webhooks/{webhook_id}/test": d.Delivery,
    "POST /v1/webhooks/{webhook_id}/replay": d.Webhook,
    "GET /v1/webhooks/{webhook_id}/deliveries": d.DeliveryPage,
    "GET /v1/tokens": d.TokenList,
    "POST /v1/tokens": d.NewToken,
    "DELETE /v1/tokens/{name}": None,
    "GET /v1/audit": d.AuditPage,
    "POST /v1/backups": d.Backup,
    "GET /v1/backups": d.BackupList,
    "GET /v1/stats": d.Stats,
    "GET /health/live": d.Health,
    "GET /health/ready": d.Health,
    "GET /metrics": "text/plain, application/openmetrics-text",
}
#: Of every request: it may be no HTTP, come too late, be too large, or come from somebody who may not.
_ALWAYS = (400, 401, 403, 405, 408, 413, 415, 422, 429, 431, 500, 503)
#: And of some.
_CONFLICTS = ("/cancel", "/retry", "/resolve", "/pause", "/resume", "/test", "/v1/messages", "/batch")
_MODEM_ACTS = ("/reset", "/pin", "/ussd")


#: Routes that are no part of what is described.
_PAGES = ("GET /docs", "GET /docs/problems", "GET /docs/problems/{code}", "GET /openapi.json")
_CALLS = [(method, path) for method, _, path in (name.partition(" ") for name in (*ANSWERS, *_PAGES))]
_PATTERNS = [(method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for method, path in _CALLS]


def methods_at(path: str) -> list[str]:
    """The methods that a path has. Whoever answers GET answers HEAD."""
    found = {method for method, known in _CALLS if known == path}
    found = found or {method for method, pattern in _PATTERNS if pattern.fullmatch(path)}
    return sorted(found | {"HEAD"} if "GET" in found else found)


def body_of(model: type[BaseModel], *, keyed: bool = False) -> dict[str, Any]:
    """The request body of a route that reads it itself, and its Idempotency-Key."""
    schema = {"$ref": _REF.format(model=model.__name__)}
    extra: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
    if keyed:
        extra["parameters"] = [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "The same request with the same key gets the same answer, once more or after a crash",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        ]
    return extra


def _problem_statuses(method: str, path: str) -> list[int]:
    found = list(_ALWAYS)
    if "{" in path or path == "/v1/messages":
        found.append(404)
    if method == "POST" and (path.endswith(_CONFLICTS) or path in ("/v1/webhooks", "/v1/tokens")):
        found.append(409)
    if path == "/v1/events":
        found.append(410)
    if path.endswith(_MODEM_ACTS):
        found.append(409)
    return sorted(set(found))


def _content(answer: type[BaseModel] | str) -> dict[str, Any]:
    if isinstance(answer, str):
        return {media_type: {"schema": {"type": "string"}} for media_type in answer.split(", ")}
    return {"application/json": {"schema": {"$ref": _REF.format(model=answer.__name__)}}}


def describe(app: FastAPI, bodies: Sequence[type[BaseModel]]) -> dict[str, Any]:
    """The whole document. ``bodies`` are those that routes read themselves."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        routes=app.routes,
        description="Errors are problem documents (RFC 9457); `type` is a page on this gateway that explains them.",
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    outs = [answer for answer in ANSWERS.values() if isinstance(answer, type)]
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "serialization") for model in outs]
    wanted += [(d.ProblemDocument, "serialization"), *((model, "validation") for model in bodies)]
    _, made = models_json_schema(wanted, ref_template=_REF)
    schemas.update(made["$defs"])
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(model="ProblemDocument")}}}
    codes: dict[int, list[str]] = {}
    for code, (status, _) in PROBLEMS.items():
        codes.setdefault(status, []).append(code)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            answer = ANSWERS[name]
            good = next(status for status in operation["responses"] if status.startswith("2"))
            described: dict[str, Any] = {"description": HTTPStatus(int(good)).phrase}
            if answer is not None:
                described["content"] = _content(answer)
            responses: dict[str, Any] = {good: described}
            for status in _problem_statuses(method.upper(), path):
                words = ", ".join(codes[status])
                responses[str(status)] = {"description": f"{HTTPStatus(status).phrase}: {words}", "content": problem}
            if name == "GET /health/ready":
                responses["503"] = {"description": "Service Unavailable", "content": _content(d.Health)}
            operation["responses"] = responses
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "Over TCP; the Unix socket needs none"}
    }
    document["security"] = [{}, {"token": []}]
    return document
