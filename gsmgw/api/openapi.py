"""What of the OpenAPI document the routes do not say by themselves."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


def body_of(model: type[BaseModel], *, keyed: bool = False) -> dict[str, Any]:
    """The request body of a route that reads it itself, and its Idempotency-Key."""
    extra: dict[str, Any] = {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": model.model_json_schema(by_alias=True)}},
        }
    }
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
