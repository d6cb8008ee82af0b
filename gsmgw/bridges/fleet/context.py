"""The parts of the gateway that hub and node work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gsmgw.audience.privacy import Privacy
from gsmgw.config.fleet import FleetSection
from gsmgw.dispatch import EventFeed
from gsmgw.inbound import ReceiveHook
from gsmgw.model import FLEET, ModemStatus
from gsmgw.outbound import MessageService, Principal
from gsmgw.ports import Clock, RemoteModem
from gsmgw.store import Store
from gsmgw.wire import resources

#: The hub, as the caller of a node's message service.
CALLER = Principal("fleet", "fleet", token="fleet", scopes=("send",), owner=FLEET)


class LocalModem(Protocol):
    """A modem of this gateway."""

    @property
    def status(self) -> ModemStatus:
        """The current status."""


class RemoteQueue(Protocol):
    """A modem's place in the queue of the hub."""

    def wake(self) -> None:
        """Something changed: the state of the modem, its room."""

    def finished(self, message_id: int) -> None:
        """The node is done with a message, or has given it back."""

    def forget(self) -> None:
        """The node is silent."""


class Queue(Protocol):
    """The part of the scheduler that a hub uses."""

    def attach_remote(self, handle: RemoteModem, weight: float) -> RemoteQueue:
        """Let a modem of a node take part."""

    def modem_changed(self, status: ModemStatus) -> None:
        """A modem's state changed."""


@dataclass(frozen=True, slots=True)
class FleetContext:
    """The parts of the gateway that hub and node work with."""

    settings: FleetSection
    version: str
    service: MessageService
    store: Store
    clock: Clock
    feed: EventFeed
    modems: Mapping[str, LocalModem]
    usage: Callable[[str], Sequence[resources.LimitUse]]
    #: The share of the traffic of each modem.
    weight: Callable[[str], float]
    queue: Queue
    #: Applies what a received text says about consent, in the transaction that stores it.
    on_received: ReceiveHook
    #: Erases what this gateway knows about a number.
    privacy: Privacy
