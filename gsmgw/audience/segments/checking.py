"""Checks a segment against the fields and groups that exist, and replaces smart groups by their segments. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from gsmgw.audience.segments.language import parse
from gsmgw.audience.segments.literals import SegmentError, checked_date
from gsmgw.model.contacts import BUILT_IN_TEXTS, ContactField, ContactGroup, FieldType, fold
from gsmgw.model.segments import And, Condition, Kind, Literal, Not, Operator, Or, Segment

#: Moments of the messages with a contact: the latest received, the latest sent, the latest that was delivered.
HISTORY_FIELDS = ("last_reply", "last_sent", "delivered")
CONSENT_STATES = ("in", "confirmed", "out", "suspected")
_ORDER = frozenset({Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST})
_SAME = frozenset({Operator.EQUALS, Operator.DIFFERS, Operator.IN})
_DURATION = re.compile(r"\d{1,6}[mhdw]", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The conditions that a field may have: operators by the kind of their value."""

    name: str
    operators: Mapping[Kind, frozenset[Operator]]


_TEXT = _Rules("text", {Kind.TEXT: _SAME | {Operator.CONTAINS}})
_CHOICE = _Rules("choice", {Kind.TEXT: _SAME | {Operator.CONTAINS}})
_NUMBER = _Rules("number", {Kind.NUMBER: _SAME | _ORDER})
_DATE = _Rules("date", {Kind.DATE: _SAME | _ORDER, Kind.DURATION: _ORDER})
_BOOLEAN = _Rules("boolean", {Kind.BOOLEAN: frozenset({Operator.EQUALS, Operator.DIFFERS})})
_MOMENT = _Rules("moment", {Kind.DATE: _ORDER, Kind.DURATION: _ORDER})
_NAMES = _Rules("name", {Kind.TEXT: _SAME})
_OF_TYPE = {
    FieldType.TEXT: _TEXT, FieldType.NUMBER: _NUMBER, FieldType.DATE: _DATE, FieldType.BOOLEAN: _BOOLEAN,
    FieldType.CHOICE: _CHOICE,
}  # fmt: skip
_BUILT_IN = {
    "number": _TEXT,
    **dict.fromkeys(BUILT_IN_TEXTS, _TEXT),
    "group": _NAMES,
    "consent": _NAMES,
    "campaign": _NAMES,
    **dict.fromkeys(HISTORY_FIELDS, _MOMENT),
}


@dataclass(frozen=True, slots=True)
class SegmentScope:
    """Names that segments can refer to: declared fields and groups, by folded name; campaigns by name and ID."""

    fields: Mapping[str, ContactField] = field(default_factory=dict)
    groups: Mapping[str, ContactGroup] = field(default_factory=dict)
    campaigns: Mapping[str, int] = field(default_factory=dict)


def check(segment: Segment, scope: SegmentScope, within: tuple[str, ...] = ()) -> Segment:
    """Return a segment in which everything exists and fits, with the segments of smart groups in their place.

    ``within`` are the smart groups that it is part of. Raises :class:`SegmentError`.
    """
    match segment:
        case Condition():
            return _checked(segment, scope, within)
        case Not(part):
            return Not(check(part, scope, within))
        case And(parts):
            return And(tuple(check(part, scope, within) for part in parts))
        case Or(parts):
            return Or(tuple(check(part, scope, within) for part in parts))


def groups_in(segment: Segment) -> set[str]:
    """Return the folded names of the groups that a segment refers to."""
    match segment:
        case Condition(name, _, values):
            return {fold(str(value.value)) for value in values} if name == "group" else set()
        case Not(part):
            return groups_in(part)
        case And(parts) | Or(parts):
            return set().union(*map(groups_in, parts))


