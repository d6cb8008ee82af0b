"""The log: one line for each record, whatever modems, receivers and clients put into it."""

from __future__ import annotations

import logging
import os

from gsmgw.escaping import visible

_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: journald knows the time.
_JOURNAL = "%(levelname)s %(name)s: %(message)s"
#: Begins the lines of a traceback, so that none of them looks like a record.
_FOLLOWING = "  | "
#: They log URLs and headers, with the secrets in them.
_TALKATIVE = ("httpx", "httpcore")


class EscapingFormatter(logging.Formatter):
    """Formats records so that no text in them can end a line, steer a terminal or look like another record."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of a record, escaped."""
        return visible(super().formatMessage(record))

    def formatException(self, ei: object) -> str:
        """Return a traceback, each line marked as one that follows."""
        return _following(super().formatException(ei))  # type: ignore[arg-type]

    def formatStack(self, stack_info: str) -> str:
        """Return a stack in the same way."""
        return _following(super().formatStack(stack_info))


def _following(text: str) -> str:
    return "\n".join(_FOLLOWING + visible(line) for line in text.split("\n"))


def configure(level: str) -> None:
    """Log to standard error, in the form that journald wants where it reads that."""
    handler = logging.StreamHandler()
    handler.setFormatter(EscapingFormatter(_JOURNAL if "JOURNAL_STREAM" in os.environ else _PLAIN))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # its warnings are clients' faults, as many as they like
