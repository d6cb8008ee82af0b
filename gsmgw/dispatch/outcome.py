"""The outcome of a delivery attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an attempt. ``error`` is None on success."""

    status: int | None
    error: str | None
    duration_ms: int
    retry_after_s: float | None = None
    excerpt: str | None = None

    def record(self, at_ms: int) -> dict[str, Any]:
        """Return the entry for the delivery log."""
        record = {
            "at_ms": at_ms,
            "status": self.status,
            "error": self.error,
            "duration_ms": self.duration_ms,
            "answer": self.excerpt,
        }
        return {name: value for name, value in record.items() if value is not None}


#: The client of a bridge did not ask for this event.
NOT_ASKED = Outcome(None, None, 0)