def _checked(condition: Condition, scope: SegmentScope, within: tuple[str, ...]) -> Segment:
    rules = _rules(condition, scope)
    if condition.operator is Operator.EMPTY:
        return condition
    for literal in condition.values:
        allowed = rules.operators.get(literal.kind)
        if allowed is None:
            kinds = " or ".join(kind.value for kind in rules.operators)
            raise _error(condition, f"is compared with a {kinds}, not with a {literal.kind.value}")
        if condition.operator not in allowed:
            possible = ", ".join(each.value for each in Operator if each in allowed)
            raise _error(condition, f"cannot be compared by {condition.operator.value}; possible: {possible}")
        _check_value(condition, literal, scope)
    if condition.field == "campaign":
        return _by_id(condition, scope)
    return _expanded(condition, scope, within) if condition.field == "group" else condition


def _rules(condition: Condition, scope: SegmentScope) -> _Rules:
    declared = scope.fields.get(condition.field)
    rules = _BUILT_IN.get(condition.field) if declared is None else _OF_TYPE[declared.type]
    if rules is None:
        near = get_close_matches(condition.field, [*scope.fields, *_BUILT_IN], 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; fields are {', '.join([*_BUILT_IN, *scope.fields])}"
        raise SegmentError(f"the field {condition.field!r} does not exist{hint}", condition.column)
    return rules


def _check_value(condition: Condition, literal: Literal, scope: SegmentScope) -> None:
    text = str(literal.value)
    if literal.kind is Kind.DATE:
        checked_date(text, condition.column)
    elif literal.kind is Kind.DURATION and not _DURATION.fullmatch(text):
        raise _error(condition, f"{text!r} is not a valid duration: write 30d, 12h or 2w")
    elif condition.field == "group" and fold(text) not in scope.groups:
        raise _unknown(condition, "group", text, [group.name for group in scope.groups.values()])
    elif condition.field == "campaign" and fold(text) not in scope.campaigns:
        raise _unknown(condition, "campaign", text, list(scope.campaigns))
    elif condition.field == "consent" and fold(text) not in CONSENT_STATES:
        raise _unknown(condition, "state of consent", text, list(CONSENT_STATES))
    declared = scope.fields.get(condition.field)
    is_choice = declared is not None and declared.type is FieldType.CHOICE and condition.operator in _SAME
    if declared is not None and is_choice and fold(text) not in map(fold, declared.choices):
        raise _unknown(condition, f"value of {condition.field}", text, list(declared.choices))


def _by_id(condition: Condition, scope: SegmentScope) -> Condition:
    """Replace the names of campaigns by their IDs."""
    ids = (scope.campaigns[fold(str(literal.value))] for literal in condition.values)
    return replace(condition, values=tuple(Literal(Kind.NUMBER, number) for number in ids))


def _unknown(condition: Condition, what: str, text: str, known: list[str]) -> SegmentError:
    near = get_close_matches(text, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else (f"; known are {', '.join(known[:20])}" if known else "")
    return SegmentError(f"the {what} {text[:100]!r} does not exist{hint}", condition.column)


def _error(condition: Condition, words: str) -> SegmentError:
    return SegmentError(f"{condition.field} {words}", condition.column)


def _expanded(condition: Condition, scope: SegmentScope, within: tuple[str, ...]) -> Segment:
    """Replace the smart groups of a condition by their segments."""
    smart: list[Segment] = []
    plain: list[Literal] = []
    for literal in condition.values:
        name = fold(str(literal.value))
        group = scope.groups[name]
        if group.segment is None:
            plain.append(literal)
            continue
        if name in within:
            raise _error(condition, f"{group.name!r} refers to itself")
        try:
            smart.append(check(parse(group.segment), scope, (*within, name)))
        except SegmentError as exc:
            raise _error(condition, f"{group.name!r} has a segment that is not valid: {exc}") from None
    if not smart:
        return condition
    if plain:
        smart.append(replace(condition, operator=Operator.IN, values=tuple(plain)))
    found = smart[0] if len(smart) == 1 else Or(tuple(smart))
    return Not(found) if condition.operator is Operator.DIFFERS else found
