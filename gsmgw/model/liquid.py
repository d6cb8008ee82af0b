"""Which texts have fields. The engine that fills them in is in ``gsmgw.templates``."""

from __future__ import annotations

#: How an output begins in a Liquid text, and how a tag does.
_MARKS = ("{{", "{%")


def has_fields(text: str) -> bool:
    """Return True if a text has fields to be filled in."""
    return any(mark in text for mark in _MARKS)
