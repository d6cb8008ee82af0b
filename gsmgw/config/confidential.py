"""Which settings are confidential: said once, at the field, and followed by everything that shows a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

#: Stands in the place of a value that is not shown.
HIDDEN = "****"


class Confidential(Enum):
    """A mark in the annotation of a field: ``pin: Annotated[str | None, Confidential.SECRET]``."""

    SECRET = "secret"  #: gives access: nobody is shown it
    PERSONAL = "personal"  #: tells about a person or a SIM: the owner is shown it, a support bundle does not hold it
    ARGUMENTS = "arguments"  #: a command whose arguments may be either: as PERSONAL, but for the program itself


def mark_of(field: FieldInfo) -> Confidential | None:
    """Return the mark of a field, if it has one."""
    return next((mark for mark in field.metadata if isinstance(mark, Confidential)), None)


def redacted(model: BaseModel, *, for_others: bool = False, **dump: Any) -> dict[str, Any]:
    """Return a model as JSON values without its secrets; ``for_others`` leaves out what is personal, too.

    ``dump`` goes to :meth:`pydantic.BaseModel.model_dump`.
    """
    return _redact(model, model.model_dump(mode="json", **dump), for_others)


def confidential_values(model: BaseModel) -> Iterator[str]:
    """Yield every text in a model that a support bundle must not hold, wherever it appears."""
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
    """Return whether a model has a secret in it."""
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
