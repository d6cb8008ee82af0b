"""The parts of the gateway that bridges work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gsmgw.config import CompatSection
from gsmgw.dispatch import EventFeed, Webhooks
from gsmgw.outbound import MessageService, Principal
from gsmgw.ports import Clock, ModemHandle
from gsmgw.store import Store


class Authenticator(Protocol):
    """Checks tokens and throttles clients. Its methods raise :class:`gsmgw.http.problems.Problem`."""

    async def enter(self, address: str, secret: str, name: str | None = None) -> Principal:
        """Return the caller whose token has this secret and, if given, this name."""

    def fail(self, address: str) -> None:
        """Count wrong credentials from an address."""

    def count_request(self, key: str) -> None:
        """Count a request against the rate limit."""


@dataclass(frozen=True, slots=True)
class BridgeContext:
    """The parts of the gateway that bridges work with."""

    settings: CompatSection
    service: MessageService
    store: Store
    clock: Clock
    feed: EventFeed
    webhooks: Webhooks
    access: Authenticator
    modems: Mapping[str, ModemHandle]
