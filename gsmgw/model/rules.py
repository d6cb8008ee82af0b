"""Keyword rules: what a received text must be, and what is done then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum

from gsmgw.model.questions import Ask


class MatchKind(StrEnum):
    """How a text is compared with the values of a rule."""

    EXACT = "exact"  #: the whole text
    PREFIX = "prefix"  #: its first words
    CONTAINS = "contains"  #: words in it
    REGEX = "regex"  #: a regular expression finds something in it
    ANY = "any"  #: every text


class Trigger(StrEnum):
    """The event that a rule reacts to."""

    TEXT = "text"
    CALL = "call"  #: a missed call


class ActionKind(StrEnum):
    """An action of a rule."""

    REPLY = "reply"
    FORWARD = "forward"
    GROUP_ADD = "group_add"
    GROUP_REMOVE = "group_remove"
    SET_FIELD = "set_field"
    TAG = "tag"
    START = "start"
    STOP = "stop"
    HOOK = "hook"
    ENROLL = "enroll"  #: in a drip
    ASK = "ask"  #: answer with a question; the next text sets a field


@dataclass(frozen=True, slots=True)
class Match:
    """Condition on a text. ``strict``: case, accents and punctuation count. ``trailing_words`` may follow (exact)."""

    kind: MatchKind = MatchKind.ANY
    values: tuple[str, ...] = ()
    strict: bool = False
    trailing_words: int = 0


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of the day in the sender's zone; over midnight where ``until`` is not later than ``since``."""

    since: time
    until: time
    days: tuple[int, ...] = ()

    def allows(self, weekday: int, moment: time) -> bool:
        """Return True for a time inside. Monday is 0."""
        if self.days and weekday not in self.days:
            return False
        if self.since < self.until:
            return self.since <= moment < self.until
        return moment >= self.since or moment < self.until


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule applies. Empty ones do not restrict. ``known``: whether the sender is a contact."""

    modems: tuple[str, ...] = ()
    hours: Hours | None = None
    groups: tuple[str, ...] = ()
    known: bool | None = None
    unmatched: bool = False  #: only if no earlier rule matched


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a rule does. ``value`` is its text, number, group, tag, list, drip or name by its kind."""

    kind: ActionKind
    value: str = ""
    field: str = ""
    template: str | None = None
    ask: Ask | None = None


#: Actions that answer the sender: none is carried out if a field of the same rule could not be set.
ANSWERS = frozenset({ActionKind.REPLY, ActionKind.ASK})


def in_order(actions: tuple[Action, ...]) -> list[Action]:
    """Return actions in the order in which they are carried out: fields are set before somebody is answered."""
    return sorted(actions, key=lambda action: action.kind is not ActionKind.SET_FIELD)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. The smallest ``priority`` comes first; a rule that matches ends the search, unless ``fall_through``."""

    name: str
    priority: int = 100
    trigger: Trigger = Trigger.TEXT
    match: Match = field(default_factory=Match)
    when: Condition = field(default_factory=Condition)
    actions: tuple[Action, ...] = ()
    fall_through: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class SavedRule:
    """A rule with its state. ``suspended`` is the reason why it is not used."""

    id: int
    rule: Rule
    suspended: str | None
    created_ms: int
    changed_ms: int
    overruns: int = 0


@dataclass(frozen=True, slots=True)
class Incoming:
    """Input of the rules: a received text, or a missed call without one. ``local`` is the time in the sender's zone."""

    sender: str
    text: str
    modem: str
    weekday: int
    local: time
    trigger: Trigger = Trigger.TEXT
    known: bool = False
    groups: frozenset[str] = frozenset()
    fields: Mapping[str, object] = field(default_factory=dict)
