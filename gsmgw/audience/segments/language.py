"""The grammar of segments: text to tree. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError

from gsmgw.model.segments import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    And,
    Condition,
    Kind,
    Literal,
    Not,
    Operator,
    Or,
    Segment,
    conditions_of,
    depth_of,
)

if TYPE_CHECKING:
    _Nodes = Transformer[Token, Segment]
else:
    _Nodes = Transformer

#: Maximum number of characters of a segment.
MAX_CHARS = 4000

_GRAMMAR = r"""
?start: any
?any: all ("or"i all)*
?all: inverse ("and"i inverse)*
?inverse: "not"i inverse -> inverse | "(" any ")" | condition
condition: NAME OPERATOR literal            -> compare
    | NAME "contains"i literal              -> contains
    | NAME "in"i "(" literal ("," literal)* ")"           -> among
    | NAME "not"i "in"i "(" literal ("," literal)* ")"    -> not_among
    | NAME "is"i "empty"i                   -> empty
    | NAME "is"i "not"i "empty"i            -> not_empty
?literal: STRING -> text | DATE -> date | DURATION -> duration | NUMBER -> number | BOOLEAN -> boolean
OPERATOR: "<=" | ">=" | "!=" | "=" | "<" | ">"
BOOLEAN.3: /(true|false)\b/i
DATE.3: /[0-9]{4}-[0-9]{2}-[0-9]{2}\b/
DURATION.2: /[0-9]{1,6}[mhdw]\b/i
NUMBER.1: /[+-]?[0-9]{1,15}(\.[0-9]{1,15})?(?![\w.])/
STRING: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/s
NAME: /[^\W0-9]\w*/
%import common.WS
%ignore WS
"""
#: What the parser waits for, in words.
_WORDS = {
    "NAME": "a field", "OPERATOR": "=, !=, <, <=, > or >=", "CONTAINS": "contains", "IN": "in", "IS": "is empty",
    "STRING": 'a text in quotation marks ("Ulm")', "NUMBER": "a number", "DATE": "a date (2026-12-24)",
    "DURATION": "a duration (30d)", "BOOLEAN": "true or false", "AND": "and", "OR": "or", "NOT": "not", "LPAR": "(",
    "RPAR": ")", "COMMA": ",", "EMPTY": "empty", "$END": "the end",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class SegmentError(ValueError):
    """A segment is not valid. ``column`` is the place in its text, from 1."""

    def __init__(self, detail: str, column: int) -> None:
        self.detail = detail
        self.column = column
        super().__init__(f"column {column}: {detail}")


@v_args(inline=True)
class _Trees(_Nodes):
    """Makes nodes of the tree while the text is parsed."""

    def any(self, *parts: Segment) -> Segment:
        return _bounded(Or(_flat(parts, Or)))

    def all(self, *parts: Segment) -> Segment:
        return _bounded(And(_flat(parts, And)))

    def inverse(self, part: Segment) -> Segment:
        return _bounded(Not(part))

    def compare(self, name: Token, operator: Token, value: Literal) -> Condition:
        return _condition(name, Operator(str(operator)), value)

    def contains(self, name: Token, value: Literal) -> Condition:
        return _condition(name, Operator.CONTAINS, value)

    def among(self, name: Token, *values: Literal) -> Condition:
        return _condition(name, Operator.IN, *values)

    def not_among(self, name: Token, *values: Literal) -> Segment:
        return Not(_condition(name, Operator.IN, *values))

    def empty(self, name: Token) -> Condition:
        return _condition(name, Operator.EMPTY)

    def not_empty(self, name: Token) -> Segment:
        return Not(_condition(name, Operator.EMPTY))

    def text(self, token: Token) -> Literal:
        return Literal(Kind.TEXT, _ESCAPE.sub(r"\1", str(token)[1:-1]))

    def date(self, token: Token) -> Literal:
        return Literal(Kind.DATE, checked_date(str(token), token.column or 1))

    def duration(self, token: Token) -> Literal:
        return Literal(Kind.DURATION, str(token).lower())

    def number(self, token: Token) -> Literal:
        text = str(token)
        return Literal(Kind.NUMBER, float(text) if "." in text else int(text))

    def boolean(self, token: Token) -> Literal:
        return Literal(Kind.BOOLEAN, token.lower() == "true")


def checked_date(text: str, column: int) -> str:
    """Return a date if it exists. Raises :class:`SegmentError`."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SegmentError(f"{text} is not a valid date", column) from None


def _condition(name: Token, operator: Operator, *values: Literal) -> Condition:
    if len({value.kind for value in values}) > 1:
        raise SegmentError("all values of a list must be of one kind", name.column or 1)
    return Condition(str(name).lower(), operator, values, name.column or 1)


def _flat(parts: tuple[Segment, ...], kind: type[And | Or]) -> tuple[Segment, ...]:
    """Return parts with those of the same kind taken in: (a and b) and c is a and b and c."""
    found: list[Segment] = []
    for part in parts:
        found += part.parts if isinstance(part, kind) else (part,)
    return tuple(found)


def _bounded(segment: Segment) -> Segment:
    if depth_of(segment) > MAX_DEPTH:
        raise SegmentError(f"is nested more than {MAX_DEPTH} deep", conditions_of(segment)[0].column)
    return segment


_PARSER = Lark(_GRAMMAR, parser="lalr", transformer=_Trees(), maybe_placeholders=False)


def parse(text: str) -> Segment:
    """Return the tree of a segment. Raises :class:`SegmentError` with the column."""
    if len(text) > MAX_CHARS:
        raise SegmentError(f"has {len(text)} characters; at most {MAX_CHARS} are allowed", MAX_CHARS + 1)
    if not text.strip():
        raise SegmentError('is empty: write a condition such as city = "Ulm"', 1)
    flat = re.sub(r"\s", " ", text)  # one line, so that a place is one column
    try:
        found: Segment = _PARSER.parse(flat)  # type: ignore[assignment] # the transformer makes nodes of the tree
    except VisitError as exc:
        if isinstance(exc.orig_exc, SegmentError):
            raise exc.orig_exc from None
        raise
    except UnexpectedInput as exc:
        raise _explained(exc, flat) from None
    conditions = conditions_of(found)
    if len(conditions) > MAX_CONDITIONS:
        raise SegmentError(f"has more than {MAX_CONDITIONS} conditions", conditions[MAX_CONDITIONS].column)
    return found


def _explained(exc: UnexpectedInput, text: str) -> SegmentError:
    if isinstance(exc, UnexpectedToken) and exc.token.type != "$END":
        expected, column, found = exc.expected, exc.column, repr(str(exc.token))
    elif isinstance(exc, UnexpectedToken | UnexpectedEOF):
        expected, column, found = set(exc.expected), len(text) + 1, "the end"
    elif isinstance(exc, UnexpectedCharacters):
        expected, column, found = exc.allowed or set(), exc.column, repr(text[exc.column - 1 :][:20])
    else:
        return SegmentError("cannot be read", 1)
    words = [word for name, word in _WORDS.items() if name in expected]
    wanted = f"; expected {_listed(words)}" if words else ""
    return SegmentError(f"{found} is not possible here{wanted}", column)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
