"""The parts of the gateway that the routes work with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import Request

from gsmgw.api.access.authentication import Access
from gsmgw.audience.campaigns.desk import Campaigns
from gsmgw.audience.consent.desk import ConsentDesk
from gsmgw.audience.drips.desk import Drips
from gsmgw.audience.privacy import Privacy
from gsmgw.audience.questions.desk import Questions
from gsmgw.audience.service import Audience
from gsmgw.automation.rules import Rules
from gsmgw.dispatch import Arrivals, EventFeed, Hooks, Indexer, Rollups, Webhooks
from gsmgw.http.event_streams import EventStreams
from gsmgw.inbound import Collector
from gsmgw.outbound import MessageService
from gsmgw.patterns import PatternRunner
from gsmgw.ports import Clock, ModemHandle
from gsmgw.prices import Prices
from gsmgw.store import Store
from gsmgw.wire import resources

#: Batches that are handled at the same time. Each takes tens of megabytes, and more of them would not be faster.
BATCHES = 2


class UssdAnswer(Protocol):
    """The network's answer to a USSD code."""

    @property
    def text(self) -> str | None:
        """The readable text."""

    @property
    def more(self) -> bool:
        """True if the network waits for a reply."""

    @property
    def outcome(self) -> str:
        """How the request ended."""


class ReloadOutcome(Protocol):
    """Settings that changed in the configuration, by key, and what is missing on this machine."""

    @property
    def applied(self) -> list[str]:
        """Settings that are in effect now."""

    @property
    def needs_restart(self) -> list[str]:
        """Settings that take effect after a restart."""

    @property
    def missing(self) -> list[str]:
        """Return what the configuration names and this machine does not have."""


class Fleet(Protocol):
    """The gateways that work as one with this one."""

    async def state(self) -> resources.Fleet:
        """Return the state of the fleet; of a gateway that is in none as well."""

    async def move(self, name: str, *, risk: bool) -> resources.FleetMove:
        """Let other nodes send what a silent node has. Raises :class:`gsmgw.http.problems.Problem`."""


class ManagedModem(ModemHandle, Protocol):
    """A modem that can be managed."""

    async def reset(self) -> None:
        """Restart the modem device."""

    def enable(self) -> None:
        """Enable it again."""

    def disable(self) -> None:
        """Disable it and close its port."""

    async def settled(self) -> None:
        """Wait until the last operation has taken effect, within limits."""

    async def enter_pin(self, pin: str) -> None:
        """Unlock the SIM."""

    async def ussd(self, request: str) -> UssdAnswer:
        """Send a USSD code, or a reply in an open session (TS 22.090)."""

    def tap(self, listener: Callable[[str, bytes], None]) -> Callable[[], None]:
        """Call ``listener`` with everything on the port. Return a function that ends this."""


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of the gateway that the routes work with."""

    store: Store
    clock: Clock
    service: MessageService
    consent: ConsentDesk
    audience: Audience
    privacy: Privacy
    questions: Questions
    rules: Rules
    campaigns: Campaigns
    drips: Drips
    collector: Collector
    feed: EventFeed
    streams: EventStreams
    webhooks: Webhooks
    hooks: Hooks
    indexer: Indexer
    rollups: Rollups
    patterns: PatternRunner
    arrivals: Arrivals
    access: Access
    modems: Mapping[str, ManagedModem]
    #: The names of all modems that messages may name; at a hub also those of its nodes.
    modem_names: Collection[str]
    pools: Mapping[str, frozenset[str]]
    #: True if modems may be discovered that are not configured.
    discovers: bool
    #: Return the resource of a modem, and of its readings.
    modem_resource: Callable[[str], resources.Modem]
    modem_history: Callable[[str], resources.ModemHistory]
    #: Returns when that many queued messages will be sent, an estimate; None if there are none, or no modem works.
    queue_done_ms: Callable[[int], Awaitable[int | None]]
    version: str
    #: Returns the country of numbers without a plus.
    country: Callable[[], str | None]
    #: Returns the currency of the price list.
    currency: Callable[[], str | None]
    #: Returns the price list.
    prices: Callable[[], Prices]
    started_ms: int
    #: Returns why the gateway is not ready, in a sentence; None if it is ready.
    trouble: Callable[[], str | None]
    #: Returns why writes are not saved, in a sentence; None if they are.
    database_trouble: Callable[[], str | None]
    #: How often each task has failed and was restarted.
    task_failures: Mapping[str, int]
    #: Make a backup, and list the backups; both block.
    make_backup: Callable[[], dict[str, Any]]
    list_backups: Callable[[], list[dict[str, Any]]]
    #: Reads the configuration again; returns None if there is no file.
    reload: Callable[[], Awaitable[ReloadOutcome | None]]
    #: Returns the settings in effect; blocks.
    configuration: Callable[[], resources.Configuration]
    #: Return where programs reach the API, and the bridges.
    addresses: Callable[[], resources.ApiAddresses]
    bridges: Callable[[], list[resources.BridgeState]]
    fleet: Fleet
    #: The loss of the database before this start, in a sentence.
    database_loss: str | None
    #: Masked or not -> a function from (seconds, direction, bytes) of a port to lines.
    transcript: Callable[[bool], Callable[[float, str, bytes], list[str]]]
    #: Held while a batch is handled.
    batches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BATCHES))


async def context_of(request: Request) -> Context:
    """Return the context of a request. A coroutine, so that FastAPI needs no thread for it."""
    context: Context = request.app.state.context
    return context
