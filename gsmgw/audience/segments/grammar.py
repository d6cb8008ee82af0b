"""The grammar of segments: text to tree. Pure. Loading it takes a tenth of a second: only who parses one does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError

from gsmgw.audience.segments.literals import SegmentError, checked_date
from gsmgw.model.segments import (
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
#: Names of the tokens that the parser expects, in words.
_WORDS = {
    "NAME": "a field", "OPERATOR": "=, !=, <, <=, > or >=", "CONTAINS": "contains", "IN": "in", "IS": "is empty",
    "STRING": 'a text in quotation marks ("Ulm")', "NUMBER": "a number", "DATE": "a date (2026-12-24)",
    "DURATION": "a duration (30d)", "BOOLEAN": "true or false", "AND": "and", "OR": "or", "NOT": "not", "LPAR": "(",
    "RPAR": ")", "COMMA": ",", "EMPTY": "empty", "$END": "the end",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


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


def read(text: str) -> Segment:
    """Return the tree of a segment in one line. Raises :class:`SegmentError` with the column."""
    try:
        return cast("Segment", _PARSER.parse(text))  # the transformer makes nodes of the tree
    except VisitError as exc:
        if isinstance(exc.orig_exc, SegmentError):
            raise exc.orig_exc from None
        raise
    except UnexpectedInput as exc:
        raise _explained(exc, text) from None


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
