"""What pydantic finds wrong with a value, in words for whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ZONED = "2026-12-24T18:00:00+01:00"
#: By pydantic's name of the fault; what is in braces is of its context. Its own words are for who wrote the schema.
_WORDS: Mapping[str, str] = {
    "extra_forbidden": "is not a known field",
    "missing": "is missing",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a string",
    "string_unicode": "holds half of a surrogate pair (an emoji that was cut in two, say)",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have {max_length} or fewer characters",
    "too_short": "is too short: {min_length} or more are needed",
    "too_long": "is too long: {max_length} at the most",
    "string_pattern_mismatch": "must match {pattern}",
    "timezone_aware": f"lacks a zone: {_ZONED}",
    "datetime_parsing": "is no time: {error}",
    "datetime_from_date_parsing": "is no time: {error}",
}


def in_words(error: Mapping[str, Any]) -> str:
    """What a fault that pydantic found means to a client."""
    words = _WORDS.get(error["type"])
    if words is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return words.format_map(error.get("ctx") or {})
