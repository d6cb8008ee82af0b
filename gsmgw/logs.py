"""Logging: one line per record, with external text escaped and phone numbers masked."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TextIO

from gsmgw.escaping import visible

Format = Literal["text", "json"]

_PLAIN = "%(asctime)s %(levelname)s %(message)s"
#: journald adds the time and shows the level by its priority.
_JOURNAL = "%(message)s"
#: Priorities of sd-daemon(3), by the lowest level that has them.
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (0, 7))
#: Prefix of traceback lines, so that none of them looks like a record.
_FOLLOWING = "  | "
#: Rate limits of similar records, by the lowest level: burst size, and seconds per further record. Trouble that lasts
#: is logged a few times an hour, with a count.
_RATES = ((logging.WARNING, 5, 900.0), (logging.INFO, 20, 10.0))
#: Maximum number of kinds of records to track.
_KINDS = 1000
#: Maximum time that information waits to be written together with more, seconds, and the size of a group.
GROUP_S = 0.1
_LARGEST_GROUP = 1000
#: Loggers that would log URLs and headers with secrets.
_TALKATIVE = ("httpx", "httpcore")
#: Our own loggers: their lines begin with the component.
_OWN = "gsmgw"

#: A phone number in international form, and one of any form after a key that holds one.
_NUMBER = re.compile(r"(?<![\w+])((?:(?:to|from|number)=)?\+|(?:to|from|number)=)([0-9]{7,20})(?!\w)")
_SHOWN_FIRST, _SHOWN_LAST = 4, 2

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The level and form of the log."""

    level: str = "info"
    format: Format = "text"
    #: Log phone numbers in full.
    numbers: bool = False


def mask_numbers(text: str) -> str:
    """Return a text whose phone numbers show only their first four and last two digits."""
    return _NUMBER.sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    before, number = match.groups()
    hidden = len(number) - _SHOWN_FIRST - _SHOWN_LAST
    return f"{before}{number[:_SHOWN_FIRST]}{'*' * hidden}{number[-_SHOWN_LAST:]}" if hidden > 0 else match[0]


