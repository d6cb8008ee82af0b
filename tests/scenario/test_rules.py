"""Keyword rules over the whole way: a phone texts, the rules act, the guards keep it from running in circles."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.processes import site, until
from support.rig import Json, Rig, simulated

from gsmgw.client import ApiError, Client
from hw_sim import Simulation

ANNA, BEN, STAFF = "+4915112345671", "+4915112345672", "+4915112345679"


async def say(sim: Simulation, rig: Rig, text: str, number: str = ANNA, modem: str = "modem0") -> Json:
    """Let a phone text the gateway, and return the event of what the rules did."""
    cursor = (await rig.client.stats())["last_event"]
    sim.send(from_=number, to=modem, text=text)
    return await rig.event(cursor, "rule.matched", where=lambda found: found["data"]["number"] == number)


def texts(sim: Simulation, number: str = ANNA) -> list[str]:
    """The texts that a phone got."""
    return [message.text for message in sim.phone(number).received]


def reply(text: str) -> list[Json]:
    return [{"kind": "reply", "text": text}]


def exact(*values: str) -> Json:
    return {"kind": "exact", "value": list(values)}


async def test_a_keyword_is_answered_through_the_sim_that_was_texted(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=2) as (sim, rig):
        await rig.client.put_field("party", "number")
        await rig.client.create_group("Regulars")
        await rig.client.create_rule(
            "Discount",
            [
                *reply('Hello {{ name | default: "there" }}, your code is {{ rest }}-10'),
                {"kind": "group_add", "group": "regulars"},
                {"kind": "set_field", "field": "party", "value": "{{ rest }}"},
                {"kind": "tag", "tag": "discount"},
                {"kind": "hook", "name": "till"},
                {"kind": "forward", "to": STAFF},
            ],
            match={"kind": "prefix", "value": "DISCOUNT"},
        )
        matched = await say(sim, rig, "Discount 4", modem="modem1")
        assert matched["data"]["actions"] == ["reply", "group_add", "set_field", "tag", "hook", "forward"]
        await rig.until(lambda: len(texts(sim)) == 1 and len(texts(sim, STAFF)) == 1)
        assert texts(sim) == ["Hello there, your code is 4-10"]
        assert texts(sim, STAFF) == [f"{ANNA}: Discount 4"]
        answer = await rig.client.message(matched["data"]["answer"])
        assert (answer["modem"], answer["purpose"]) == ("modem1", "conversation")
        contact = await rig.client.contact(ANNA)
        assert (contact["groups"], contact["fields"]) == (["Regulars"], {"party": 4})
        assert (await rig.client.message(matched["message_id"]))["tags"] == ["discount"]
        hook = await rig.event(0, "rule.hook")
        assert hook["data"] == {"name": "till", "rule": "Discount", "number": ANNA, "text": "Discount 4"}


async def test_what_a_rule_says_about_consent(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.put_consent_list("news")
        await rig.client.create_rule(
            "Join", [{"kind": "start", "list": "news"}, *reply("Welcome")], match=exact("COUNT ME IN")
        )
        await rig.client.create_rule("Leave", [{"kind": "stop"}, *reply("never sent")], match=exact("FAREWELL"))
        await say(sim, rig, "count me in!")
        person = await rig.client.consent(ANNA)
        assert [(each["list"], each["state"]) for each in person["lists"]] == [("news", "in")]
        await rig.until(lambda: texts(sim) == ["Welcome"])
        await say(sim, rig, "farewell")
        suppressed = await rig.event(0, "rule.suppressed")
        assert (suppressed["data"]["action"], suppressed["data"]["reason"]) == ("reply", "opted_out")
        assert texts(sim) == ["Welcome"]


async def test_consent_comes_first_and_an_exact_rule_claims_weak_words(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_rule("All", reply("Thank you"), match={"kind": "any"})
        await rig.client.create_rule("Order", reply("Canceled your order"), match=exact("CANCEL"), priority=1)
        cursor = (await rig.client.stats())["last_event"]
        sim.send(from_=BEN, to="modem0", text="STOP")
        await rig.event(cursor, "consent.changed")
        matched = await say(sim, rig, "Cancel")
        assert matched["data"]["rule"] == "Order"
        await rig.until(lambda: texts(sim) == ["Canceled your order"])
        rules = [event["data"]["number"] async for event in _until_now(rig, "rule.matched")]
        assert rules == [ANNA]


async def _until_now(rig: Rig, *types: str) -> AsyncIterator[Json]:
    """Yield the events of these types up to now."""
    last = (await rig.client.stats())["last_event"]
    cursor = await rig.client.send(STAFF, "end of the log")
    async for event in rig.client.events(0, types=(*types, "message.queued")):
        if event["id"] > last and event["message_id"] == cursor["id"]:
            return
        if event["type"] in types:
            yield event


async def test_answers_end_after_five_until_a_person_writes(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_rule("All", reply("I am a machine"), match={"kind": "any"})
        for number in range(5):
            assert (await say(sim, rig, f"question {number}"))["data"]["actions"] == ["reply"]
        assert (await say(sim, rig, "question 5"))["data"]["actions"] == []
        suppressed = await rig.event(0, "rule.suppressed")
        assert suppressed["data"]["reason"] == "answers_in_a_row"
        assert (await say(sim, rig, "hello", number=BEN))["data"]["actions"] == ["reply"]
        await rig.client.send(ANNA, "a person writes")
        assert (await say(sim, rig, "question 6"))["data"]["actions"] == ["reply"]


async def test_two_answers_are_ten_seconds_apart(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_rule("All", reply("I am a machine"), match={"kind": "any"})
        first = await rig.client.message((await say(sim, rig, "one"))["data"]["answer"])
        second = await rig.client.message((await say(sim, rig, "two"))["data"]["answer"])
        assert first["send_at"] is None
        assert second["send_at"] is not None
        assert second["send_at"] > first["created_at"]


async def test_the_third_identical_text_in_an_hour_is_not_answered(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_rule("All", reply("I am a machine"), match={"kind": "any"})
        out_of_office = "I am out of the office until Monday."
        assert (await say(sim, rig, out_of_office))["data"]["actions"] == ["reply"]
        assert (await say(sim, rig, out_of_office))["data"]["actions"] == ["reply"]
        assert (await say(sim, rig, out_of_office + "!"))["data"]["actions"] == []
        assert (await rig.event(0, "rule.suppressed"))["data"]["reason"] == "identical_texts"


async def test_names_and_our_own_sims_are_never_answered(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=2) as (sim, rig):
        await rig.client.create_rule("All", reply("I am a machine"), match={"kind": "any"})
        assert (await say(sim, rig, "Your parcel", number="DHL"))["data"]["actions"] == []
        assert (await rig.event(0, "rule.suppressed"))["data"]["reason"] == "not_a_person"
        own = rig.gateway.modems["modem0"].status.number
        assert own is not None
        cursor = (await rig.client.stats())["last_event"]
        await rig.client.send(own, "from one SIM to another", modem="modem1")
        suppressed = await rig.event(cursor, "rule.suppressed")
        assert suppressed["data"]["reason"] == "own_sim"


async def test_an_empty_field_keeps_an_answer_from_being_sent(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_rule("All", reply("Hello {{ name }}"), match={"kind": "any"})
        assert (await say(sim, rig, "hello"))["data"]["actions"] == []
        suppressed = (await rig.event(0, "rule.suppressed"))["data"]
        assert suppressed["reason"] == "empty_field"
        assert 'the field "name" is empty' in suppressed["detail"]


async def test_a_slow_expression_is_suspended_after_three_texts(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_rule("Slow", reply("x"), match={"kind": "regex", "value": "(a+)+$"}, priority=1)
        await rig.client.create_rule("All", reply("Thank you"), match={"kind": "any"})
        for number in range(3):
            assert (await say(sim, rig, "a" * 40 + f"!{number}"))["data"]["rule"] == "All"
        suspended = await rig.event(0, "rule.suspended")
        assert suspended["data"]["rule"] == "Slow"
        rule = await rig.client.rule("Slow")
        assert rule["suspended"] == "its regular expression took too long 3 times"
        await rig.client.put_rule("Slow", rule["actions"], match={"kind": "regex", "value": "a$"})
        assert (await rig.client.rule("Slow"))["suspended"] is None


#: Bodies of rules that cannot work, and the place that is named.
WRONG: list[tuple[Json, str]] = [
    ({"actions": reply("x"), "match": {"kind": "exact"}}, "/match/value"),
    ({"actions": reply("x"), "match": {"kind": "exact", "value": "!!!"}}, "/match/value"),
    ({"actions": reply("x"), "match": {"kind": "regex", "value": "("}}, "/match/value"),
    ({"actions": reply("x"), "match": {"kind": "any", "value": "x"}}, "/match/value"),
    ({"actions": reply("Hi {{ nmae }}")}, "/actions/0/text"),
    ({"actions": [{"kind": "forward", "to": "nobody"}]}, "/actions/0/to"),
    ({"actions": [{"kind": "group_add", "group": "none"}]}, "/actions/0/group"),
    ({"actions": [{"kind": "set_field", "field": "none", "value": "x"}]}, "/actions/0/field"),
    ({"actions": [{"kind": "stop", "list": "none"}]}, "/actions/0/list"),
    ({"actions": [{"kind": "dance"}]}, "/actions/0"),
    ({"actions": [{"kind": "tag", "tagg": "x"}]}, "/actions/0/tagg"),
    ({"actions": [{"kind": "tag"}]}, "/actions/0/tag"),
    ({"actions": []}, "/actions"),
    ({"actions": reply("x"), "when": {"hours": "late"}}, "/when/hours"),
    ({"actions": reply("x"), "when": {"modems": ["none"]}}, "/when/modems"),
    ({"actions": reply("x"), "when": {"groups": ["none"]}}, "/when/groups"),
    ({"actions": reply("x"), "trigger": "call", "match": {"kind": "exact", "value": "x"}}, "/match"),
]


async def test_a_rule_that_cannot_work_is_refused_with_its_place(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (_, rig):
        for body, pointer in WRONG:
            with pytest.raises(ApiError) as raised:
                await rig.client.create_rule("x", **body)
            assert pointer in [error["pointer"] for error in raised.value.problem["errors"]], body
        assert await rig.client.rules() == []


async def test_the_test_says_what_a_text_would_do_and_why_other_rules_would_not(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_contact(ANNA, name="Anna")
        await rig.client.create_rule("Hello", reply("Hello {{ name }}"), match=exact("hello"), priority=1)
        await rig.client.create_rule("Late", reply("closed"), when={"hours": "20:00-06:00"}, priority=2)
        await rig.client.create_rule("All", reply("Thank you"), priority=3)
        trial = await rig.client.try_rules(ANNA, "HELLO!", at="2026-12-24T12:00:00+01:00")
        assert trial == {
            "consent": None,
            "rule": "Hello",
            "question": None,
            "actions": [{"rule": "Hello", "kind": "reply", "text": "Hello Anna"}],
            "others": [
                {"rule": "Late", "why_not": 'the rule "Hello" comes first'},
                {"rule": "All", "why_not": 'the rule "Hello" comes first'},
            ],
        }
        trial = await rig.client.try_rules(ANNA, "what?", at="2026-12-24T12:00:00+01:00")
        assert trial["rule"] == "All"
        assert trial["others"] == [
            {"rule": "Hello", "why_not": 'the text is not "hello"'},
            {"rule": "Late", "why_not": "12:00 in the sender's time zone is outside the hours"},
        ]
        assert (await rig.client.try_rules(ANNA, "what?", at="2026-12-24T22:00:00+01:00"))["rule"] == "Late"
        assert (await rig.client.try_rules(ANNA, "STOP"))["consent"] == "stop"
        assert texts(sim) == []


async def test_a_missed_call_is_answered(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_rule("Call back", reply("We call you back"), trigger="call")
        cursor = (await rig.client.stats())["last_event"]
        voice = sim.modem("modem0").voice
        assert voice.ring(ANNA)
        voice.ended_by_peer()
        await rig.event(cursor, "rule.matched")
        await rig.until(lambda: texts(sim) == ["We call you back"])


@pytest.mark.long
def test_each_text_is_answered_once_however_often_the_gateway_dies(tmp_path: Path) -> None:
    senders = [f"+4915112345{n:03d}" for n in range(12)]
    with site(tmp_path, 1) as place:
        with place.start() as client:
            client.create_rule("All", reply("Thank you"), match={"kind": "any"})
            until(lambda: client.modems()[0]["state"] == "ready")
        for round_number in range(3):
            for sender in senders[round_number * 4 : round_number * 4 + 4]:
                control = [
                    "hw_sim",
                    "send",
                    "--control",
                    str(place.control),
                    "--from",
                    sender,
                    "--to",
                    "modem0",
                    "hello",
                ]
                subprocess.run([sys.executable, "-m", *control], check=True, capture_output=True)
            place.kill()
            with place.start() as client:
                until(lambda: client.modems()[0]["state"] == "ready")
        with Client(place.socket) as client:
            until(lambda: not client.stats()["messages"] and len(place.submits()) >= len(senders), 120)
        answered = sorted(entry["to"] for entry in place.submits())
        assert answered == senders


async def test_a_rule_does_not_answer_when_it_could_not_set_a_field(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.put_field("party", "number")
        await rig.client.create_rule(
            "Table",
            [*reply("A table for {{ rest }}"), {"kind": "set_field", "field": "party", "value": "{{ rest }}"}],
            match={"kind": "prefix", "value": "TABLE"},
        )
        assert (await say(sim, rig, "table four"))["data"]["actions"] == []
        reasons = [event["data"]["reason"] async for event in _until_now(rig, "rule.suppressed")]
        assert reasons == ["not_set", "no_value"]
        assert texts(sim) == []
        assert (await say(sim, rig, "table 4"))["data"]["actions"] == ["reply", "set_field"]
        await rig.until(lambda: texts(sim) == ["A table for 4"])
