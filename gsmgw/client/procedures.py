"""What takes more than one request, or an answer that is read as it comes, without doing any: repeating, paging,
following events. Pure but for the clock.

Like ``calls``, the functions at the end describe each of them once; the transports do what they describe.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx

from gsmgw.client import calls
from gsmgw.client.calls import Call, part
from gsmgw.client.errors import NoAnswer, NoDaemon
from gsmgw.client.options import ENDLESS, STREAM_TIMEOUT, TIMEOUT_S
from gsmgw.wire import resources

T = TypeVar("T")
#: A request that was not answered is asked again after these pauses, seconds.
RETRY_PAUSES_S = (0.1, 0.5, 2.0)
#: A broken event stream is taken up again after these, the last one for ever.
RESUME_PAUSES_S = (0.1, 0.5, 1.0, 2.0, 5.0)
HEARTBEAT_S = 15.0
PAGE = 1000


def arguments(call: Call[Any]) -> dict[str, Any]:
    """A call as httpx wants it."""
    return {
        "method": call.method,
        "url": call.path,
        "json": call.json,
        "params": call.params,
        "headers": call.headers,
        "timeout": httpx.Timeout(TIMEOUT_S, read=call.timeout_s),
    }


class Attempts:
    """How often a call may be repeated."""

    def __init__(self, call: Call[Any], where: str) -> None:
        self._pauses_s = iter(RETRY_PAUSES_S if call.repeatable else ())
        self._where = where
        self._timeout_s = call.timeout_s

    def pause_s(self, exc: httpx.TransportError) -> float:
        """How long to wait before the next try; :class:`NoDaemon` when there is none."""
        pause_s = None if isinstance(exc, httpx.ConnectError) else next(self._pauses_s, None)
        if pause_s is not None:
            return pause_s
        if isinstance(exc, httpx.ReadTimeout):
            raise NoAnswer(self._where, f"it did not answer within {self._timeout_s:g} s") from exc
        raise NoDaemon(self._where, str(exc)) from exc


class Walk(Generic[T]):
    """A listing, page after page, until its end or ``limit``."""

    def __init__(self, first: Call[Any], limit: int | None) -> None:
        self._path, self._params = first.path, dict(first.params or {})
        self._left = limit
        self._cursor: str | None = None
        self._ended = limit is not None and limit <= 0

    def next(self) -> Call[Any] | None:
        """The call for the next page; None when there is no more."""
        if self._ended:
            return None
        size = PAGE if self._left is None else min(PAGE, self._left)
        cursor = {} if self._cursor is None else {"cursor": self._cursor}
        return Call("GET", self._path, params={**self._params, "limit": size, **cursor})

    def take(self, page: Any) -> list[T]:
        """The entries of a page."""
        found: list[T] = page["data"]
        self._cursor = page["next_cursor"]
        if self._left is not None:
            self._left -= len(found)
        self._ended = self._cursor is None or self._left == 0
        return found


class Following:
    """An event stream (WHATWG HTML 9.2) that is taken up again where it broke.

    With ``timeout_s``, :class:`TimeoutError` is raised when the whole has lasted that long.
    """

    def __init__(self, after: int | None, types: Iterable[str], *, resume: bool, timeout_s: float | None) -> None:
        self._cursor = after
        self._types = tuple(types)
        self._resume = resume
        self._timeout_s = timeout_s
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._data: list[str] = []
        self._failures = 0

    def connect(self) -> Call[str]:
        """The request that begins the stream, or goes on with it."""
        self._data.clear()
        heartbeat_s = None if self._timeout_s is None else min(HEARTBEAT_S, max(0.1, self._timeout_s / 10))
        return calls.events(self._cursor, self._types, heartbeat_s)

    def line(self, line: str) -> resources.Event | None:
        """The event that ends with this line of the stream."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise TimeoutError(f"nothing came within {self._timeout_s} s")
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        elif line.startswith(": gsmgw"):
            self._failures = 0
            if self._cursor is None:
                self._cursor = int(line.rsplit(" ", 1)[1])
        elif not line and self._data:
            event: resources.Event = json.loads("\n".join(self._data))
            self._data.clear()
            self._cursor = event["id"]
            return event
        return None

    def broken(self, exc: Exception | None, where: str) -> float | None:
        """The stream ended, by ``exc`` or by itself: the pause before it is taken up again; None when it is not."""
        if exc is not None and (not self._resume or self._cursor is None):
            raise NoDaemon(where, str(exc)) from exc
        if not self._resume:
            return None
        pause_s = RESUME_PAUSES_S[min(self._failures, len(RESUME_PAUSES_S) - 1)]
        self._failures += 1
        if self._deadline is not None:
            left_s = self._deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(f"nothing came within {self._timeout_s} s")
            pause_s = min(pause_s, left_s)
        return pause_s


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer that is read as it comes: in lines, or in whatever portions."""

    call: Call[str]
    timeout: httpx.Timeout
    by_line: bool = False


def messages(*, limit: int | None = None, **filters: Any) -> Walk[resources.Message]:
    """Messages, newest first, as many as there are or ``limit``; ``filters`` as of ``GET /v1/messages``."""
    return Walk(calls.page(**filters), limit)


def conversations(*, limit: int | None = None) -> Walk[resources.Conversation]:
    """Each peer with the latest message, newest first, as many as there are or ``limit``."""
    return Walk(calls.conversation_page(), limit)


def quarantine(*, limit: int | None = None) -> Walk[resources.QuarantinedPdu]:
    """Received PDUs that could not be understood, newest first, as many as there are or ``limit``."""
    return Walk(calls.quarantine_page(), limit)


def audit(*, limit: int | None = None, **filters: Any) -> Walk[resources.AuditEntry]:
    """The audit log, newest first, as much as there is or ``limit``; ``filters`` as of ``GET /v1/audit``."""
    return Walk(calls.audit_page(**filters), limit)


def export(format: str = "ndjson", **filters: Any) -> Reading:
    """All messages that the filters let through, in portions of lines: ``ndjson``, or ``csv`` with a header."""
    return Reading(calls.export(format, filters), STREAM_TIMEOUT)


def lines(path: str, params: Any = None) -> Reading:
    """The lines of an answer that does not end by itself."""
    return Reading(Call("GET", path, params=params), ENDLESS, by_line=True)


def tap(name: str, *, masked: bool = False) -> Reading:
    """All that is said on a modem's port, line by line, as it is said; ``masked`` hides numbers and texts."""
    return lines(f"/v1/modems/{part(name)}/tap", {"masked": masked})


def events(
    after: int | None = None, types: Iterable[str] = (), *, resume: bool = True, timeout_s: float | None = None
) -> Following:
    """Events as they happen, from behind ``after``. A lost connection is taken up again where it broke.

    With ``timeout_s``, :class:`TimeoutError` is raised when the whole has lasted that long.
    """
    return Following(after, types, resume=resume, timeout_s=timeout_s)
