"""Procedures of several requests, and streams: retries, paging, following events. Pure except for the clock.

Like ``calls``, this module only describes them; the transports send the requests.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx

from gsmgw.client import calls, user_calls
from gsmgw.client.calls import Call, part
from gsmgw.client.errors import NoAnswer, NoDaemon
from gsmgw.client.options import ENDLESS, STREAM_TIMEOUT, TIMEOUT_S

if TYPE_CHECKING:  # importing these takes most of the time of a command
    from gsmgw.wire import resources

T = TypeVar("T")
#: Pauses before the retries of a request without an answer; seconds.
RETRY_PAUSES_S = (0.1, 0.5, 2.0)
#: Pauses before a broken event stream is resumed; the last one repeats; seconds.
RESUME_PAUSES_S = (0.1, 0.5, 1.0, 2.0, 5.0)
HEARTBEAT_S = 15.0
PAGE = 1000


def arguments(call: Call[Any]) -> dict[str, Any]:
    """Return the arguments of a call for httpx."""
    return {
        "method": call.method,
        "url": call.path,
        "json": call.json,
        "content": call.content,
        "params": call.params,
        "headers": call.headers,
        "timeout": httpx.Timeout(TIMEOUT_S, read=call.timeout_s),
    }


class Attempts:
    """The retries of a call."""

    def __init__(self, call: Call[Any], where: str) -> None:
        self._pauses_s = iter(RETRY_PAUSES_S if call.repeatable else ())
        self._where = where
        self._timeout_s = call.timeout_s

    def pause_s(self, exc: httpx.TransportError) -> float:
        """Return the pause before the next attempt, seconds. Raises :class:`NoDaemon` if there is none."""
        pause_s = None if isinstance(exc, httpx.ConnectError) else next(self._pauses_s, None)
        if pause_s is not None:
            return pause_s
        if isinstance(exc, httpx.ReadTimeout):
            raise NoAnswer(self._where, f"it did not answer within {self._timeout_s:g} s") from exc
        raise NoDaemon(self._where, str(exc)) from exc


class Walk(Generic[T]):
    """The pages of a listing, until its end or ``limit``."""

    def __init__(self, first: Call[Any], limit: int | None) -> None:
        self._path, self._params = first.path, dict(first.params or {})
        self._left = limit
        self._cursor: str | None = None
        self._ended = limit is not None and limit <= 0

    def next(self) -> Call[Any] | None:
        """Return the call for the next page, or None after the last one."""
        if self._ended:
            return None
        size = PAGE if self._left is None else min(PAGE, self._left)
        cursor = {} if self._cursor is None else {"cursor": self._cursor}
        return Call("GET", self._path, params={**self._params, "limit": size, **cursor})

    def take(self, page: Any) -> list[T]:
        """Return the entries of a page."""
        found: list[T] = page["data"]
        self._cursor = page["next_cursor"]
        if self._left is not None:
            self._left -= len(found)
        self._ended = self._cursor is None or self._left == 0
        return found


class Following:
    """An event stream (WHATWG HTML 9.2) that resumes after a lost connection.

    With ``timeout_s``, :class:`TimeoutError` is raised when the stream has lasted that long.
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
        """Return the request that starts or resumes the stream."""
        self._data.clear()
        heartbeat_s = None if self._timeout_s is None else min(HEARTBEAT_S, max(0.1, self._timeout_s / 10))
        return calls.events(self._cursor, self._types, heartbeat_s)

    def line(self, line: str) -> resources.Event | None:
        """Return the event that ends with this line, or None."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise TimeoutError(f"no event within {self._timeout_s} s")
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
        """Handle the end of the stream: return the pause before resuming, or None to stop."""
        if exc is not None and (not self._resume or self._cursor is None):
            raise NoDaemon(where, str(exc)) from exc
        if not self._resume:
            return None
        pause_s = RESUME_PAUSES_S[min(self._failures, len(RESUME_PAUSES_S) - 1)]
        self._failures += 1
        if self._deadline is not None:
            left_s = self._deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(f"no event within {self._timeout_s} s")
            pause_s = min(pause_s, left_s)
        return pause_s


@dataclass(frozen=True, slots=True)
class Reading:
    """A streamed answer, read in lines or in portions."""

    call: Call[str]
    timeout: httpx.Timeout
    by_line: bool = False
    #: Called when the answer has begun, before the first line.
    on_open: Callable[[], None] | None = None


def messages(*, limit: int | None = None, **filters: Any) -> Walk[resources.Message]:
    """Yield messages, newest first, at most ``limit``; ``filters``: see ``GET /v1/messages``."""
    return Walk(calls.page(**filters), limit)


def conversations(*, limit: int | None = None, **filters: Any) -> Walk[resources.Conversation]:
    """Yield conversations, newest first, at most ``limit``; ``filters``: see ``GET /v1/conversations``."""
    return Walk(user_calls.conversation_page(**filters), limit)


def quarantine(*, limit: int | None = None) -> Walk[resources.QuarantinedPdu]:
    """Yield received PDUs that could not be decoded, newest first, at most ``limit``."""
    return Walk(calls.quarantine_page(), limit)


def audit(*, limit: int | None = None, **filters: Any) -> Walk[resources.AuditEntry]:
    """Yield entries of the audit log, newest first, at most ``limit``; ``filters``: see ``GET /v1/audit``."""
    return Walk(calls.audit_page(**filters), limit)


def optouts(*, limit: int | None = None, **filters: Any) -> Walk[resources.OptOut]:
    """Yield opt-outs, newest number first, at most ``limit``; ``filters``: see ``GET /v1/optouts``."""
    return Walk(calls.optout_page(**filters), limit)


def suspects(*, limit: int | None = None) -> Walk[resources.Suspect]:
    """Yield numbers whose text may be an opt-out, newest number first, at most ``limit``."""
    return Walk(calls.suspect_page(), limit)


def export(format: str = "ndjson", **filters: Any) -> Reading:
    """Yield all messages that match the filters, in portions of lines: ``ndjson``, or ``csv`` with a header."""
    return Reading(calls.export(format, filters), STREAM_TIMEOUT)


def lines(path: str, params: Any = None, *, on_open: Callable[[], None] | None = None) -> Reading:
    """Return the lines of an endless answer. ``on_open`` is called when it has begun."""
    return Reading(Call("GET", path, params=params), ENDLESS, by_line=True, on_open=on_open)


def tap(name: str, *, masked: bool = False, on_open: Callable[[], None] | None = None) -> Reading:
    """Yield the traffic on a modem's port, line by line; ``masked`` masks numbers and texts.

    ``on_open`` is called when the gateway listens to the port.
    """
    return lines(f"/v1/modems/{part(name)}/tap", {"masked": masked}, on_open=on_open)


def events(
    after: int | None = None, types: Iterable[str] = (), *, resume: bool = True, timeout_s: float | None = None
) -> Following:
    """Yield events after the event ``after`` as they happen. Resumes after a lost connection.

    With ``timeout_s``, :class:`TimeoutError` is raised when the stream has lasted that long.
    """
    return Following(after, types, resume=resume, timeout_s=timeout_s)
