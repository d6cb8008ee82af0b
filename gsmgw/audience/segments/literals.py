"""Values in segments, and the error of a segment. Pure."""

from __future__ import annotations

from datetime import date


class SegmentError(ValueError):
    """A segment is not valid. ``column`` is the place in its text, from 1."""

    def __init__(self, detail: str, column: int) -> None:
        self.detail = detail
        self.column = column
        super().__init__(f"column {column}: {detail}")


def checked_date(text: str, column: int) -> str:
    """Return a date if it exists. Raises :class:`SegmentError`."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SegmentError(f"{text} is not a valid date", column) from None
