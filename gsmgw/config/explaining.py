"""Error messages for a configuration: the problem, its line, and the key that was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from gsmgw.config.confidential import Confidential, mark_of
from gsmgw.config.file import Config


def explain(exc: ValidationError, text: str) -> list[str]:
    """Return every problem of a configuration's text, ordered by line."""
    lines = _key_lines(text)
    problems = []
    for error in exc.errors():
        where = tuple(part for part in error["loc"] if isinstance(part, int | str))
        line, message = _line_of(lines, where), _message(error, where)
        problems.append((line or 0, f"line {line}: {message}" if line else message))
    return [message for _, message in sorted(problems)]


def _message(error: Mapping[str, Any], where: tuple[int | str, ...]) -> str:
    name = ".".join(str(part) for part in where if isinstance(part, str))
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(where[-1]), _keys_at(where[:-1]), 1, 0.5)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known keys: {', '.join(_keys_at(where[:-1]))}"
        return f"unknown key {name!r}{hint}"
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        message = "is missing"
    elif error["type"] == "string_pattern_mismatch":
        quoted = "the value" if _mark_at(where) is Confidential.SECRET else repr(error["input"])
        message = f"{quoted} does not match the pattern {error['ctx']['pattern']}"
        if where[-1] == "pin":
            message = "must be 4 to 8 digits in quotes"
    return f"{name}: {message}" if name else message


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


_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r'^\s*("[^"]+"|[A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=')


def _key_lines(text: str) -> dict[tuple[int | str, ...], int]:
    """Return the line number of each table and key in a TOML text; an inline table has the line of its key."""
    lines: dict[tuple[int | str, ...], int] = {}
    counts: dict[str, int] = {}
    table: tuple[int | str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):  # TOML allows no other line ending
        if header := _HEADER.match(line):
            parts = [part.strip().strip('"') for part in header[2].split(".")]
            table = ()
            for depth, part in enumerate(parts):
                last = depth == len(parts) - 1
                table += (part,)
                if last and header[1] == "[[":
                    counts[part] = counts.get(part, -1) + 1
                if part in counts:
                    table += (counts[part],)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            path = table + tuple(part.strip().strip('"') for part in key[1].split("."))
            lines.setdefault(path, number)
    return lines


def _line_of(lines: Mapping[tuple[int | str, ...], int], where: tuple[int | str, ...]) -> int | None:
    while where:
        if where in lines:
            return lines[where]
        where = where[:-1]
    return None
