"""Keyword rules."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.model.rules import ActionKind, MatchKind, Trigger
from gsmgw.wire.resources.common import Time, closed


@closed
class RuleMatch(TypedDict):
    """Condition on a text."""

    kind: MatchKind
    value: str | list[str] | None
    strict: bool
    trailing_words: int


@closed
class RuleCondition(TypedDict):
    """When a rule applies."""

    modems: list[str]
    hours: str | None
    days: list[str]
    groups: list[str]
    known: bool | None
    unmatched: bool


@closed
class RuleAction(TypedDict):
    """An action of a rule; the other fields depend on ``kind``."""

    kind: ActionKind
    text: NotRequired[str]
    template: NotRequired[str]
    to: NotRequired[str]
    group: NotRequired[str]
    field: NotRequired[str]
    value: NotRequired[str]
    tag: NotRequired[str]
    list: NotRequired[str]
    drip: NotRequired[str]
    hours: NotRequired[int]
    thanks: NotRequired[str | None]
    again: NotRequired[str | None]
    name: NotRequired[str]


@closed
class Rule(TypedDict):
    """A rule for received texts or missed calls."""

    name: str
    priority: int
    trigger: Trigger
    match: RuleMatch
    when: RuleCondition
    actions: list[RuleAction]
    fall_through: bool
    enabled: bool
    suspended: Annotated[str | None, Field(description="Why the rule is not used")]
    created_at: Time
    changed_at: Time


@closed
class RuleList(TypedDict):
    """All rules in the order in which they are looked at."""

    data: list[Rule]
    next_cursor: str | None


@closed
class RuleTrialAction(RuleAction):
    """An action that a rule would carry out, with its text or value as it would be written."""

    rule: str
    problem: Annotated[NotRequired[str], Field(description="Why it would not be carried out")]


@closed
class RuleOther(TypedDict):
    """A rule that does not apply."""

    rule: str
    why_not: str


@closed
class RuleTrialQuestion(TypedDict):
    """An open question that takes the text."""

    field: str
    readable: Annotated[bool, Field(description="False: the person would be asked again")]


@closed
class RuleTrial(TypedDict):
    """A prediction of what a text would do."""

    consent: Annotated[str | None, Field(description="stop, start, help, yes or suspect: then no rule is looked at")]
    question: Annotated[RuleTrialQuestion | None, Field(description="The text answers it: then no rule is looked at")]
    rule: str | None
    actions: list[RuleTrialAction]
    others: list[RuleOther]
