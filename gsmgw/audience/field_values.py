"""Values of declared fields: checks, and their form in files. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches

from gsmgw.model.contacts import ContactField, FieldType, FieldValue, fold

#: Maximum number of characters of a text.
MAX_TEXT = 1000
#: Words for true and false in files, English and German.
_TRUE = frozenset({"true", "yes", "y", "1", "x", "on", "ja", "j", "wahr"})
_FALSE = frozenset({"false", "no", "n", "0", "off", "nein", "falsch"})
#: 24.12.2026 and 24.12.26; a date with slashes is not clear: 3/4/2026 is in March or in April.
_GERMAN_DATE = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4})")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:[.,][0-9]{1,15})?")


class ValueRefused(ValueError):
    """A value does not fit its field. The message says why."""


def checked(field: ContactField, value: object) -> FieldValue:
    """Return a value of JSON in the form in which it is saved. Raises :class:`ValueRefused`."""
    if field.type is FieldType.BOOLEAN:
        if not isinstance(value, bool):
            raise ValueRefused("must be true or false")
        return value
    if field.type is FieldType.NUMBER:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueRefused("must be a number")
        return _finite(value)
    if not isinstance(value, str):
        raise ValueRefused("must be a string" if field.type is not FieldType.DATE else "must be a date: 2026-12-24")
    return parsed(field, value)


def parsed(field: ContactField, text: str) -> FieldValue:
    """Return the value that a text of a file stands for. Raises :class:`ValueRefused`."""
    text = text.strip()
    if not text:
        raise ValueRefused("is empty")
    match field.type:
        case FieldType.BOOLEAN:
            return _boolean(text)
        case FieldType.NUMBER:
            return _number(text)
        case FieldType.DATE:
            return _date(text)
        case FieldType.CHOICE:
            return _choice(field, text)
        case FieldType.TEXT:
            if len(text) > MAX_TEXT:
                raise ValueRefused(f"has {len(text)} characters; at most {MAX_TEXT} are allowed")
            return text


def written(value: FieldValue) -> str:
    """Return a value as the text for a file; :func:`parsed` reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def nearest(name: str, known: Mapping[str, object] | frozenset[str] | list[str]) -> str:
    """Return a hint at the name that was probably meant; empty if no known name is near."""
    near = get_close_matches(name.lower(), list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _boolean(text: str) -> bool:
    word = fold(text)
    if word not in _TRUE and word not in _FALSE:
        raise ValueRefused(f"{text!r} is not a valid boolean: write true or false")
    return word in _TRUE


def _number(text: str) -> int | float:
    if not _NUMBER.fullmatch(text) or not text.isascii():
        raise ValueRefused(f"{text!r} is not a valid number: write 12 or 12.5, without separators between thousands")
    try:
        return int(text)
    except ValueError:
        return float(text.replace(",", "."))


def _finite(value: int | float) -> int | float:
    if not math.isfinite(value) or abs(value) >= 2**53:
        raise ValueRefused("is too large")
    return value


def _date(text: str) -> str:
    german = _GERMAN_DATE.fullmatch(text)
    try:
        if german is not None:
            return date(int(german[3]), int(german[2]), int(german[1])).isoformat()
        if not re.fullmatch(r"[0-9]{4}-[0-9][0-9]-[0-9][0-9]", text, re.ASCII):
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueRefused(f"{text!r} is not a valid date: write 2026-12-24 or 24.12.2026") from None


def _choice(field: ContactField, text: str) -> str:
    by_folded = {fold(choice): choice for choice in field.choices}
    found = by_folded.get(fold(text))
    if found is None:
        raise ValueRefused(f"{text!r} is not one of {', '.join(field.choices)}{nearest(text, list(field.choices))}")
    return found
