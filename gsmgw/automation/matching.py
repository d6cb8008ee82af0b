"""Decides which rules a received text meets, and why the others do not apply. Pure: the search is handed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gsmgw.audience.consent.words import Phrase, normalise
from gsmgw.model.contacts import fold
from gsmgw.model.rules import Incoming, Match, MatchKind, Rule, SavedRule


class Search(Protocol):
    """Searches a text with a regular expression. None: it took too long."""

    async def __call__(self, rule: SavedRule, pattern: str, text: str) -> bool | None:
        """Return True if the pattern is found."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a rule: it applies, or the reason why it does not."""

    rule: SavedRule
    why_not: str | None = None

    @property
    def matches(self) -> bool:
        """True if the rule applies."""
        return self.why_not is None


async def judge(rules: Iterable[SavedRule], incoming: Incoming, search: Search) -> list[Verdict]:
    """Return the verdict on each rule, in the order of their priority."""
    verdicts: list[Verdict] = []
    taken: SavedRule | None = None
    any_matched = False
    for saved in in_order(rules):
        why_not: str | None
        if taken is not None:
            why_not = f'the rule "{taken.rule.name}" comes first'
        else:
            why_not = _excluded(saved, incoming, any_matched=any_matched) or await _differs(saved, incoming, search)
        verdicts.append(Verdict(saved, why_not))
        if why_not is None:
            any_matched = True
            if not saved.rule.fall_through:
                taken = saved
    return verdicts


def in_order(rules: Iterable[SavedRule]) -> list[SavedRule]:
    """Return rules in the order in which they are looked at."""
    return sorted(rules, key=lambda saved: (saved.rule.priority, saved.id))


def claims(rule: Rule, words: Phrase) -> bool:
    """Return True for a rule that is meant for exactly these words, so that they are not a keyword of consent."""
    return rule.enabled and rule.match.kind is MatchKind.EXACT and words in map(normalise, rule.match.values)


def _excluded(saved: SavedRule, incoming: Incoming, *, any_matched: bool) -> str | None:
    rule, when = saved.rule, saved.rule.when
    if not rule.enabled:
        return "the rule is disabled"
    if saved.suspended is not None:
        return f"the rule is suspended: {saved.suspended}"
    if rule.trigger is not incoming.trigger:
        return f"the rule is for a {rule.trigger.value}"
    if when.unmatched and any_matched:
        return "an earlier rule matched"
    if when.modems and incoming.modem not in when.modems:
        return f"received by {incoming.modem}, not by {', '.join(when.modems)}"
    if when.known is not None and when.known is not incoming.known:
        return "the sender is not a contact" if when.known else "the sender is a contact"
    if when.groups and incoming.groups.isdisjoint(map(fold, when.groups)):
        return f"the sender is not in {', '.join(when.groups)}"
    if when.hours is not None and not when.hours.allows(incoming.weekday, incoming.local):
        return f"{incoming.local:%H:%M} in the sender's time zone is outside the hours"
    return None


async def _differs(saved: SavedRule, incoming: Incoming, search: Search) -> str | None:
    match = saved.rule.match
    if match.kind is MatchKind.ANY or incoming.trigger is not saved.rule.trigger.TEXT:
        return None
    if match.kind is MatchKind.REGEX:
        return await _searched(saved, incoming.text, search)
    if match.strict:
        found = any(_equals(match, value.split(), incoming.text.split()) for value in match.values)
    else:
        text = normalise(incoming.text)
        found = any(_equals(match, normalise(value), text) for value in match.values)
    return None if found else _difference(match)


async def _searched(saved: SavedRule, text: str, search: Search) -> str | None:
    for pattern in saved.rule.match.values:
        found = await search(saved, pattern, text)
        if found is None:
            return "its regular expression took too long"
        if found:
            return None
    return _difference(saved.rule.match)


def _equals(match: Match, wanted: Sequence[str], text: Sequence[str]) -> bool:
    size = len(wanted)
    if not size or (tuple(wanted) != tuple(text[:size]) and match.kind is not MatchKind.CONTAINS):
        return False
    if match.kind is MatchKind.EXACT:
        return len(text) - size <= match.trailing_words
    if match.kind is MatchKind.PREFIX:
        return True
    return any(tuple(text[at : at + size]) == tuple(wanted) for at in range(len(text) - size + 1))


def _difference(match: Match) -> str:
    words = " or ".join(f'"{value}"' for value in match.values)
    return {
        MatchKind.EXACT: f"the text is not {words}",
        MatchKind.PREFIX: f"the text does not begin with {words}",
        MatchKind.CONTAINS: f"the text does not contain {words}",
        MatchKind.REGEX: f"{words} finds nothing in the text",
    }.get(match.kind, "the text differs")
