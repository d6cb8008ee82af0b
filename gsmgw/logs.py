"""The log: one line for each record, whatever modems, receivers and clients put into it."""

from __future__ import annotations

import logging
import os
import time
from types import TracebackType

from gsmgw.escaping import visible

_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: journald knows the time.
_JOURNAL = "%(levelname)s %(name)s: %(message)s"
#: Begins the lines of a traceback, so that none of them looks like a record.
_FOLLOWING = "  | "
#: Records that are alike: how many may come in one go, and how many seconds each further one takes.
_BURST = 20
_EACH_S = 10.0
#: How many kinds of records are kept apart.
_KINDS = 1000
#: They log URLs and headers, with the secrets in them.
_TALKATIVE = ("httpx", "httpcore")

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class EscapingFormatter(logging.Formatter):
    """Formats records so that no text in them can end a line, steer a terminal or look like another record."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of a record, escaped."""
        return visible(super().formatMessage(record))

    def formatException(self, ei: _ExcInfo) -> str:
        """Return a traceback, each line marked as one that follows."""
        return _following(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        """Return a stack in the same way."""
        return _following(super().formatStack(stack_info))


class FloodFilter(logging.Filter):
    """Lets no kind of record fill the disk: what happens again and again is logged once in a while, with a count.

    Records are alike that have the same logger, text and first value, which is most often the name of a modem.
    """

    def __init__(self) -> None:
        super().__init__()
        #: By kind: how many may still come, when that was so, and how many were left out.
        self._kinds: dict[tuple[object, ...], tuple[float, float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is logged; one that stands for others says how many. Details for debugging all are."""
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
    """Log to standard error, in the form that journald wants where it reads that."""
    handler = logging.StreamHandler()
    handler.setFormatter(EscapingFormatter(_JOURNAL if "JOURNAL_STREAM" in os.environ else _PLAIN))
    handler.addFilter(FloodFilter())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # its warnings are clients' faults, as many as they like
