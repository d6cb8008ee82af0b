"""Numbers and flags of request bodies are those of JSON: neither true nor "5" is taken for a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import gsmgw.api  # noqa: F401  (has all bodies)
from gsmgw.api.message_bodies import MessageIn
from gsmgw.api.routes.tokens import TokenIn
from gsmgw.api.routes.webhook_bodies import ReplayIn
from gsmgw.api.routing import QueryModel

#: Kinds of pydantic's schemas that take texts or other kinds of JSON values unless they are strict.
LAX = {"int", "float", "bool", "decimal", "bytes"}
#: A value that may be of any scalar kind keeps its own.
ANY_SCALAR = {"str", "int", "float", "bool"}


def subclasses(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


BODIES = [
    each
    for each in dict.fromkeys(subclasses(BaseModel))
    if each.__module__.startswith("gsmgw.api.") and not issubclass(each, QueryModel)
]


def core(schema: Any) -> Any:
    """Return the kind below functions that check or change it."""
    while isinstance(schema, dict) and schema["type"] != "model" and "schema" in schema:
        schema = schema["schema"]
    return schema["type"] if isinstance(schema, dict) else None


def lax(schema: Any, path: str) -> Iterator[str]:
    """Yield the places in a schema of pydantic that are not strict."""
    if isinstance(schema, list | tuple):
        for each in schema:
            yield from lax(each, path)
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    if kind == "model-fields":
        for name, field in schema["fields"].items():
            yield from lax(field, f"{path}.{name}")
        return
    if kind in ("union", "tagged-union"):
        choices = schema["choices"]
        if {core(each) for each in (choices.values() if isinstance(choices, dict) else choices)} >= ANY_SCALAR:
            return
    if kind in LAX and not schema.get("strict"):
        yield f"{path}: {kind}"
    for name, part in schema.items():
        if name not in ("metadata", "serialization"):
            yield from lax(part, path)


def test_bodies_are_found() -> None:
    assert {MessageIn, TokenIn, ReplayIn} <= set(BODIES)
    assert len(BODIES) > 50


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_no_number_or_flag_is_lax(body: type[BaseModel]) -> None:
    assert [*lax(body.__pydantic_core_schema__, body.__name__)] == []


def test_what_is_lax_is_found() -> None:
    class Inner(BaseModel):
        count: int | None = None

    class Outer(BaseModel):
        flag: bool
        inner: list[Inner]
        any: dict[str, str | bool | int | float | None]

    found = [*lax(Outer.__pydantic_core_schema__, "x")]
    assert found == ["x.flag: bool", "x.inner.count: int"]


@pytest.mark.parametrize(
    ("body", "fields", "name"),
    [
        (MessageIn, {"to": "+4915112345678", "text": "x"}, "valid_for"),
        (TokenIn, {"name": "web", "scopes": ["send"]}, "expires_in"),
        (ReplayIn, {}, "event"),
        (ReplayIn, {}, "since"),
    ],
)
@pytest.mark.parametrize("value", [True, "3600"])
def test_these_were_lax(body: type[BaseModel], fields: dict[str, Any], name: str, value: object) -> None:
    adapter = TypeAdapter(body)
    adapter.validate_python({**fields, name: 3600})
    with pytest.raises(ValidationError):
        adapter.validate_python({**fields, name: value})
