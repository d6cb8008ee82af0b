"""Events of keyword rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gsmgw.model.events.types import EventData, EventType


@dataclass(slots=True)
class RuleMatched(EventData):
    """A received text, or a missed call, met a rule; ``actions`` are the kinds of what was done."""

    type = EventType.RULE_MATCHED
    rule: str
    number: str
    actions: Sequence[str]
    answer: str | None = None


@dataclass(slots=True)
class RuleHook(EventData):
    """A rule calls a hook or a webhook by ``name``; ``text`` is the received text."""

    type = EventType.RULE_HOOK
    name: str
    rule: str
    number: str
    text: str | None


@dataclass(slots=True)
class RuleSuppressed(EventData):
    """An action of a rule was not carried out; ``reason`` says why."""

    type = EventType.RULE_SUPPRESSED
    rule: str
    number: str
    action: str
    reason: str
    detail: str | None = None


@dataclass(slots=True)
class RuleSuspended(EventData):
    """A rule is not used any more, because its regular expression took too long three times."""

    type = EventType.RULE_SUSPENDED
    rule: str
    reason: str
