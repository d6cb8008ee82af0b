"""The parts of the gateway that the bridge works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gsmgw.audience.recipients import Recipients
from gsmgw.bridges.context import Authenticator
from gsmgw.config.mail import MailSection
from gsmgw.dispatch import EventFeed
from gsmgw.outbound import MessageService
from gsmgw.ports import Clock
from gsmgw.store import Store


@dataclass(frozen=True, slots=True)
class MailContext:
    """The parts of the gateway that the bridge works with."""

    settings: MailSection
    service: MessageService
    recipients: Recipients
    access: Authenticator
    store: Store
    clock: Clock
    feed: EventFeed
    #: Country of numbers without a plus.
    country: Callable[[], str | None]
