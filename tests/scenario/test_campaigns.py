"""Campaigns over the whole way: who gets a text, who is left out, and that nobody gets two."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.processes import Site, site, until
from support.rig import Json, Rig, simulated

from gsmgw.client import ApiError, Client

HOUR = 3_600_000


def number(at: int) -> str:
    return f"+491511{at:07d}"


async def people(rig: Rig, count: int, group: str = "All", **person: Any) -> None:
    await rig.client.create_group(group)
    await asyncio.gather(
        *(rig.client.create_contact(number(at), name=f"Name {at}", groups=[group], **person) for at in range(count))
    )


async def state(rig: Rig, campaign: str, wanted: str) -> Json:
    """Wait until a campaign is in a state."""
    event = await rig.event(
        0,
        "campaign.state_changed",
        where=lambda found: found["data"]["campaign"] == campaign and found["data"]["state"] == wanted,
    )
    assert event["data"]["state"] == wanted
    return await rig.client.campaign(campaign)


async def test_everybody_gets_the_text_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=2) as (sim, rig):
        await people(rig, 30)
        created = await rig.client.create_campaign(
            "Sale", {"groups": ["all"], "numbers": [number(5), number(99)]}, text='Hi {{ name | default: "you" }}'
        )
        assert (created["state"], created["counts"]["total"]) == ("draft", 0)
        review = await rig.client.review_campaign(created["id"])
        assert (review["recipients"], review["segments_total"], review["left_out"]) == (31, 31, {})
        assert review["samples"][0]["text"] == "Hi Name 0"
        await rig.client.start_campaign(created["id"])
        ended = await state(rig, created["id"], "finished")
        assert ended["counts"] == {
            "total": 31, "waiting": 0, "queued": 0, "sent": 31, "delivered": 31, "failed": 0, "unknown": 0,
            "skipped": 0, "replied": 0, "opted_out": 0,
        }  # fmt: skip
        texts = Counter(entry["to"] for entry in sim.submits)
        assert set(texts.values()) == {1}
        assert sim.phone(number(99)).received[0].text == "Hi you"
        assert sim.phone(number(7)).received[0].text == "Hi Name 7"
        (message,) = [each async for each in rig.client.messages(peer=number(7))]
        assert (message["purpose"], message["priority"]) == ("marketing", "bulk")


async def test_who_is_left_out_and_why(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (_, rig):
        await people(rig, 10)
        await rig.client.create_contact("+4989123456", name="Landline", groups=["All"])
        await rig.client.create_group("Blocked")
        await rig.client.add_to_group("Blocked", [number(1)])
        await rig.client.opt_out(number(2))
        await rig.client.change_contact(number(3), name=None)
        sent = await rig.client.send(number(4), "earlier", purpose="marketing")
        await rig.ended(sent["id"])
        created = await rig.client.create_campaign(
            "Sale", {"groups": ["All"]}, text="Hi {{ name }}", exclude={"groups": ["Blocked"], "numbers": [number(0)]}
        )
        wanted = {"excluded": 2, "opted_out": 1, "empty_field": 1, "recently_texted": 1, "landline": 1}
        review = await rig.client.review_campaign(created["id"])
        assert (review["left_out"], review["recipients"]) == (wanted, 5)
        await rig.client.start_campaign(created["id"])
        ended = await state(rig, created["id"], "finished")
        assert (ended["counts"]["skipped"], ended["counts"]["sent"]) == (6, 5)
        results = await rig.client.campaign_results(created["id"])
        assert results["skipped"] == wanted
        skipped = {
            each["number"]: each["reason"]
            async for each in rig.client.campaign_recipients(created["id"], state="skipped")
        }
        assert skipped == {
            number(0): "excluded", number(1): "excluded", number(2): "opted_out", number(3): "empty_field",
            number(4): "recently_texted", "+4989123456": "landline",
        }  # fmt: skip


async def test_who_says_stop_meanwhile_gets_no_text(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await people(rig, 40)
        created = await rig.client.create_campaign(
            "Sale", {"groups": ["All"]}, text="Hi {{ name }}", pace={"per_minute": 120}
        )
        await rig.client.start_campaign(created["id"])
        await rig.event(0, "message.sent")
        cursor = (await rig.client.stats())["last_event"]
        late = [each["number"] async for each in rig.client.campaign_recipients(created["id"], state="waiting")][-1]
        sim.send(from_=late, to="modem0", text="STOP")
        await rig.event(cursor, "consent.changed")
        current = await rig.client.campaign(created["id"])
        await rig.client.put_campaign(
            created["id"], "Sale", {"groups": ["All"]}, text="Hi {{ name }}", pace={"per_minute": None}
        )
        ended = await state(rig, created["id"], "finished")
        assert current["state"] == "running"
        assert ended["counts"]["skipped"] == 1
        assert "Hi" not in " ".join(message.text for message in sim.phone(late).received)


async def test_a_pause_takes_back_what_waits_and_a_resume_sends_it_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await people(rig, 60)
        created = await rig.client.create_campaign("Sale", {"groups": ["All"]}, text="Hi {{ name }}")
        await rig.gateway.modems["modem0"].settled()
        await rig.client.start_campaign(created["id"])
        await rig.event(0, "message.sent")
        paused = await rig.client.act_on_campaign(created["id"], "pause")
        assert paused["state"] == "paused"
        await asyncio.sleep(1)  # what the design allows a text in the modem
        sent = len(sim.submits)
        assert sent < 60
        await asyncio.sleep(1)  # nothing happens, for the time of several texts
        assert len(sim.submits) == sent
        assert (await rig.client.campaign(created["id"]))["counts"]["queued"] == 0
        await rig.client.act_on_campaign(created["id"], "resume")
        ended = await state(rig, created["id"], "finished")
        assert ended["counts"]["sent"] == 60
        assert set(Counter(entry["to"] for entry in sim.submits).values()) == {1}


async def test_a_canceled_campaign_sends_no_more(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await people(rig, 40)
        created = await rig.client.create_campaign("Sale", {"groups": ["All"]}, text="Hi", pace={"per_minute": 60})
        await rig.client.start_campaign(created["id"])
        await rig.event(0, "message.sent")
        canceled = await rig.client.act_on_campaign(created["id"], "cancel")
        assert canceled["state"] == "canceled"
        assert canceled["counts"]["waiting"] == 0
        with pytest.raises(ApiError) as raised:
            await rig.client.act_on_campaign(created["id"], "resume")
        assert raised.value.code == "wrong_state"
        await asyncio.sleep(1)  # nothing happens, for the time of several texts
        assert len(sim.submits) < 40


async def test_failures_pause_a_campaign_and_the_failed_can_be_texted_again(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await people(rig, 30)
        sim.modem("modem0").fault("cms-error", code=28)
        created = await rig.client.create_campaign("Sale", {"groups": ["All"]}, text="Hi {{ name }}")
        await rig.client.start_campaign(created["id"])
        paused = await state(rig, created["id"], "paused")
        assert "of the last 100 messages failed" in str(paused["reason"])
        assert paused["counts"]["failed"] >= 20
        sim.modem("modem0").faults.clear("cms-error")
        again = await rig.client.retry_campaign(created["id"])
        assert again["retried"] >= 20
        await rig.client.act_on_campaign(created["id"], "resume")
        ended = await state(rig, created["id"], "finished")
        assert (ended["counts"]["sent"], ended["counts"]["failed"]) == (30, 0)
        assert set(Counter(entry["to"] for entry in sim.submits).values()) == {1}


async def test_variants_are_shared_out_and_answers_counted(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await people(rig, 40)
        created = await rig.client.create_campaign(
            "Test", {"groups": ["All"]}, variants=[{"text": "A {{ name }}", "weight": 3}, {"text": "B {{ name }}"}]
        )
        await rig.client.start_campaign(created["id"])
        await state(rig, created["id"], "finished")
        cursor = (await rig.client.stats())["last_event"]
        sim.send(from_=number(3), to="modem0", text="thank you")
        await rig.event(cursor, "message.received")
        quiet = await rig.client.preview_segment('campaign = "test" and last_reply is empty')
        assert quiet["count"] == 39
        by_id = await rig.client.preview_segment(f'not campaign = "{created["id"]}"')
        assert by_id["count"] == 0
        with pytest.raises(ApiError, match="the campaign 'tset' does not exist; did you mean 'test'"):
            await rig.client.preview_segment('campaign = "tset"')
        results = await rig.client.campaign_results(created["id"])
        sent = [variant["sent"] for variant in results["variants"]]
        assert sum(sent) == 40
        assert sent[0] > sent[1] > 0
        assert sum(variant["replied"] for variant in results["variants"]) == 1
        assert results["counts"]["replied"] == 1


async def test_a_time_and_hours(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (_, rig):
        await people(rig, 3)
        later = await rig.client.create_campaign("Later", {"groups": ["All"]}, text="Hi")
        scheduled = await rig.client.start_campaign(later["id"], "2199-01-01T09:00:00+01:00")
        assert (scheduled["state"], scheduled["send_at"]) == ("scheduled", "2199-01-01T08:00:00.000Z")
        assert (await rig.client.act_on_campaign(later["id"], "cancel"))["state"] == "canceled"
        now = rig.gateway.clock.wall_ms()
        minute = now // 60_000 % 1440  # UTC; the numbers are in Germany, one or two hours ahead
        closed = f"{(minute // 60 + 4) % 24:02d}:00-{(minute // 60 + 5) % 24:02d}:00"
        hours = await rig.client.create_campaign("Hours", {"groups": ["All"]}, text="Hi", windows={"hours": closed})
        await rig.client.start_campaign(hours["id"])
        await rig.client.send(number(77), "an answer of the modem meanwhile")
        await rig.event(0, "message.sent")
        assert (await rig.client.campaign(hours["id"]))["counts"]["sent"] == 0
        await rig.client.put_campaign(hours["id"], "Hours", {"groups": ["All"]}, text="Hi")
        assert (await state(rig, hours["id"], "finished"))["counts"]["sent"] == 3


#: Bodies of campaigns that cannot work, and the place that is named.
WRONG: list[tuple[Json, str]] = [
    ({"audience": {"groups": ["None"]}, "text": "x"}, ""),
    ({"audience": {}, "text": "x"}, "/audience"),
    ({"audience": {"segment": "ctiy = 1"}, "text": "x"}, "/audience/segment"),
    ({"audience": {"numbers": [number(1)]}, "exclude": {"segment": "ctiy = 1"}, "text": "x"}, "/exclude/segment"),
    ({"audience": {"numbers": [number(1)]}, "variants": [{"text": "x"}, {"text": "{{ nmae }}"}]}, "/variants/1/text"),
    ({"audience": {"numbers": ["nobody"]}, "text": "x"}, "/audience/numbers/0"),
    ({"audience": {"numbers": [number(1)]}, "text": "Hi {{ nmae }}"}, "/text"),
    ({"audience": {"numbers": [number(1)]}}, ""),
    ({"audience": {"numbers": [number(1)]}, "text": "x", "modems": ["none"]}, "/modems"),
    ({"audience": {"numbers": [number(1)]}, "text": "x", "list": "none"}, "/list"),
    ({"audience": {"numbers": [number(1)]}, "text": "x", "windows": {"hours": "late"}}, "/windows/hours"),
]


async def test_a_campaign_that_cannot_work_is_refused(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (_, rig):
        for body, pointer in WRONG:
            with pytest.raises(ApiError) as raised:
                await rig.client.create_campaign("x", **body)
            assert raised.value.problem["status"] in (404, 422), body
            if pointer:
                assert pointer in [error["pointer"] for error in raised.value.problem["errors"]], body
        assert await rig.client.campaigns() == []


@pytest.mark.long
def test_a_campaign_survives_kills(tmp_path: Path) -> None:
    with site(tmp_path, 2, gateway="unknown_grace_s = 3.0") as place:
        with place.start() as client:
            client.create_group("All")
            for at in range(120):
                client.create_contact(number(at), name=f"Name {at}", groups=["All"])
            until(lambda: all(modem["state"] == "ready" for modem in client.modems()))
            campaign = client.create_campaign("Sale", {"groups": ["All"]}, text="Hi {{ name }}")["id"]
            client.start_campaign(campaign)
            _until_sent(place, 10)
        for sent in (40, 80):
            place.kill()
            with place.start():
                _until_sent(place, sent)
        place.kill()
        with place.start() as client:
            until(lambda: client.campaign(campaign)["counts"]["sent"] == 120, 120)  # reports may be lost with a kill
            counts = client.campaign(campaign)["counts"]
            doubtful = _doubtful(client)
        copies = Counter(entry["to"] for entry in place.submits())
        assert (counts["waiting"], counts["queued"], counts["failed"]) == (0, 0, 0)
        assert set(copies) == {number(at) for at in range(120)}
        twice = {to for to, count in copies.items() if count > 1}
        assert twice <= doubtful  # what was in a modem at a kill, without evidence
        assert len(twice) <= 6


def _until_sent(place: Site, count: int) -> None:
    until(lambda: len({entry["to"] for entry in place.submits()}) >= count)


def _doubtful(client: Client) -> set[str]:
    last = client.stats()["last_event"]
    found = set()
    for event in client.events(0):
        if event["type"] == "message.unknown":
            found.add(event["message_id"])
        if event["id"] >= last:
            break
    return {str(client.message(message_id)["to"]) for message_id in found}
