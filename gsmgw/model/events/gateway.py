"""Events of the gateway itself: clock, database, tasks, webhooks, hooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gsmgw.model.events.types import EventData, EventType


@dataclass(slots=True)
class ClockSkew(EventData):
    """The clock of a modem's network differs from this machine's."""

    type = EventType.CLOCK_SKEW
    ahead_s: int


@dataclass(slots=True)
class ClockSet(EventData):
    """The clock of this machine was set."""

    type = EventType.CLOCK_SET
    by_s: float


@dataclass(slots=True)
class DatabaseLost(EventData):
    """The database is missing, empty, or older than it was: ``expected`` and ``found`` are event numbers."""

    type = EventType.DATABASE_LOST
    detail: str
    expected: int | None = None
    found: int | None = None


@dataclass(slots=True)
class StoreRowUnreadable(EventData):
    """A row of the database cannot be decoded and is skipped."""

    type = EventType.STORE_ROW_UNREADABLE
    table: str
    row: str
    error: str


@dataclass(slots=True)
class TaskFailed(EventData):
    """A task of the gateway failed and was started again."""

    type = EventType.TASK_FAILED
    task: str
    error: str
    restarts: int


@dataclass(slots=True)
class WebhookPaused(EventData):
    """A webhook was paused: its tries are used up, or by request (``cause``)."""

    type: ClassVar[EventType] = EventType.WEBHOOK_PAUSED
    webhook: str
    url: str
    cause: str
    reason: str


@dataclass(slots=True)
class WebhookDisabled(WebhookPaused):
    """The receiver of a webhook asked for no more requests."""

    type: ClassVar[EventType] = EventType.WEBHOOK_DISABLED


@dataclass(slots=True)
class WebhookResumed(EventData):
    """A webhook goes on."""

    type = EventType.WEBHOOK_RESUMED
    webhook: str
    url: str


@dataclass(slots=True)
class HookFailed(EventData):
    """The program of a hook failed; ``event`` is the event it was run for."""

    type = EventType.HOOK_FAILED
    hook: str
    event: int
    reason: str
    exit_code: int | None = None
    stderr: str | None = None
