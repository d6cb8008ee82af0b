"""Mask phone numbers, texts and secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"whsec_\S+|gsmgw_\S+_\S+|Bearer\s+\S+", re.IGNORECASE), "SECRET"),
    (re.compile(r"(https?://)\S+"), r"\1MASKED"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "ADDRESS"),
    (re.compile(r"\"[^\"]*\"|'[^']*'|“[^”]*”|«[^»]*»"), "'MASKED'"),
    (re.compile(r"\b(?=[0-9A-Fa-f]*\d)[0-9A-Fa-f]{16,}\b"), "HEX"),
    (re.compile(r"\+?\d(?:[ /-]?\d){4,}(?![.:\d])"), "NUMBER"),
)
#: RFC 3339 and syslog times, which the rule for numbers would mask.
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?")


def mask_text(text: str, secrets: Iterable[str] = ()) -> str:
    """Mask the given secrets, and everything that looks like a number, a quotation, a PDU or a key."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "SECRET")
    pieces, at = [], 0
    for moment in _TIME.finditer(text):
        pieces += [_mask(text[at : moment.start()]), moment[0]]
        at = moment.end()
    return "".join([*pieces, _mask(text[at:])])


def mask_value(value: Any, secrets: Iterable[str] = ()) -> Any:
    """Mask all strings in a JSON value. Its numbers stay: they are counts, sizes and states."""
    known = list(secrets)
    if isinstance(value, str):
        return mask_text(value, known)
    if isinstance(value, dict):
        return {key: mask_value(content, known) for key, content in value.items()}
    if isinstance(value, list):
        return [mask_value(content, known) for content in value]
    return value


def _mask(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
