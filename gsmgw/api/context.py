"""What the routes work with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import Request

from gsmgw.api.access.authentication import Access
from gsmgw.dispatch import EventFeed, Hooks, Indexer, Webhooks
from gsmgw.http.event_streams import Streams
from gsmgw.inbound import Collector
from gsmgw.outbound import MessageService, Scheduler
from gsmgw.ports import Clock, ModemHandle
from gsmgw.store import Store

#: Batches that are worked on at once: one while the other is being written. Each takes tens of megabytes meanwhile, and
#: more of them would be no faster.
BATCHES = 2


class UssdAnswer(Protocol):
    """What the network answered. ``more``: it waits for a reply."""

    @property
    def text(self) -> str | None:
        """The readable text."""

    @property
    def more(self) -> bool:
        """Whether the session goes on."""

    @property
    def outcome(self) -> str:
        """How it ended."""


class ManagedModem(ModemHandle, Protocol):
    """A modem with what a person may do to it."""

    async def reset(self) -> None:
        """Restart the modem itself."""

    def enable(self) -> None:
        """Let it work again."""

    def disable(self) -> None:
        """Take it out of service, the port closed."""

    async def enter_pin(self, pin: str) -> None:
        """Unlock the SIM."""

    async def ussd(self, request: str) -> UssdAnswer:
        """Send a USSD code, or a reply in an open session (TS 22.090)."""

    def tap(self, listener: Callable[[str, bytes], None]) -> Callable[[], None]:
        """Have all that is said on the port overheard; returns what ends that."""


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of the gateway that the API speaks to."""

    store: Store
    clock: Clock
    service: MessageService
    collector: Collector
    scheduler: Scheduler
    feed: EventFeed
    streams: Streams
    webhooks: Webhooks
    hooks: Hooks
    indexer: Indexer
    access: Access
    modems: Mapping[str, ManagedModem]
    pools: Mapping[str, frozenset[str]]
    #: Whether modems that nobody named may come.
    discovers: bool
    limits: Mapping[str, dict[str, Any]]
    version: str
    country: str | None
    started_ms: int
    #: Why the gateway is not ready to serve, in a sentence; None while it is.
    trouble: Callable[[], str | None]
    #: Why what is written now is not kept, in a sentence; None while it is.
    database_trouble: Callable[[], str | None]
    #: How often each task failed and was started again.
    task_failures: Mapping[str, int]
    #: Makes a backup in the directory of scheduled ones, and lists these; both block a thread.
    make_backup: Callable[[], dict[str, Any]]
    list_backups: Callable[[], list[dict[str, Any]]]
    #: What of the database was lost before this start, in a sentence.
    database_loss: str | None
    #: Masked or not -> turns pieces (seconds, direction, bytes) of a conversation into rows.
    transcript: Callable[[bool], Callable[[float, str, bytes], list[str]]]
    #: Batches that are worked on.
    batches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BATCHES))


async def context_of(request: Request) -> Context:
    """The context of a request's application. A coroutine, so that it needs no thread."""
    context: Context = request.app.state.context
    return context
