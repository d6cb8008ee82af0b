"""Which rules a received text meets, and why the others do not apply."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time

import pytest

from gsmgw.audience.consent.words import normalise
from gsmgw.automation.guards import (
    ANSWERS_IN_A_ROW,
    BUDGET,
    IDENTICAL_TEXTS,
    PAUSE_MS,
    Suppressed,
    Traffic,
    answer_at_ms,
    check_answer,
)
from gsmgw.automation.matching import claims, judge
from gsmgw.model.rules import (
    Action,
    ActionKind,
    Condition,
    Hours,
    Incoming,
    Match,
    MatchKind,
    Rule,
    SavedRule,
    Trigger,
)

ANNA = "+4915112345671"
REPLY = (Action(ActionKind.REPLY, "Thank you"),)
TEXT = Incoming(ANNA, "Discount", "office", 0, time(12, 0))


def saved(name: str, number: int = 1, suspended: str | None = None, **fields: object) -> SavedRule:
    return SavedRule(number, replace(Rule(name, actions=REPLY), **fields), suspended, 0, 0)


async def search(rule: SavedRule, pattern: str, text: str) -> bool | None:
    return None if pattern == "slow" else re.search(pattern, text, re.IGNORECASE) is not None


async def why_not(match: Match, text: str, **when: object) -> str | None:
    (verdict,) = await judge([saved("x", match=match, **when)], replace(TEXT, text=text), search)
    return verdict.why_not


def exact(*values: str, **options: object) -> Match:
    return replace(Match(MatchKind.EXACT, values), **options)


@pytest.mark.parametrize(
    ("match", "text", "matches"),
    [
        (exact("DISCOUNT"), "discount", True),
        (exact("DISCOUNT"), "  Discount!!! ", True),
        (exact("DISCOUNT"), "„Discount“ 😀", True),
        (exact("Menü"), "MENU", True),
        (exact("ΚΑΦΕΣ"), "καφές", True),
        (exact("DISCOUNT"), "discount please", False),
        (exact("DISCOUNT", trailing_words=1), "discount please", True),
        (exact("DISCOUNT", trailing_words=1), "discount for me", False),
        (exact("DISCOUNT", trailing_words=5), "no discount", False),
        (exact("JA", "YES"), "yes", True),
        (exact("table for two"), "Table for TWO.", True),
        (exact("DISCOUNT"), "discounts", False),
        (exact("Menu", strict=True), "menu", False),
        (exact("Menu", strict=True), "Menu", True),
        (Match(MatchKind.PREFIX, ("JOIN",)), "join Anna Müller", True),
        (Match(MatchKind.PREFIX, ("JOIN",)), "joined", False),
        (Match(MatchKind.PREFIX, ("JOIN",)), "please join", False),
        (Match(MatchKind.CONTAINS, ("pizza",)), "A large Pizza, please", True),
        (Match(MatchKind.CONTAINS, ("two pizzas",)), "I want two pizzas now", True),
        (Match(MatchKind.CONTAINS, ("pizza",)), "pizzas", False),
        (Match(MatchKind.REGEX, (r"^\w+ [0-9]{4}$",)), "Code 1234", True),
        (Match(MatchKind.REGEX, (r"^\w+ [0-9]{4}$",)), "Code 123", False),
        (Match(MatchKind.ANY), "whatever", True),
        (Match(MatchKind.ANY), "", True),
    ],
)
async def test_what_a_text_must_be(match: Match, text: str, matches: bool) -> None:
    assert (await why_not(match, text) is None) is matches


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (Condition(modems=("shop",)), "received by office, not by shop"),
        (Condition(known=True), "the sender is not a contact"),
        (Condition(groups=("VIP",)), "the sender is not in VIP"),
        (Condition(hours=Hours(time(13), time(18))), "12:00 in the sender's time zone is outside the hours"),
        (Condition(hours=Hours(time(0), time(0), (5, 6))), "outside the hours"),
    ],
)
async def test_a_condition_that_is_not_met_is_named(when: Condition, words: str) -> None:
    assert words in str(await why_not(Match(), "x", when=when))


@pytest.mark.parametrize(
    "when",
    [
        Condition(modems=("office",)),
        Condition(known=False),
        Condition(hours=Hours(time(8), time(18))),
        Condition(hours=Hours(time(18), time(13))),
        Condition(hours=Hours(time(0), time(0), (0,))),
    ],
)
async def test_a_condition_that_is_met(when: Condition) -> None:
    assert await why_not(Match(), "x", when=when) is None


async def test_groups_are_found_without_case() -> None:
    incoming = replace(TEXT, known=True, groups=frozenset({"vip"}))
    (verdict,) = await judge([saved("x", when=Condition(groups=("VIP",), known=True))], incoming, search)
    assert verdict.matches


async def test_the_smallest_priority_wins_and_the_others_say_so() -> None:
    rules = [
        saved("late", 1, priority=200),
        saved("early", 2, priority=10, match=exact("discount")),
        saved("off", 3, priority=1, enabled=False),
        saved("broken", 4, suspended="too slow", priority=2),
        saved("calls", 5, priority=3, trigger=Trigger.CALL),
    ]
    verdicts = await judge(rules, TEXT, search)
    assert [(each.rule.rule.name, each.why_not) for each in verdicts] == [
        ("off", "the rule is disabled"),
        ("broken", "the rule is suspended: too slow"),
        ("calls", "the rule is for a call"),
        ("early", None),
        ("late", 'the rule "early" comes first'),
    ]


async def test_a_rule_may_fall_through_and_one_for_nothing_matched_waits_for_the_others() -> None:
    first = saved("tag", 1, priority=1, fall_through=True, match=Match(MatchKind.CONTAINS, ("discount",)))
    rules = [first, saved("answer", 2, priority=2, match=exact("discount")), saved("else", 3, priority=3)]
    rules[2] = replace(rules[2], rule=replace(rules[2].rule, when=Condition(unmatched=True)))
    matched = [each.rule.rule.name for each in await judge(rules, TEXT, search) if each.matches]
    assert matched == ["tag", "answer"]
    hello = replace(TEXT, text="hello")
    assert [each.rule.rule.name for each in await judge(rules, hello, search) if each.matches] == ["else"]
    only_tag = [each.rule.rule.name for each in await judge([first, rules[2]], TEXT, search) if each.matches]
    assert only_tag == ["tag"]


async def test_a_slow_expression_does_not_match() -> None:
    assert await why_not(Match(MatchKind.REGEX, ("slow",)), "x") == "its regular expression took too long"


def test_only_exact_rules_claim_weak_words() -> None:
    assert claims(saved("x", match=exact("Yes")).rule, normalise("YES!"))
    assert not claims(saved("x", match=exact("Yes"), enabled=False).rule, normalise("YES!"))
    assert not claims(saved("x", match=Match(MatchKind.CONTAINS, ("yes",))).rule, normalise("yes"))
    assert not claims(saved("x").rule, normalise("yes"))


CALM = Traffic(0, 1, 0, None)


@pytest.mark.parametrize(
    ("number", "traffic", "reason"),
    [
        (ANNA, CALM, None),
        ("Bank", CALM, Suppressed.NOT_A_PERSON),
        ("12345", CALM, Suppressed.NOT_A_PERSON),
        ("+491700000001", CALM, Suppressed.OWN_SIM),
        (ANNA, replace(CALM, answers_in_a_row=ANSWERS_IN_A_ROW), Suppressed.ANSWERS_IN_A_ROW),
        (ANNA, replace(CALM, answers_in_a_row=ANSWERS_IN_A_ROW - 1), None),
        (ANNA, replace(CALM, identical_texts=IDENTICAL_TEXTS), Suppressed.IDENTICAL_TEXTS),
        (ANNA, replace(CALM, identical_texts=IDENTICAL_TEXTS - 1), None),
        (ANNA, replace(CALM, in_the_last_hour=BUDGET), Suppressed.BUDGET),
        (ANNA, replace(CALM, in_the_last_hour=BUDGET - 1), None),
        (ANNA, replace(CALM, in_the_last_hour=BUDGET, to_campaign=True), None),
        (ANNA, replace(CALM, answers_in_a_row=ANSWERS_IN_A_ROW, to_campaign=True), Suppressed.ANSWERS_IN_A_ROW),
    ],
)
def test_each_guard(number: str, traffic: Traffic, reason: Suppressed | None) -> None:
    assert check_answer(number, traffic, {"+491700000001"}) is reason


def test_a_second_answer_waits_ten_seconds() -> None:
    assert answer_at_ms(100_000, CALM) is None
    assert answer_at_ms(100_000, replace(CALM, last_ms=99_000)) == 99_000 + PAUSE_MS
    assert answer_at_ms(100_000, replace(CALM, last_ms=105_000)) == 115_000  # behind one that waits itself
    assert answer_at_ms(100_000, replace(CALM, last_ms=90_000)) is None
