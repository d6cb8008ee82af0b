"""The wizard and the pages of campaigns in the dashboard."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from support.page import Browser, add_user, fields_of, signed_in
from support.rig import Rig, make_config, running, simulated

ANNA, BORIS, CLARA = "+4915112345671", "+4915112345672", "+4915112345673"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    sections = {
        "modem": [{"name": "office", "port": "/dev/none"}, {"name": "shop", "port": "/dev/none2"}],
        "pool": [{"name": "city", "modems": ["office"]}],
    }
    async with running(make_config(tmp_path, {}, sections)) as found:
        yield found


@pytest.fixture
async def browser(rig: Rig) -> AsyncIterator[Browser]:
    await add_user(rig, "ann")
    await rig.client.put_field("city", "text")
    await rig.client.put_field("birthday", "date")
    await rig.client.create_contact(ANNA, name="Anna", fields={"city": "Ulm"}, groups=["regulars"])
    await rig.client.create_contact(BORIS, name="Boris", fields={"city": "Bonn"}, groups=["regulars", "staff"])
    async with signed_in(rig) as found:
        yield found


async def whole(rig: Rig, **more: Any) -> dict[str, Any]:
    """A draft that has a value in each field that can have one."""
    await rig.client.put_consent_list("news", keywords=["NEWS"])
    await rig.client.create_drip("after", [{"delay": "1d", "text": "Still there?"}])
    await rig.client.put_template("greeting", "Hello {{ name }}")
    earlier = await rig.client.create_campaign("earlier", {"numbers": [CLARA]}, text="x")
    rest: dict[str, Any] = {
        "variants": [{"text": "One\nline", "weight": 3}, {"text": "Two", "weight": 1}],
        "exclude": {
            "groups": ["staff"],
            "segment": 'city = "Bonn"',
            "numbers": [BORIS],
            "recent_hours": 0,
            "landlines": False,
            "unconfirmed": True,
            "max_segments": 3,
        },
        "list": "news",
        "windows": {"hours": "09:00-18:00", "days": ["mon", "fri"]},
        "pace": {"per_minute": 7},
        "modems": ["office", "shop"],
        "repeat": "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0",
        "time_zone": "Europe/Lisbon",
        "ask": {"field": "city", "hours": 5, "thanks": "Thank you", "again": ""},
        "drip": "after",
        **more,
    }
    audience: dict[str, Any] = {"groups": ["regulars"], "segment": 'city = "Ulm"'}
    if "date_trigger" not in more:
        audience |= {"numbers": [CLARA], "unanswered": earlier["id"]}
    made: dict[str, Any] = dict(await rig.client.create_campaign("Sale", audience, **rest))
    return made


def content(campaign: dict[str, Any]) -> dict[str, Any]:
    """A campaign without what a change of it changes."""
    return {name: value for name, value in campaign.items() if name != "changed_at"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"variants": [], "template": "greeting", "modems": [], "pool": "city", "ask": None},
        {
            "repeat": None,
            "time_zone": None,
            "date_trigger": {"field": "birthday", "at": "10:30", "days_before": -2, "yearly": True},
        },
        {"variants": [], "text": "Just one", "windows": {}, "pace": {}, "modems": [], "drip": None, "list": None},
    ],
)
async def test_no_value_is_lost_in_the_wizard(rig: Rig, browser: Browser, more: dict[str, Any]) -> None:
    """Through all steps, forth and back, with nothing changed."""
    draft = await whole(rig, **more)
    path = f"/campaigns/{draft['id']}/edit"
    page = (await browser.open(path)).text
    for step in ("text", "time", "audience", "time"):
        answer = await browser.send(path, **fields_of(page, "campaign"), action=f"step:{step}")
        assert answer.status_code == 200, re.findall('class="error"[^<]*<', answer.text)
        page = answer.text
    saved = await browser.send(path, **fields_of(page, "campaign"), action="save")
    assert saved.status_code == 303, re.findall('class="error".*', saved.text)
    assert content(dict(await rig.client.campaign(draft["id"]))) == content(draft)


async def test_a_campaign_from_the_first_step_to_the_review(rig: Rig, browser: Browser) -> None:
    page = (await browser.open("/campaigns/new")).text
    first = {**fields_of(page, "campaign"), "name": ["Sale"], "groups": ["regulars"]}
    page = (await browser.send("/campaigns/new", **first, action="step:text")).text
    second = {**fields_of(page, "campaign"), "variant": ["Hello {{ name }}"]}
    page = (await browser.send("/campaigns/new", **second, action="add")).text
    assert "Hello Anna" in page or "Hello Boris" in page  # as an example
    texts = {**fields_of(page, "campaign"), "variant": ["Hello {{ name }}", "Hi"], "weight": ["2", "1"]}
    page = (await browser.send("/campaigns/new", **texts, action="step:time")).text
    third = {**fields_of(page, "campaign"), "hours": ["09:00-20:00"], "repeat": ["every monday 09:00"]}
    bad = await browser.send("/campaigns/new", **{**third, "repeat": ["now and then"]}, action="save")
    assert 'id="repeat-error"' in bad.text
    assert "now and then" in bad.text
    done = await browser.send("/campaigns/new", **third, action="save")
    (made,) = await rig.client.campaigns()
    assert done.headers["location"] == f"/campaigns/{made['id']}?done=draft"
    assert made["audience"]["groups"] == ["regulars"]
    assert [(each["text"], each["weight"]) for each in made["variants"]] == [("Hello {{ name }}", 2), ("Hi", 1)]
    assert made["repeat"] == "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0"
    assert (made["exclude"]["landlines"], made["exclude"]["recent_hours"]) == (True, 24)
    review = (await browser.open(f"/campaigns/{made['id']}")).text
    assert "Next runs:" in review
    page = (await browser.open(f"/campaigns/{made['id']}/edit?step=text")).text
    less = await browser.send(f"/campaigns/{made['id']}/edit", **fields_of(page, "campaign"), action="remove:1")
    assert fields_of(less.text, "campaign")["variant"] == ["Hello {{ name }}"]


async def test_an_error_opens_the_step_of_its_field(browser: Browser) -> None:
    page = (await browser.open("/campaigns/new")).text
    first = {**fields_of(page, "campaign"), "name": ["Sale"], "groups": ["regulars"]}
    page = (await browser.send("/campaigns/new", **first, action="step:text")).text
    texts = {**fields_of(page, "campaign"), "variant": ["Hello", "Hello {{ nme }}"], "weight": ["1", "1"]}
    page = (await browser.send("/campaigns/new", **texts, action="step:time")).text
    bad = await browser.send("/campaigns/new", **fields_of(page, "campaign"), action="save")
    assert bad.status_code == 422
    assert 'id="variant-1-error"' in bad.text
    assert 'name="step" value="text"' in bad.text
    nobody = {**fields_of(bad.text, "campaign"), "variant": ["Hello"], "weight": ["1"], "groups": []}
    refused = await browser.send("/campaigns/new", **nobody, action="save")
    assert 'name="step" value="audience"' in refused.text
    assert 'id="groups-error"' in refused.text
    rows = {
        **fields_of(page, "campaign"),
        "without-mode": "visual",
        "without-node": ["0.0:row"],
        "without-0.0-field": "city",
        "without-0.0-check": "text:=",
        "without-0.0-value": "",
    }
    unfinished = await browser.send("/campaigns/new", **rows, action="step:time")
    assert 'id="without-error"' in unfinished.text
    assert 'name="step" value="audience"' in unfinished.text


async def test_without_javascript_a_page_asks(rig: Rig, browser: Browser) -> None:
    made = await rig.client.create_campaign("Sale", {"groups": ["regulars"]}, text="Hello")
    path = f"/campaigns/{made['id']}"
    await browser.open(path)
    asked = await browser.send(path, action="start", send_at="2099-01-01T10:00")
    assert "Start this campaign?" in asked.text
    assert '<input type="hidden" name="send_at" value="2099-01-01T10:00">' in asked.text
    assert (await rig.client.campaign(made["id"]))["state"] == "draft"
    await browser.send(path, action="start", send_at="2099-01-01T10:00", sure="1")
    assert (await rig.client.campaign(made["id"]))["state"] == "scheduled"


async def test_pace_and_hours_change_after_the_start(rig: Rig, browser: Browser) -> None:
    draft = await whole(rig)
    path = f"/campaigns/{draft['id']}"
    await browser.open(path)
    await browser.send(path, action="start", send_at="2099-01-01T10:00", sure="1")
    page = (await browser.open(path)).text
    assert "No run yet." in page
    bad = await browser.send(path, action="adjust", hours="nonsense", per_minute="30", pool="city")
    assert 'id="hours-error"' in bad.text
    form = {"hours": "10:00-12:00", "days": ["tue"], "per_minute": "30", "pool": "city"}
    done = await browser.send(path, action="adjust", **form)
    assert done.headers["location"] == f"{path}?done=saved"
    changed = await rig.client.campaign(draft["id"])
    assert changed["windows"] == {"hours": "10:00-12:00", "days": ["tue"]}
    assert (changed["pace"], changed["modems"], changed["pool"]) == ({"per_minute": 30}, [], "city")
    for name in ("audience", "exclude", "variants", "ask", "drip", "repeat", "time_zone", "list"):
        assert changed[name] == draft[name], name  # type: ignore[literal-required]


async def test_results_recipients_and_those_who_did_not_answer(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        await add_user(rig, "ann")
        for number in (ANNA, BORIS, CLARA):
            await rig.client.create_contact(number, groups=["all"])
        await rig.client.opt_out(CLARA)
        variants = [{"text": "Hello"}, {"text": "Hi"}]
        made = await rig.client.create_campaign("Sale", {"groups": ["all"]}, variants=variants)
        path = f"/campaigns/{made['id']}"
        await rig.client.start_campaign(made["id"])
        await rig.event(0, "campaign.state_changed", where=lambda event: event["data"]["state"] == "finished")
        async with signed_in(rig) as browser:
            page = (await browser.open(path)).text
            shown = unescape(re.findall("data-chart='(.*?)'", page)[0])
            assert '"values": [2, 0, 0, 0, 1, 0, 0]' in shown
            assert 'id="variants-chart"' in page
            assert f'href="/campaigns/new?unanswered={made["id"]}"' in page
            again = (await browser.open(f"/campaigns/new?unanswered={made['id']}")).text
            assert f'<option value="{made["id"]}" selected>Sale</option>' in again
            listed = (await browser.open(f"{path}/recipients")).text
            assert listed.count("<tr><th") == 4
            left = (await browser.open(f"{path}/recipients?state=skipped&reason=opted_out")).text
            assert left.count("<tr><th") == 2
            assert "Nothing found" in (await browser.open(f"{path}/recipients?state=waiting")).text
            sent = (await browser.open(f"{path}/recipients?state=delivered")).text
            assert sent.count("<tr><th") == 3
            assert '<option value="delivered" selected>' in sent
            assert "Nothing found" in (await browser.open(f"{path}/recipients?state=failed")).text
            table = await browser.open(f"{path}/export")
            assert table.headers["content-disposition"] == 'attachment; filename="recipients.csv"'
            assert ANNA in table.text


async def test_campaigns_are_listed_page_by_page(rig: Rig, browser: Browser) -> None:
    for at in range(55):
        await rig.client.create_campaign(f"c{at:02}", {"numbers": [CLARA]}, text="x")
    first = await rig.client.campaign_page(limit=50)
    assert [each["name"] for each in first["data"][:2]] == ["c54", "c53"]
    rest = await rig.client.campaign_page(limit=50, cursor=first["next_cursor"])
    assert ([each["name"] for each in rest["data"]], rest["next_cursor"]) == (["c04", "c03", "c02", "c01", "c00"], None)
    assert len(await rig.client.campaigns()) == 55
    page = (await browser.open("/campaigns")).text
    assert page.count('<th scope="row">') == 50
    older = page.partition('<nav class="pager"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert (await browser.open(older)).text.count('<th scope="row">') == 5
    await rig.client.start_campaign(first["data"][0]["id"], "2099-01-01T10:00:00Z")
    assert (await browser.open("/campaigns?state=scheduled")).text.count('<th scope="row">') == 1
    assert "No campaign is in this state." in (await browser.open("/campaigns?state=paused")).text
    wrong = await rig.http.get("/v1/campaigns", params={"cursor": "?"})
    assert (wrong.status_code, wrong.json()["errors"][0]["parameter"]) == (422, "cursor")
