"""Messages about values that are not valid, for whoever sent them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ZONED = "2026-12-24T18:00:00+01:00"
#: By pydantic's name of the error; names in braces are from its context. Its own messages are for programmers.
_WORDS: Mapping[str, str] = {
    "extra_forbidden": "is not a known field",
    "missing": "is missing",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a string",
    "string_unicode": "contains half of a surrogate pair (for example a cut emoji)",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "string_pattern_mismatch": "must match {pattern}",
    "timezone_aware": f"has no time zone; an example is {_ZONED}",
    "datetime_parsing": "is not a valid time: {error}",
    "datetime_from_date_parsing": "is not a valid time: {error}",
}


def in_words(error: Mapping[str, Any]) -> str:
    """Return the message for an error that pydantic found."""
    kind = error["type"]
    if kind in ("too_short", "too_long") and isinstance(error.get("input"), str):
        kind = f"string_{kind}"  # pydantic counts the characters of a secret as entries
    words = _WORDS.get(kind)
    if words is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return words.format_map(error.get("ctx") or {})
