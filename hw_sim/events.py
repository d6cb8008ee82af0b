"""The event log: JSON objects in memory and, line by line, in a file."""

from __future__ import annotations

import itertools
import json
import os
from collections import deque
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


class EventLog:
    """Events in order. A line is in the file before ``add`` returns, so that it survives a kill.

    Memory keeps the newest ``keep`` events; the file gets all of them.
    """

    def __init__(self, stamp: Callable[[], float], path: str | None = None, keep: int = 200_000) -> None:
        self.events: deque[Event] = deque(maxlen=keep)
        self.counts: dict[str, int] = {}
        self._stamp = stamp
        self._total = 0
        self._file = (
            None if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        )

    def add(self, kind: str, /, **fields: Any) -> None:
        """Record one event; ``t`` is seconds since 1970 (since the start, under virtual time)."""
        event: Event = {"event": kind, **fields, "t": round(self._stamp(), 6)}
        self.events.append(event)
        self._total += 1
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self._file is not None:
            line = json.dumps(event, ensure_ascii=False).encode() + b"\n"
            while line:
                line = line[os.write(self._file, line) :]

    def since(self, after: int, limit: int) -> tuple[list[Event], int]:
        """Return at most ``limit`` kept events from number ``after`` on, and the number after the last of them."""
        first = self._total - len(self.events)
        start = max(after, first)
        found = list(itertools.islice(self.events, start - first, start - first + limit))
        return found, start + len(found)

    def of(self, kind: str) -> list[Event]:
        """Return the kept events of one kind."""
        return [event for event in self.events if event["event"] == kind]

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
