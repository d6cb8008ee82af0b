"""Open questions over the whole way: the next text of a person sets a field of the contact."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.rig import Json, Rig, simulated

from gsmgw.client import ApiError
from hw_sim import Simulation

ANNA, BEN = "+4915112345671", "+4915112345672"


def texts(sim: Simulation, number: str = ANNA) -> list[str]:
    return [message.text for message in sim.phone(number).received]


async def ask(rig: Rig, text: str, field: str, number: str = ANNA, **rest: str) -> None:
    """Ask a person, and wait until the question is open."""
    cursor = (await rig.client.stats())["last_event"]
    await rig.client.send(number, text, ask={"field": field, **rest})  # type: ignore[typeddict-item]
    await rig.event(cursor, "question.asked", where=lambda event: event["data"]["number"] == number)


async def say(sim: Simulation, rig: Rig, text: str, *types: str, number: str = ANNA) -> Json:
    """Let a phone text the gateway, and return the first event of these types."""
    cursor = (await rig.client.stats())["last_event"]
    sim.send(from_=number, to="modem0", text=text)
    return await rig.event(cursor, *types, where=lambda found: found["data"].get("number") == number)


async def test_a_rule_asks_and_the_next_text_answers(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.put_field("party", "number")
        await rig.client.create_rule("All", [{"kind": "reply", "text": "What?"}], match={"kind": "any"}, priority=500)
        await rig.client.create_rule(
            "Book",
            [{"kind": "ask", "field": "party", "text": "How many?", "thanks": "A table for {{ party }}."}],
            match={"kind": "exact", "value": "BOOK"},
        )
        await say(sim, rig, "Book", "question.asked")
        await rig.until(lambda: texts(sim) == ["How many?"])
        answered = await say(sim, rig, "We are 4, thanks", "question.answered")
        assert answered["data"] == {"number": ANNA, "field": "party", "value": 4}
        assert (await rig.client.contact(ANNA))["fields"] == {"party": 4}
        await rig.until(lambda: len(texts(sim)) == 2, timeout_s=60)
        assert texts(sim)[1] == "A table for 4."
        # The question is over: rules look at the next text.
        matched = await say(sim, rig, "5", "rule.matched", "question.answered")
        assert matched["data"]["rule"] == "All"


async def test_an_answer_that_cannot_be_read_is_asked_for_once_more(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.put_field("size", "choice", choices=["Small", "Large"])
        await rig.client.create_rule("All", [{"kind": "tag", "tag": "seen"}], match={"kind": "any"})
        await rig.client.create_contact(ANNA, language="de")
        await ask(rig, "Which size?", "size")
        unreadable = await say(sim, rig, "the blue one", "question.unreadable", "rule.matched")
        assert unreadable["data"]["asked_again"] is True
        await rig.until(lambda: len(texts(sim)) == 2)
        assert "1 = Small, 2 = Large" in texts(sim)[1]
        assert texts(sim)[1].startswith("Ihre Antwort")
        assert [each["unreadable"] async for each in rig.client.questions()] == [1]
        given_up = await say(sim, rig, "blue!", "question.closed", "rule.matched")
        assert given_up["data"]["reason"] == "unreadable"
        assert [each async for each in rig.client.questions()] == []
        assert (await rig.client.contact(ANNA))["fields"] == {}
        assert (await say(sim, rig, "hello?", "rule.matched"))["data"]["rule"] == "All"


async def test_an_answer_claims_weak_words_and_never_strong_ones(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.put_field("wish", "text")
        await rig.client.put_field("party", "number")
        await rig.client.put_field("coming", "boolean")
        await ask(rig, "What shall we do?", "wish")
        answered = await say(sim, rig, "Cancel", "question.answered", "consent.changed")
        assert answered["data"]["field"] == "wish"
        await ask(rig, "Are you coming?", "coming")
        answered = await say(sim, rig, "Yes please", "question.answered", "consent.changed")
        assert answered["data"]["value"] is True
        # Not a number: nobody claims it, and it is an opt-out.
        await ask(rig, "How many are you?", "party")
        changed = await say(sim, rig, "CANCEL", "question.answered", "consent.changed")
        assert (changed["type"], changed["data"]["state"]) == ("consent.changed", "out")
        closed = await rig.event(0, "question.closed")
        assert (closed["data"]["field"], closed["data"]["reason"]) == ("party", "opted_out")
        await ask(rig, "What shall we do?", "wish", number=BEN)
        changed = await say(sim, rig, "STOP", "question.answered", "consent.changed", number=BEN)
        assert changed["data"]["state"] == "out"


async def test_what_may_be_asked_and_how_a_question_ends(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.put_field("wish", "text")
        with pytest.raises(ApiError, match="the field 'wihs' does not exist"):
            await rig.client.send(ANNA, "What?", ask={"field": "wihs"})
        results = await rig.client.send_many(
            [{"to": ANNA, "text": "What?", "ask": {"field": "nope"}}, {"to": ANNA, "text": "Fine"}]
        )
        assert ["id" in each for each in results] == [False, True]
        with pytest.raises(ApiError, match="no question"):
            await rig.client.close_question(ANNA)
        await ask(rig, "First?", "wish")
        await ask(rig, "Second?", "wish")
        assert (await rig.event(0, "question.closed"))["data"]["reason"] == "replaced"
        await rig.client.create_rule("Menu", [{"kind": "tag", "tag": "menu"}], match={"kind": "exact", "value": "MENU"})
        assert [each["number"] async for each in rig.client.questions()] == [ANNA]
        await rig.client.close_question(ANNA)
        matched = await say(sim, rig, "menu", "rule.matched", "question.answered")
        assert matched["data"]["rule"] == "Menu"


async def test_a_keyword_is_not_an_unreadable_answer(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.put_field("party", "number")
        await rig.client.create_rule("Menu", [{"kind": "tag", "tag": "menu"}], match={"kind": "exact", "value": "MENU"})
        await ask(rig, "How many are you?", "party", thanks="")
        matched = await say(sim, rig, "menu", "rule.matched", "question.unreadable")
        assert matched["type"] == "rule.matched"
        answered = await say(sim, rig, "three? no, 3", "question.answered", "question.unreadable")
        assert answered["data"]["value"] == 3
        assert texts(sim) == ["How many are you?"]
