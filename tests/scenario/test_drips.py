"""Drips over the whole way: enrolled people get one step after another, until they answer, stop or are removed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.rig import Json, Rig, simulated

from gsmgw.client import ApiError
from hw_sim import Simulation

ANNA, BEN, CARL = "+4915112345671", "+4915112345672", "+4915112345673"
AT_ONCE = {"late_hours": 24, "purpose": "transactional"}


def texts(sim: Simulation, number: str = ANNA) -> list[str]:
    return [message.text for message in sim.phone(number).received]


def steps(*pairs: tuple[str, str]) -> list[Json]:
    return [{"delay": delay, "text": text} for delay, text in pairs]


async def people(rig: Rig, name: str) -> dict[str, Json]:
    """Return where each person stands."""
    return {each["number"]: dict(each) async for each in rig.client.drip_people(name)}


async def test_a_drip_from_enrollment_to_its_end(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_contact(ANNA, name="Anna", groups=["New"])
        await rig.client.create_contact(BEN, name="Ben", groups=["New"])
        created = await rig.client.create_drip("Welcome", steps(("0m", "Hello {{ name }}"), ("0m", "Two"), ("1h", "3")))
        assert created["people"] == {"active": 0, "ended": {}}
        with pytest.raises(ApiError, match="exists already"):
            await rig.client.create_drip("welcome", steps(("0m", "again")))
        enrolled = await rig.client.enroll_in_drip("Welcome", [CARL], group="New")
        assert enrolled["enrolled"] == 3
        await rig.until(lambda: all(len(texts(sim, number)) == 2 for number in (ANNA, BEN)))
        assert texts(sim) == ["Hello Anna", "Two"]
        # Carl has no name: that step is left out, and the next one goes.
        await rig.until(lambda: texts(sim, CARL) == ["Two"])
        skipped = await rig.event(0, "drip.step", where=lambda event: "skipped" in event["data"])
        assert (skipped["data"]["number"], skipped["data"]["skipped"]) == (CARL, "no_text")
        stands = (await rig.client.contact_drips(ANNA))[0]
        assert (stands["drip"], stands["step"], stands["steps"], stands["reason"]) == ("Welcome", 3, 3, None)
        assert stands["due_at"] is not None
        assert (await rig.client.enroll_in_drip("Welcome", [ANNA]))["enrolled"] == 0
        await rig.client.remove_from_drip("Welcome", BEN)
        with pytest.raises(ApiError, match="is not active"):
            await rig.client.remove_from_drip("Welcome", BEN)
        assert (await people(rig, "Welcome"))[BEN]["reason"] == "removed"
        assert (await rig.client.drip("Welcome"))["people"] == {"active": 2, "ended": {"removed": 1}}
        paused = await rig.client.act_on_drip("Welcome", "pause")
        assert paused["paused"]
        with pytest.raises(ApiError, match="paused already"):
            await rig.client.act_on_drip("Welcome", "pause")
        await rig.client.act_on_drip("Welcome", "resume")
        assert await rig.client.delete_drip("Welcome") == {"ended": 2, "canceled": 0}
        assert await rig.client.drips() == []
        await asyncio.sleep(0)


async def test_an_answer_and_an_opt_out_end_a_drip_and_cancel_what_waits(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_drip("Tips", steps(("1h", "One")))
        await rig.client.create_drip("Orders", steps(("1h", "One")), ends_on_answer=False, purpose="transactional")
        for name in ("Tips", "Orders"):
            await rig.client.enroll_in_drip(name, [ANNA, BEN])
        for _ in range(4):
            await rig.event(0, "drip.enrolled")
        sim.send(from_=ANNA, to="modem0", text="thanks")
        ended = await rig.event(0, "drip.ended")
        assert ended["data"] == {"drip": "Tips", "number": ANNA, "reason": "answered"}
        assert (await people(rig, "Orders"))[ANNA]["reason"] is None
        sim.send(from_=BEN, to="modem0", text="STOP")
        for name in ("Tips", "Orders"):
            await rig.event(
                0, "drip.ended",
                where=lambda event, name=name: event["data"] == {"drip": name, "number": BEN, "reason": "opted_out"},
            )  # fmt: skip
        assert (await people(rig, "Orders"))[BEN]["reason"] == "opted_out"


async def test_a_rule_enrolls_each_person_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_drip("Course", steps(("0m", "Lesson 1")), ends_on_answer=False)
        await rig.client.create_rule(
            "Join", [{"kind": "enroll", "drip": "course"}], match={"kind": "exact", "value": "LEARN"}
        )
        with pytest.raises(ApiError, match="does not exist"):
            await rig.client.create_rule("Bad", [{"kind": "enroll", "drip": "nope"}])
        sim.send(from_=ANNA, to="modem0", text="learn")
        await rig.until(lambda: texts(sim) == ["Lesson 1"])
        sim.send(from_=ANNA, to="modem0", text="learn")
        suppressed = await rig.event(0, "rule.suppressed")
        assert (suppressed["data"]["action"], suppressed["data"]["reason"]) == ("enroll", "enrolled")
        # A person may enroll her again.
        assert (await rig.client.enroll_in_drip("Course", [ANNA]))["enrolled"] == 1
        await rig.until(lambda: texts(sim) == ["Lesson 1", "Lesson 1"])


async def test_who_did_not_answer_a_campaign_is_enrolled_at_its_end(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.put_field("coming", "boolean")
        await rig.client.create_drip("Again", steps(("0m", "Are you sure?")))
        sim.phone(BEN).switch_off()  # his text stays on the way, so that the campaign waits for Anna's answer
        campaign = await rig.client.create_campaign(
            "Party",
            {"numbers": [ANNA, BEN]},
            text="Are you coming?",
            ask={"field": "coming", "thanks": ""},
            drip="Again",
        )
        assert campaign["drip"] == "Again"
        await rig.client.start_campaign(campaign["id"])
        await rig.event(0, "question.asked", where=lambda event: event["data"]["number"] == ANNA)
        sim.send(from_=ANNA, to="modem0", text="yes")
        await rig.event(0, "question.answered")
        sim.phone(BEN).switch_on()
        await rig.until(lambda: "Are you sure?" in texts(sim, BEN))
        assert list(await people(rig, "Again")) == [BEN]
        assert texts(sim) == ["Are you coming?"]
