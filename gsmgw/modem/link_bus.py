"""The bus of one link: each part subscribes to the lines and the facts that concern it.

All of it happens on the event loop, in the order of subscription, and no listener waits.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from gsmgw.at.events import Stale, Urc
from gsmgw.at.urcs import UrcKind

log = logging.getLogger(__name__)

#: URCs that a message or report causes: they come from the network, and not from the modem alone.
RECEIVED = (UrcKind.MESSAGE, UrcKind.REPORT, UrcKind.STORED)


@dataclass(frozen=True, slots=True)
class IndicationsLost:
    """``count`` messages lay in the memories that no indication had announced, ``in_a_row`` times without one."""

    count: int
    in_a_row: int


@dataclass(frozen=True, slots=True)
class AcknowledgementRefused:
    """The modem refuses to acknowledge a message that it routed directly."""


@dataclass(frozen=True, slots=True)
class UnreadableChanged:
    """The number of messages in the memories that cannot be read; ``reason`` of one of them."""

    count: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IndicationsResumed:
    """An indication came again after some were lost."""


AnyFact = Stale | IndicationsLost | IndicationsResumed | AcknowledgementRefused | UnreadableChanged
Fact = TypeVar("Fact", Stale, IndicationsLost, IndicationsResumed, AcknowledgementRefused, UnreadableChanged)


class LinkBus:
    """Hands on the URCs of a link by their kind, and other facts by their type."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._urc_listeners: dict[UrcKind, list[Callable[[Urc], None]]] = defaultdict(list)
        self._listeners: dict[type, list[Callable[[Any], None]]] = defaultdict(list)

    def on_urc(self, listener: Callable[[Urc], None], *kinds: UrcKind) -> None:
        """Have ``listener`` called with each URC of these kinds."""
        for kind in kinds:
            self._urc_listeners[kind].append(listener)

    def on(self, fact: type[Fact], listener: Callable[[Fact], None]) -> None:
        """Have ``listener`` called with each fact of this type."""
        self._listeners[fact].append(listener)

    def publish_urc(self, urc: Urc) -> None:
        """Hand on a URC."""
        for listener in self._urc_listeners.get(urc.kind, ()):
            listener(urc)

    def publish(self, fact: AnyFact) -> None:
        """Hand on a fact."""
        for listener in self._listeners.get(type(fact), ()):
            listener(fact)
