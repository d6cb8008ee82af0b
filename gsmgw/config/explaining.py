"""Error messages for a configuration: the problem, its line, and the key that was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from tomllib import TOMLDecodeError
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from gsmgw.config.confidential import Confidential, mark_of
from gsmgw.config.fields import CROSS_PROBLEMS, WrongForm
from gsmgw.config.file import Config
from gsmgw.config.lines import Lines, Place

#: Sentences for the error types of pydantic, with the values that they come with.
_SENTENCES = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "path_type": "must be a path in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number without quotes",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large",
    "float_type": "must be a number",
    "float_parsing": "must be a number without quotes",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false, without quotes",
    "bool_parsing": "must be true or false, without quotes",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entry",
    "too_long": "must have at most {max_length} entries",
    "date_type": "must be a date without quotes, for example 2026-12-25",
    "date_parsing": "must be a date, for example 2026-12-25",
    "date_from_datetime_parsing": "must be a date, for example 2026-12-25",
    "date_from_datetime_inexact": "must be a date without a time, for example 2026-12-25",
}
_TOML_PLACE = re.compile(r" \(at (?:line ([0-9]+), column [0-9]+|end of document)\)$")


def explain(exc: ValidationError, text: str) -> list[str]:
    """Return every problem of a configuration's text, ordered by line."""
    found: list[tuple[Place, str]] = []
    for error in exc.errors():
        where = tuple(part for part in error["loc"] if isinstance(part, int | str))
        if error["type"] == CROSS_PROBLEMS:
            found += error["ctx"]["problems"]
        else:
            found.append((where, _message(error, where)))
    return Lines(text).sorted(found)


def explain_toml(exc: TOMLDecodeError, text: str) -> str:
    """Return the problem of a text that is not TOML, with its line and what is usually wrong."""
    message = str(exc)
    place = _TOML_PLACE.search(message)
    number = int(place[1]) if place is not None and place[1] else text.rstrip().count("\n") + 1
    what = _TOML_PLACE.sub("", message)
    lines = text.split("\n")
    line = lines[number - 1].strip() if number <= len(lines) else ""
    if what.startswith(("Cannot overwrite", "Cannot mutate", "Duplicate")):
        return f"line {number}: this key or section occurs twice; write it once"
    if what.startswith("Cannot declare"):
        return f"line {number}: this section occurs twice; put its keys into one section ([[modem]] may occur again)"
    cure = _toml_cure(line)
    return f"line {number}: is not valid TOML: {what[:1].lower()}{what[1:]}{cure}"


def _toml_cure(line: str) -> str:
    if line.startswith("["):
        return ". A section is written [gateway], one that may occur again [[modem]]"
    if "=" not in line:
        return '. A setting is written key = value, for example country = "DE"'
    return '. Text needs quotes, for example country = "DE"; numbers, true and false have none'


def _message(error: Mapping[str, Any], where: tuple[int | str, ...]) -> str:
    name = ".".join(str(part) for part in where if isinstance(part, str))
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(where[-1]), _keys_at(where[:-1]), 1, 0.5)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known keys: {', '.join(_keys_at(where[:-1]))}"
        return f"unknown key {name!r}{hint}"
    message = _sentence(error, where)
    return f"{name}: {message}" if name else message


def _sentence(error: Mapping[str, Any], where: tuple[int | str, ...]) -> str:
    kind, given = str(error["type"]), error["input"]
    secret = _mark_at(where) is Confidential.SECRET
    context = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, WrongForm):
        return str(cause) if secret else f"{given!r} is not valid: {cause}"
    if kind == "literal_error":
        return _choice(given, context["expected"])
    if kind in ("list_type", "dict_type", "model_type", "model_attributes_type"):
        return _structure(kind, given, where)
    if kind in _SENTENCES:
        quoted = "" if secret or kind == "missing" or isinstance(given, dict | list) else f"{given!r} is not valid: "
        return quoted + _SENTENCES[kind].format(**context)
    return str(error["msg"]).removeprefix("Value error, ")


def _choice(given: Any, expected: str) -> str:
    known = re.findall(r"'([^']*)'", expected)
    near = difflib.get_close_matches(str(given), known, 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{given!r} is not valid: must be one of {', '.join(map(repr, known))}{hint}"


def _structure(kind: str, given: Any, where: Place) -> str:
    """Return what to write instead, where a section is not a section or a list not a list."""
    name = next(str(part) for part in reversed(where) if isinstance(part, str))
    if kind == "list_type" and isinstance(given, dict):
        return f"may occur several times: write [[{name}]] with two brackets"
    if kind == "list_type":
        return f'must be a list, for example {name} = ["..."]'
    if isinstance(given, list):
        return f"may occur only once: write [{name}] with one bracket"
    return f"must be a section: write [{name}] on a line of its own, its keys below it"


def _keys_at(where: Iterable[int | str]) -> list[str]:
    model: type[BaseModel] = Config
    for part in where:
        if isinstance(part, str):
            found = section_of(model.model_fields[part].annotation)
            if found is None:
                return []
            model = found
    return list(model.model_fields)


def _mark_at(where: Sequence[int | str]) -> Confidential | None:
    """Return the mark of the key at ``where``: an error message must not quote a secret."""
    model: type[BaseModel] | None = Config
    mark = None
    for part in where:
        field = model.model_fields.get(part) if isinstance(part, str) and model is not None else None
        if field is not None:
            mark, model = mark_of(field), section_of(field.annotation)
    return mark


def section_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model of the table, or of the array of tables, that a key of this type holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, list):
        for argument in get_args(annotation):
            found = section_of(argument)
            if found is not None:
                return found
    return None
