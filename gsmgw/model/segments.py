"""Segments: conditions on contacts as a typed tree, and the tree as JSON and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import StrEnum
from typing import TypeAlias

from gsmgw.model.events.types import Json

#: Maximum depth of a tree, and number of conditions in it.
MAX_DEPTH, MAX_CONDITIONS = 30, 200


class Operator(StrEnum):
    """The comparison of a condition."""

    EQUALS = "="
    DIFFERS = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    CONTAINS = "contains"
    IN = "in"
    EMPTY = "is empty"


class Kind(StrEnum):
    """The kinds of values that can be written in a segment."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DURATION = "duration"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value. A date is ``2026-12-24``, a duration ``30d``."""

    kind: Kind
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one field. ``in`` has several values, ``is empty`` none; ``column`` is its place in the text."""

    field: str
    operator: Operator
    values: tuple[Literal, ...] = ()
    column: int = dataclass_field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """Contacts that do not meet a condition."""

    part: Segment


@dataclass(frozen=True, slots=True)
class And:
    """Contacts that meet all conditions."""

    parts: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Contacts that meet at least one of the conditions."""

    parts: tuple[Segment, ...]


Segment: TypeAlias = Condition | Not | And | Or

#: Seconds of each unit of a duration.
UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class TreeError(ValueError):
    """The JSON is not the tree of a segment. The message says where and why."""


def seconds_of(duration: str) -> int:
    """Return a duration in seconds."""
    return int(duration[:-1]) * UNITS[duration[-1]]


def depth_of(segment: Segment) -> int:
    """Return the depth of a tree. Raises nothing for a deep one: it is bounded where trees are made."""
    match segment:
        case Condition():
            return 1
        case Not(part):
            return 1 + depth_of(part)
        case And(parts) | Or(parts):
            return 1 + max(map(depth_of, parts))


def conditions_of(segment: Segment) -> list[Condition]:
    """Return the conditions of a tree in their order."""
    match segment:
        case Condition():
            return [segment]
        case Not(part):
            return conditions_of(part)
        case And(parts) | Or(parts):
            return [condition for part in parts for condition in conditions_of(part)]


def text_of(segment: Segment) -> str:
    """Return a segment as text, which parses to the same tree."""
    match segment:
        case Condition(name, operator, values):
            return _condition_text(name, operator, values)
        case Not(part):
            return f"not {_inner(part)}"
        case And(parts):
            return " and ".join(map(_inner, parts))
        case Or(parts):
            return " or ".join(map(_inner, parts))


def _inner(segment: Segment) -> str:
    text = text_of(segment)
    return f"({text})" if isinstance(segment, And | Or) else text


def _condition_text(name: str, operator: Operator, values: Sequence[Literal]) -> str:
    if operator is Operator.EMPTY:
        return f"{name} is empty"
    if operator is Operator.IN:
        return f"{name} in ({', '.join(map(_literal_text, values))})"
    return f"{name} {operator.value} {_literal_text(values[0])}"


def _literal_text(literal: Literal) -> str:
    if literal.kind is Kind.TEXT:
        escaped = str(literal.value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if literal.kind is Kind.BOOLEAN:
        return "true" if literal.value else "false"
    return str(literal.value)


def json_of(segment: Segment) -> dict[str, Json]:
    """Return a segment as JSON: ``and``, ``or`` and ``not``, or ``field``, ``op`` and ``value`` of a condition."""
    match segment:
        case Condition(name, operator, values):
            found: dict[str, Json] = {"field": name, "op": operator.value}
            if values:
                found["kind"] = values[0].kind.value
                found["value"] = [each.value for each in values] if operator is Operator.IN else values[0].value
            return found
        case Not(part):
            return {"not": json_of(part)}
        case And(parts):
            return {"and": [json_of(part) for part in parts]}
        case Or(parts):
            return {"or": [json_of(part) for part in parts]}


def segment_of_json(tree: Json, place: str = "tree", depth: int = 0) -> Segment:
    """Return the segment of a tree in JSON. Raises :class:`TreeError`."""
    if depth > MAX_DEPTH:
        raise TreeError(f"{place} is nested more than {MAX_DEPTH} deep")
    if not isinstance(tree, Mapping):
        raise TreeError(f"{place} must be an object")
    for name, kind in (("and", And), ("or", Or)):
        if set(tree) == {name}:
            parts = tree[name]
            if isinstance(parts, str) or not isinstance(parts, Sequence) or len(parts) < 2:
                raise TreeError(f"{place}.{name} must be a list of at least 2 conditions")
            inner = (segment_of_json(part, f"{place}.{name}[{n}]", depth + 1) for n, part in enumerate(parts))
            return kind(tuple(inner))
    if set(tree) == {"not"}:
        return Not(segment_of_json(tree["not"], f"{place}.not", depth + 1))
    return _condition(tree, place)


def _condition(tree: Mapping[str, Json], place: str) -> Condition:
    if not {"field", "op"} <= set(tree) <= {"field", "op", "kind", "value"}:
        raise TreeError(f"{place} must have and, or, not, or field, op, kind and value")
    name = tree["field"]
    if not isinstance(name, str):
        raise TreeError(f"{place}.field must be a string")
    try:
        operator = Operator(str(tree["op"]))
    except ValueError:
        raise TreeError(f"{place}.op must be one of {', '.join(Operator)}") from None
    if operator is Operator.EMPTY:
        return Condition(name, operator)
    try:
        kind = Kind(str(tree.get("kind")))
    except ValueError:
        raise TreeError(f"{place}.kind must be one of {', '.join(Kind)}") from None
    value = tree.get("value")
    several = list(value) if operator is Operator.IN and isinstance(value, list | tuple) else [value]
    if not several:
        raise TreeError(f"{place}.value must have at least one value")
    return Condition(name, operator, tuple(_literal(kind, each, f"{place}.value") for each in several))


def _literal(kind: Kind, value: Json, place: str) -> Literal:
    if kind is Kind.BOOLEAN and isinstance(value, bool):
        return Literal(kind, value)
    if kind is Kind.NUMBER and isinstance(value, int | float) and not isinstance(value, bool):
        return Literal(kind, value)
    if kind in (Kind.TEXT, Kind.DATE, Kind.DURATION) and isinstance(value, str):
        return Literal(kind, value)
    raise TreeError(f"{place} is not a valid {kind.value}")
