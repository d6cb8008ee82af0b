"""What the routes work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fastapi import Request

from gsmgw.dispatch import EventFeed, Webhooks
from gsmgw.outbound import Intake, Scheduler
from gsmgw.ports import Clock, ModemHandle
from gsmgw.store import Store


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


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of the gateway that the API speaks to."""

    store: Store
    clock: Clock
    intake: Intake
    scheduler: Scheduler
    feed: EventFeed
    webhooks: Webhooks
    modems: Mapping[str, ManagedModem]
    limits: Mapping[str, dict[str, int]]
    version: str
    valid_for_s: int
    country: str | None
    started_ms: int
    is_ready: Callable[[], str | None]


def client_of(request: Request) -> str:
    """Who asks: the name of the token, or empty for the local socket."""
    return str(request.scope.get("gsmgw.client", ""))


async def context_of(request: Request) -> Context:
    """The context of a request's application. A coroutine, so that it needs no thread."""
    context: Context = request.app.state.context
    return context
