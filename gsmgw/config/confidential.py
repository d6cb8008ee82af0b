"""Marks for confidential settings, set at the field and followed by everything that shows a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

#: Replaces a value that is not shown.
HIDDEN = "****"


class Confidential(Enum):
    """The mark in a field's annotation: ``pin: Annotated[str | None, Confidential.SECRET]``."""

    SECRET = "secret"  #: gives access: never shown
    PERSONAL = "personal"  #: identifies a person or a SIM: shown to the owner, left out of support bundles
    ARGUMENTS = "arguments"  #: a command line: its arguments are PERSONAL, the program's path is not


def mark_of(field: FieldInfo) -> Confidential | None:
    """Return the mark of a field, or None."""
    return next((mark for mark in field.metadata if isinstance(mark, Confidential)), None)


def redacted(model: BaseModel, *, for_others: bool = False, **dump: Any) -> dict[str, Any]:
    """Return a model as JSON values without its secrets; ``for_others`` also leaves out personal values.

    ``dump`` is passed to :meth:`pydantic.BaseModel.model_dump`.
    """
    return _redact(model, model.model_dump(mode="json", **dump), for_others)


def confidential_values(model: BaseModel) -> Iterator[str]:
    """Yield every value in a model that must not appear anywhere in a support bundle."""
    for name, field in type(model).model_fields.items():
        value, mark = getattr(model, name), mark_of(field)
        if mark is Confidential.ARGUMENTS:
            yield from value[1:]
        elif mark is not None and value is not None:
            yield str(value)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, BaseModel):
                yield from confidential_values(inner)


def holds_secrets(model: BaseModel) -> bool:
    """Return True if a model contains a secret."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value is not None and mark_of(field) is Confidential.SECRET:
            return True
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, BaseModel) and holds_secrets(inner):
                return True
    return False


def _redact(model: BaseModel, content: dict[str, Any], for_others: bool) -> dict[str, Any]:
    for name, field in type(model).model_fields.items():
        if content.get(name) is None:
            continue
        value, mark = getattr(model, name), mark_of(field)
        if mark is Confidential.SECRET or (mark is Confidential.PERSONAL and for_others):
            content[name] = HIDDEN
        elif mark is Confidential.ARGUMENTS and for_others:
            content[name] = [*content[name][:1], *[HIDDEN] * (len(content[name]) > 1)]
        elif isinstance(value, BaseModel):
            _redact(value, content[name], for_others)
        elif isinstance(value, list):
            for inner, shown in zip(value, content[name], strict=True):
                if isinstance(inner, BaseModel):
                    _redact(inner, shown, for_others)
    return content