class EscapingFormatter(logging.Formatter):
    """Formats records with control characters and line breaks escaped."""

    def __init__(self, form: str | None = None, *, numbers: bool = True) -> None:
        super().__init__(form)
        self._numbers = numbers
        self._second, self._second_text = -1, ""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        text = super().format(record)
        return text if self._numbers else mask_numbers(text)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return the local time with milliseconds. Many records have the same second."""
        if datefmt is not None:
            return super().formatTime(record, datefmt)
        second = int(record.created)
        if second != self._second:
            self._second, self._second_text = second, time.strftime(self.default_time_format, time.localtime(second))
        return f"{self._second_text},{record.msecs:03.0f}"

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the escaped line of a record. One of a library begins with the name of its logger."""
        if record.name.partition(".")[0] != _OWN:
            record.message = f"{record.name}: {record.message}"
        return visible(super().formatMessage(record))

    def formatException(self, ei: _ExcInfo) -> str:
        """Return a traceback with a prefix on each line."""
        return _following(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        """Return a stack with a prefix on each line."""
        return _following(super().formatStack(stack_info))


class JsonFormatter(EscapingFormatter):
    """Formats each record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object of a record."""
        found = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            found["exception"] = logging.Formatter.formatException(self, record.exc_info)
        if not self._numbers:
            found = {key: value if key == "time" else mask_numbers(value) for key, value in found.items()}
        return json.dumps(found)


class PriorityFormatter(logging.Formatter):
    """Adds the priority of sd-daemon(3) to each line of another formatter."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record; journald takes each as an entry of its own."""
        prefix = f"<{next(priority for level, priority in _PRIORITIES if record.levelno >= level)}>"
        return "\n".join(prefix + line for line in self._inner.format(record).split("\n"))


class FloodFilter(logging.Filter):
    """Limits the rate of similar records: repeated ones are logged from time to time with a count.

    Similar records have the same logger, message and first argument, which usually is the name of a modem.
    """

    def __init__(self) -> None:
        super().__init__()
        #: By kind: the remaining burst, its time, and the number of skipped records.
        self._kinds: dict[tuple[object, ...], tuple[float, float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True if a record is logged, and add the count of skipped ones.

        Debug records are never skipped, nor those with the attribute ``unlimited``: lines of messages, for example.
        """
        if getattr(record, "unlimited", False):
            return True
        rate = next(((burst, each_s) for level, burst, each_s in _RATES if record.levelno >= level), None)
        if rate is None:
            return True
        burst, each_s = rate
        first = record.args[0] if isinstance(record.args, tuple) and record.args else None
        kind = record.name, record.levelno, str(record.msg), first if isinstance(first, str) else None
        now = time.monotonic()
        left, at, skipped = self._kinds.pop(kind, (float(burst), now, 0))
        left = min(float(burst), left + (now - at) / each_s)
        logged = left >= 1.0
        self._kinds[kind] = (left - 1.0, now, 0) if logged else (left, now, skipped + 1)
        while len(self._kinds) > _KINDS:
            del self._kinds[next(iter(self._kinds))]
        if logged and skipped:
            record.msg, record.args = f"{record.getMessage()} (and {skipped} more like it)", ()
        return logged


def _following(text: str) -> str:
    return "\n".join(_FOLLOWING + visible(line) for line in text.split("\n"))


def is_journal(stream: TextIO) -> bool:
    """Return True if systemd connected a stream to the journal ($JOURNAL_STREAM of systemd.exec(5))."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(found.st_dev), str(found.st_ino))


def formatter_for(settings: LogSettings, *, journal: bool) -> logging.Formatter:
    """Return the formatter of some settings."""
    if settings.format == "json":
        inner: logging.Formatter = JsonFormatter(numbers=settings.numbers)
    else:
        inner = EscapingFormatter(_JOURNAL if journal else _PLAIN, numbers=settings.numbers)
    return PriorityFormatter(inner) if journal else inner


class GroupingHandler(logging.StreamHandler[io.StringIO]):
    """Formats and writes records in groups: a system call for each would cost more than sending a message.

    Information waits for at most :data:`GROUP_S`, then a thread writes the group, so that a slow reader of the log does
    not hold up the caller. A warning is written at once, after what waits. A kill can lose the records of that time.
    """

    def __init__(self, target: TextIO) -> None:
        super().__init__(io.StringIO())
        self._target = target
        self._group: list[logging.LogRecord] = []
        self._writing = threading.Lock()

    def handle(self, record: logging.LogRecord) -> bool:
        """Log a record. Return False if it is not logged."""
        logged = bool(super().handle(record))
        if logged and (record.levelno >= logging.WARNING or len(self._group) > _LARGEST_GROUP):
            self.write_out()
        return logged

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record to the group; called with the handler's lock."""
        self._group.append(record)
        if len(self._group) == 1:
            timer = threading.Timer(GROUP_S, self.write_out)
            timer.daemon = True
            timer.start()

    def write_out(self) -> None:
        """Write the group. The groups of several threads stay in order."""
        with self._writing:
            self.acquire()
            try:
                group, self._group = self._group, []
            finally:
                self.release()
            for record in group:
                super().emit(record)
            text = self.stream.getvalue()
            self.stream.seek(0)
            self.stream.truncate()
            with contextlib.suppress(OSError, ValueError):  # the reader is gone, or the stream is closed
                self._target.write(text)
                self._target.flush()

    def close(self) -> None:
        """Write what waits; logging calls this at the end of the process."""
        self.write_out()
        super().close()


def configure(settings: LogSettings) -> None:
    """Log to standard error, in journald's format if it reads it. May be called again with other settings."""
    root = logging.getLogger()
    handler = next((each for each in root.handlers if isinstance(each, GroupingHandler)), None)
    if handler is None:
        handler = GroupingHandler(sys.stderr)
        handler.addFilter(FloodFilter())
        root.addHandler(handler)
    handler.setFormatter(formatter_for(settings, journal=is_journal(sys.stderr)))
    root.setLevel(settings.level.upper())
    # No line shows these.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # clients can cause any number of its warnings
    # At the level debug these would say more about themselves than all of gsmgw.
    for name in ("asyncio", "multipart", "python_multipart"):
        logging.getLogger(name).setLevel(logging.INFO)
