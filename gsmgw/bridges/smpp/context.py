"""The parts of the gateway that the SMPP server works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from gsmgw.config import SmppSection
from gsmgw.dispatch import EventFeed
from gsmgw.outbound import MessageService, Principal
from gsmgw.ports import Clock, ModemHandle
from gsmgw.store import Store


class Accounts(Protocol):
    """Checks SMPP accounts."""

    async def enter_account(self, address: str, name: str, password: str) -> Principal:
        """Return the caller with this account. Raises :class:`gsmgw.http.problems.Problem`."""

    def presence(self, principal: Principal) -> AbstractContextManager[asyncio.Event]:
        """Yield an event that is set when the caller's token ends."""

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when an account was created or revoked."""


@dataclass(frozen=True, slots=True)
class SmppContext:
    """The parts of the gateway that the SMPP server works with."""

    settings: SmppSection
    service: MessageService
    store: Store
    clock: Clock
    feed: EventFeed
    access: Accounts
    modems: Mapping[str, ModemHandle]
    #: The names of the pools.
    pools: Callable[[], Collection[str]]
    #: The country of numbers without a plus.
    country: Callable[[], str | None]
