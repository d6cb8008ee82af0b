"""Statistics, and what the overview says about the queue, the modems and what a person has to decide."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.page import Browser, add_user, fragment, signed_in
from support.rig import Rig, make_config, running, simulated

from gsmgw.daemon.settings import limits_of
from gsmgw.ports import RawPdu

ANNA = "+4915112345671"


@pytest.fixture
async def quiet(tmp_path: Path) -> AsyncIterator[tuple[Rig, Browser]]:
    """A gateway without a modem."""
    async with running(make_config(tmp_path, {}, currency="EUR")) as rig:
        await add_user(rig, "ann", time_zone="Europe/Berlin")
        async with signed_in(rig) as browser:
            yield rig, browser


async def test_what_was_sent_by_each_dimension(tmp_path: Path) -> None:
    prices = {"price": [{"country": "DE", "per_segment": 0.07}]}
    async with simulated(tmp_path, 1, prices, currency="EUR") as (_, rig):
        await add_user(rig, "ann", time_zone="Europe/Berlin")
        for text in ("One", "Two"):
            sent = await rig.client.send(ANNA, text, tags=["<orders>"])
            await rig.ended(sent["id"])
        async with signed_in(rig) as browser:
            page = (await browser.open("/statistics")).text
            assert 'id="sent-chart"' in page
            assert page.count('<th scope="row">') >= 30  # each day, also those in which nothing happened
            assert "100% of the texts with a known end arrived" in page
            assert "Cost: €0.14." in page
            for by, name in (
                ("modem", "modem0"),
                ("country", "Germany"),
                ("tag", "&lt;orders&gt;"),
            ):
                shown = (await browser.open("/statistics", params={"by": by})).text
                assert f'<th scope="row">{name}</th>' in shown, by
            hours = (await browser.open("/statistics?by=hour")).text
            assert hours.count('<td class="num" data-label="Sent">2</td>') == 1
            assert "Nothing happened" in (await browser.open("/statistics?by=campaign")).text


async def test_a_campaign_is_named(quiet: tuple[Rig, Browser]) -> None:
    _, browser = quiet
    assert "Nothing happened in this span" in (await browser.open("/statistics?by=campaign")).text


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("since=yesterday", "since", "not a valid date"),
        ("until=2026-13-01", "until", "not a valid date"),
        ("since=2026-11-02&until=2026-11-01", "since", "after the last one"),
        ("since=0001-01-01&until=9999-12-31", "since", ""),
        ("since=2001-01-01&until=2026-11-01", "since", "at most 1100 days"),
        ("since=2026-01-01&until=2026-11-01&by=hour", "since", "at most 62 days"),
    ],
)
async def test_a_wrong_span_is_an_error_beside_its_field(
    quiet: tuple[Rig, Browser], query: str, field: str, words: str
) -> None:
    _, browser = quiet
    response = await browser.open(f"/statistics?{query}")
    assert response.status_code == 422
    assert f'id="{field}-error"' in response.text
    assert words in response.text


async def test_when_the_queue_will_be_empty(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        section = rig.gateway.config.modem[0].limits.model_copy(update={"per_hour": 1})
        rig.gateway.scheduler.change_limits("modem0", limits_of(section), 1.0)
        assert (await rig.client.stats())["queue_done_at"] is None
        cursor = (await rig.client.stats())["last_event"]
        for _ in range(3):
            await rig.client.send(ANNA, "Hello")
        await rig.event(cursor, "message.sent")
        stats = await rig.client.stats()
        assert stats["queue_done_at"] is not None
        await add_user(rig, "ann")
        async with signed_in(rig) as browser:
            page = (await browser.open("/")).text
            assert "all sent at about" in page
            assert "1 of 1 segments in 1 hour" in page
            await rig.client.modem("modem0", "disable")
            assert (await rig.client.stats())["queue_done_at"] is None
            shown = await fragment(browser, "state:")
            assert "they wait until a modem works" in shown


async def test_what_a_person_has_to_decide(quiet: tuple[Rig, Browser]) -> None:
    rig, browser = quiet
    await rig.gateway.collector.take(RawPdu(modem="m0", sim="sim", pdu="0791"))
    assert "A received text could not be decoded." in (await browser.open("/")).text


async def test_the_balance_of_a_modem(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        answer = await rig.client.modem("modem0", "ussd", {"code": "*100#"})
        assert answer["answer"]
        (modem,) = await rig.client.modems()
        assert modem["last_ussd"] is not None
        assert (modem["last_ussd"]["code"], modem["last_ussd"]["answer"]) == ("*100#", answer["answer"])
        await add_user(rig, "ann")
        async with signed_in(rig) as browser:
            assert "<kbd>*100#</kbd>" in (await browser.open("/")).text
