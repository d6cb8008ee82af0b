"""Segments as conditions of SQL. Each is a set of contacts, so that a negation includes those without a value."""

from __future__ import annotations

from datetime import UTC, datetime

from gsmgw.model.contacts import fold, index_value
from gsmgw.model.segments import And, Condition, Kind, Literal, Not, Operator, Or, Segment, seconds_of
from gsmgw.store.contacts import Clause
from gsmgw.store.tx import as_json

#: With the plus, SQLite asks of each contact whether it is in the set, and does not walk through the set: that is fast
#: for large sets and for a page of the newest contacts.
_VALUES = "+id IN (SELECT contact_id FROM contact_values WHERE field = ?"
_HISTORY = {"last_reply": "last_reply_ms", "last_sent": "last_sent_ms", "delivered": "delivered_ms"}
_DAY_MS = 86_400_000


def clause_of(segment: Segment, now_ms: int) -> Clause:
    """Return the condition for the contacts in a checked segment at a time."""
    match segment:
        case Condition():
            return _condition(segment, now_ms)
        case Not(part):
            where, values = clause_of(part, now_ms)
            return f"NOT ({where})", values
        case And(parts):
            return _joined(" AND ", parts, now_ms)
        case Or(parts):
            return _joined(" OR ", parts, now_ms)


def _joined(word: str, parts: tuple[Segment, ...], now_ms: int) -> Clause:
    clauses = [clause_of(part, now_ms) for part in parts]
    return word.join(f"({where})" for where, _ in clauses), [value for _, values in clauses for value in values]


def _condition(condition: Condition, now_ms: int) -> Clause:
    if condition.operator is Operator.DIFFERS:
        same = Condition(condition.field, Operator.EQUALS, condition.values)
        where, values = _condition(same, now_ms)
        return f"NOT ({where})", values
    match condition.field:
        case "number":
            return _number(condition)
        case "group":
            return _group(condition)
        case "consent":
            return _consent(condition)
        case "campaign":
            return _campaign(condition)
        case name if name in _HISTORY:
            return _moment(condition, now_ms)
        case _:
            return _value(condition, now_ms)


def _number(condition: Condition) -> Clause:
    texts = [str(literal.value) for literal in condition.values]
    match condition.operator:
        case Operator.EMPTY:
            return "0", ()
        case Operator.CONTAINS:
            return "instr(number, ?) > 0", texts
        case _:
            return "number IN (SELECT value FROM json_each(?))", (as_json(texts),)


def _group(condition: Condition) -> Clause:
    if condition.operator is Operator.EMPTY:
        return "+id NOT IN (SELECT contact_id FROM group_members)", ()
    return (
        "+id IN (SELECT member.contact_id FROM contact_groups AS known "
        "JOIN group_members AS member ON member.group_id = known.id "
        "WHERE known.folded IN (SELECT value FROM json_each(?)))"
    ), (_folded(condition),)


def _consent(condition: Condition) -> Clause:
    of_all = "SELECT number FROM consent WHERE list = '*' AND number IS NOT NULL"
    if condition.operator is Operator.EMPTY:
        return f"number NOT IN ({of_all} AND (state IS NOT NULL OR suspected_ms IS NOT NULL))", ()
    states = [fold(str(literal.value)) for literal in condition.values]
    wanted = "state IN (SELECT value FROM json_each(?))"
    if "suspected" in states:
        wanted = f"({wanted} OR suspected_ms IS NOT NULL)"
    return f"number IN ({of_all} AND {wanted})", (as_json(states),)


def _campaign(condition: Condition) -> Clause:
    """Return the condition for contacts that got a text of a campaign, which is named by its ID here."""
    texted = (
        "+id IN (SELECT contact_id FROM campaign_recipients WHERE contact_id IS NOT NULL AND message_id IS NOT NULL"
    )
    if condition.operator is Operator.EMPTY:
        return f"NOT ({texted}))", ()
    ids = [int(literal.value) for literal in condition.values]
    return f"{texted} AND campaign_id IN (SELECT value FROM json_each(?)))", (as_json(ids),)


def _moment(condition: Condition, now_ms: int) -> Clause:
    column = _HISTORY[condition.field]
    known = f"number IN (SELECT number FROM contact_history WHERE {column} IS NOT NULL"
    if condition.operator is Operator.EMPTY:
        return f"NOT ({known}))", ()
    (literal,) = condition.values
    if literal.kind is Kind.DURATION:
        moment_ms = now_ms - seconds_of(str(literal.value)) * 1000
        return f"{known} AND {column} {_TURNED[condition.operator]} ?)", (moment_ms,)
    begins_ms = round(datetime.fromisoformat(f"{literal.value}T00:00:00+00:00").timestamp() * 1000)
    # A date is a whole day: > is after it has ended, <= is until it ends.
    ends = condition.operator in (Operator.MORE, Operator.AT_MOST)
    operator = {Operator.MORE: ">=", Operator.AT_MOST: "<"}.get(condition.operator, condition.operator.value)
    return f"{known} AND {column} {operator} ?)", (begins_ms + (_DAY_MS if ends else 0),)


#: An age of less than 30 days is a moment after the one 30 days ago.
_TURNED = {Operator.LESS: ">", Operator.AT_MOST: ">=", Operator.MORE: "<", Operator.AT_LEAST: "<="}


def _value(condition: Condition, now_ms: int) -> Clause:
    """Return a condition on a declared field, or on the name, the language or the time zone."""
    name = condition.field
    match condition.operator:
        case Operator.EMPTY:
            return "+id NOT IN (SELECT contact_id FROM contact_values WHERE field = ?)", (name,)
        case Operator.CONTAINS:
            (literal,) = condition.values
            return f"{_VALUES} AND instr(value, ?) > 0)", (name, fold(str(literal.value)))
        case Operator.EQUALS:
            (literal,) = condition.values
            return f"{_VALUES} AND value = ?)", (name, index_value(literal.value))
        case Operator.IN:
            if condition.values[0].kind is Kind.NUMBER:
                marks = ", ".join("?" * len(condition.values))
                return f"{_VALUES} AND value IN ({marks}))", (name, *(each.value for each in condition.values))
            return f"{_VALUES} AND value IN (SELECT value FROM json_each(?)))", (name, _folded(condition))
        case _:
            (literal,) = condition.values
            if literal.kind is Kind.DURATION:
                return _age(name, condition.operator, literal, now_ms)
            return f"{_VALUES} AND value {condition.operator.value} ?)", (name, literal.value)


def _age(name: str, operator: Operator, literal: Literal, now_ms: int) -> Clause:
    """Return a condition on the age of a date, which a date in the future does not have."""
    bound = _date(now_ms - seconds_of(str(literal.value)) * 1000)
    return f"{_VALUES} AND value {_TURNED[operator]} ? AND value <= ?)", (name, bound, _date(now_ms))


def _date(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def _folded(condition: Condition) -> str:
    return as_json([fold(str(literal.value)) for literal in condition.values])
