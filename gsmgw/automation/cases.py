"""A received text or a missed call with what it met, and the effects of acting on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gsmgw.automation.guards import Suppressed
from gsmgw.model import Outgoing
from gsmgw.model.rules import Action, Incoming, SavedRule
from gsmgw.outbound.errors import ServiceError

#: Why an action is not carried out, with a detail.
Refused = tuple[Suppressed, str | None]


@dataclass(frozen=True, slots=True)
class Case:
    """A text or a call with the rules that it met, and what their answers say."""

    now_ms: int
    message_id: int | None
    incoming: Incoming
    matched: Sequence[SavedRule] = ()
    texts: Mapping[Action, str | ServiceError] = field(default_factory=dict)


@dataclass(slots=True)
class Effects:
    """News for the queue, given to it after the commit."""

    fresh: list[Outgoing] = field(default_factory=list)
    opted_out: list[tuple[str, list[int]]] = field(default_factory=list)
    taken_back: list[tuple[int, str]] = field(default_factory=list)
    enrolled: bool = False

    def clear(self) -> None:
        """Forget the effects of a transaction that is tried again."""
        self.fresh.clear()
        self.opted_out.clear()
        self.taken_back.clear()
        self.enrolled = False
