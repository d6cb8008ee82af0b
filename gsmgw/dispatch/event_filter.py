"""Event filters of readers, webhooks and hooks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gsmgw.model import Event, MessageRecord


class Types:
    """A set of event types: exact types and patterns such as ``message.*``. An empty set matches all types."""

    __slots__ = ("_all", "_exact", "_prefixes")

    def __init__(self, names: Collection[str]) -> None:
        self._all = not names or "*" in names
        self._exact = frozenset(name for name in names if not name.endswith(".*"))
        self._prefixes = tuple(name[:-1] for name in names if name.endswith(".*"))

    def __contains__(self, type: str) -> bool:
        return self._all or type in self._exact or (bool(self._prefixes) and type.startswith(self._prefixes))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filter of a target; an empty set does not restrict."""

    types: Types
    tags: frozenset[str] = frozenset()
    modems: frozenset[str] = frozenset()

    def needs_message(self, event: Event) -> bool:
        """True if the filter needs the message."""
        asks = bool(self.tags) or bool(self.modems and event.modem is None)
        return asks and event.message_id is not None and event.type in self.types

    def matches(self, event: Event, message: MessageRecord | None) -> bool:
        """Return True if an event matches; an event without a tag or modem does not match a named one."""
        if event.type not in self.types:
            return False
        if self.tags and (message is None or self.tags.isdisjoint(message.tags)):
            return False
        modem = event.modem or (message.modem if message is not None else None)
        return not self.modems or modem in self.modems
