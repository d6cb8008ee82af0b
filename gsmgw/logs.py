"""Logging: one line per record, with external text escaped."""

from __future__ import annotations

import logging
import os
import time
from types import TracebackType

from gsmgw.escaping import visible

_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: journald adds the time.
_JOURNAL = "%(levelname)s %(name)s: %(message)s"
#: Prefix of traceback lines, so that none of them looks like a record.
_FOLLOWING = "  | "
#: Rate limit of similar records: burst size, and seconds per further record.
_BURST = 20
_EACH_S = 10.0
#: Maximum number of kinds of records to track.
_KINDS = 1000
#: Loggers that would log URLs and headers with secrets.
_TALKATIVE = ("httpx", "httpcore")

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class EscapingFormatter(logging.Formatter):
    """Formats records with control characters and line breaks escaped."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the escaped line of a record."""
        return visible(super().formatMessage(record))

    def formatException(self, ei: _ExcInfo) -> str:
        """Return a traceback with a prefix on each line."""
        return _following(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        """Return a stack with a prefix on each line."""
        return _following(super().formatStack(stack_info))


class FloodFilter(logging.Filter):
    """Limits the rate of similar records: repeated ones are logged from time to time with a count.

    Similar records have the same logger, message and first argument, which usually is the name of a modem.
    """

    def __init__(self) -> None:
        super().__init__()
        #: By kind: the remaining burst, its time, and the number of skipped records.
        self._kinds: dict[tuple[object, ...], tuple[float, float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True if a record is logged, and add the count of skipped ones. Debug records are never skipped."""
        if record.levelno <= logging.DEBUG:
            return True
        first = record.args[0] if isinstance(record.args, tuple) and record.args else None
        kind = record.name, record.levelno, str(record.msg), first if isinstance(first, str) else None
        now = time.monotonic()
        left, at, skipped = self._kinds.pop(kind, (float(_BURST), now, 0))
        left = min(float(_BURST), left + (now - at) / _EACH_S)
        logged = left >= 1.0
        self._kinds[kind] = (left - 1.0, now, 0) if logged else (left, now, skipped + 1)
        while len(self._kinds) > _KINDS:
            del self._kinds[next(iter(self._kinds))]
        if logged and skipped:
            record.msg, record.args = f"{record.getMessage()} (and {skipped} more like it)", ()
        return logged


def _following(text: str) -> str:
    return "\n".join(_FOLLOWING + visible(line) for line in text.split("\n"))


def configure(level: str) -> None:
    """Log to standard error, in journald's format if it reads it."""
    handler = logging.StreamHandler()
    handler.setFormatter(EscapingFormatter(_JOURNAL if "JOURNAL_STREAM" in os.environ else _PLAIN))
    handler.addFilter(FloodFilter())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # clients can cause any number of its warnings
