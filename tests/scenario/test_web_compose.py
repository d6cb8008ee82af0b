"""Writing texts in the dashboard: to lists, groups and segments, with fields, after a look at what it costs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.page import Browser, add_user, signed_in
from support.rig import Rig, make_config, running

ANNA, BORIS, CLARA = "+4915112345671", "+4915112345672", "+4915112345673"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    sections = {
        "price": [{"country": "DE", "per_segment": 0.075}],
        "modem": [{"name": "office", "port": "/dev/none"}],
        "pool": [{"name": "city", "modems": ["office"]}],
    }
    async with running(make_config(tmp_path, {}, sections, currency="EUR")) as found:
        yield found


@pytest.fixture
async def browser(rig: Rig) -> AsyncIterator[Browser]:
    await add_user(rig, "ann")
    await rig.client.put_field("city", "text")
    await rig.client.create_contact(ANNA, name="Anna", fields={"city": "Ulm"}, groups=["regulars"])
    await rig.client.create_contact(BORIS, name="Boris", fields={"city": "Bonn"}, groups=["regulars"])
    async with signed_in(rig) as found:
        await found.open("/compose")
        yield found


async def sent(rig: Rig) -> list[tuple[str | None, str | None]]:
    """Number and text of all messages, the oldest first."""
    return [(each["to"], each["text"]) for each in reversed((await rig.client.page(direction="outbound"))["data"])]


async def test_a_pasted_list_and_what_it_costs(rig: Rig, browser: Browser) -> None:
    pasted = f'{ANNA};{BORIS}\t"{CLARA}" {ANNA}\n\n0151 12345674'
    seen = await browser.send("/compose", to=pasted, text="Hello", action="check")
    assert "<dt>People</dt><dd>4</dd>" in seen.text
    assert "<dt>Cost</dt><dd>€0.30</dd>" in seen.text
    assert await sent(rig) == []
    await browser.send("/compose", to=pasted, text="Hello", modem="pool:city", action="send", key="k1")
    messages = (await rig.client.page(direction="outbound"))["data"]
    assert {each["to"] for each in messages} == {ANNA, BORIS, CLARA, "+4915112345674"}
    assert {each["pool"] for each in messages} == {"city"}


async def test_fields_are_filled_in_for_each(rig: Rig, browser: Browser) -> None:
    form = {"to": f"{ANNA}, {BORIS}", "text": "Hello {{ name }}"}
    first = await browser.send("/compose", **form, action="check")
    assert "Hello Anna</p>" in first.text
    second = await browser.send("/compose", **form, action="next", at="0")
    assert "Hello Boris</p>" in second.text
    assert '<input type="hidden" name="at" value="1">' in second.text
    empty = await browser.send("/compose", to=f"{ANNA}\n{CLARA}", text="Hello {{ name }}", action="send")
    assert empty.status_code == 422
    assert f'id="text-error">{CLARA}: ' in empty.text
    assert await sent(rig) == []
    await browser.send("/compose", **form, action="send")
    assert await sent(rig) == [(ANNA, "Hello Anna"), (BORIS, "Hello Boris")]


async def test_a_group_becomes_a_campaign(rig: Rig, browser: Browser) -> None:
    form: dict[str, Any] = {"groups": ["regulars"], "text": "Hello {{ name }}", "modem": "office"}
    seen = await browser.send("/compose", **form, action="check")
    assert "becomes a campaign" in seen.text
    assert "1 / 2" in seen.text
    made = await browser.send("/compose", **form, send_at="2099-01-01T10:00", action="send")
    assert "send_at=2099-01-01T10%3A00" in made.headers["location"]
    (draft,) = await rig.client.campaigns()
    assert (draft["audience"]["groups"], draft["state"], draft["modems"]) == (["regulars"], "draft", ["office"])
    page = (await browser.open(made.headers["location"])).text
    assert 'value="2099-01-01T10:00"' in page
    assert "Nothing was sent yet." in page
    assert await sent(rig) == []


async def test_a_segment_from_rows(rig: Rig, browser: Browser) -> None:
    rows = {
        "segment-mode": "visual",
        "segment-node": ["0.0:row"],
        "segment-0.0-field": "city",
        "segment-0.0-check": "text:=",
        "segment-0.0-value": "Ulm",
        "text": "Hello",
    }
    more = await browser.send("/compose", **rows, action="build:segment:add:0")
    assert 'value="0.1:row"' in more.text
    assert ">Hello</textarea>" in more.text
    assert "1 contact fulfils this condition." in more.text
    text = await browser.send("/compose", **rows, action="build:segment:text:0")
    assert "city = &#34;Ulm&#34;</textarea>" in text.text
    back = await browser.send("/compose", text="Hello", segment='city = "Ulm"', action="build:segment:visual:0")
    assert 'name="segment-0.0-value" value="Ulm"' in back.text
    blank = await browser.send("/compose", **{**rows, "segment-0.0-value": ""}, action="send")
    assert blank.status_code == 422
    assert "A condition has no value yet." in blank.text
    await browser.send("/compose", **rows, action="send")
    assert (await rig.client.campaigns())[0]["audience"]["segment"] == 'city = "Ulm"'


async def test_an_error_stands_under_its_column(browser: Browser) -> None:
    wrong = await browser.send("/compose", text="Hello", segment='city = "Ulm" and ctiy = 1', action="send")
    assert wrong.status_code == 422
    assert "did you mean &#39;city&#39;" in wrong.text
    assert f"\n{' ' * 17}^</pre>" in wrong.text
    token = wrong.text.partition('name="form_token" value="')[2].partition('"')[0]
    form = {"form_token": token, "builder": "segment", "segment": 'city = "Ulm"', "segment-mode": "text"}
    part = await browser.http.post("/segments/build", data=form)
    assert part.text.startswith('<div id="segment-builder"')
    assert "1 contact fulfils this condition." in part.text


async def test_text_me_first(rig: Rig, browser: Browser) -> None:
    form = {"to": ANNA, "text": "Hello {{ name }}", "action": "me", "key": "k1", "send_at": "2099-01-01T10:00"}
    assert 'id="me-error"' in (await browser.send("/compose", **form)).text
    assert 'id="me-error"' in (await browser.send("/compose", **form, me="nonsense")).text
    for _ in range(2):  # a double click
        done = await browser.send("/compose", **form, me=CLARA)
        assert "A test is on its way to you." in done.text
    (message,) = (await rig.client.page(direction="outbound"))["data"]
    assert (message["to"], message["text"], message["tags"]) == (CLARA, "Hello Anna", ["test"])
    assert message["send_at"] is None


async def test_a_template_is_taken_over(rig: Rig, browser: Browser) -> None:
    await rig.client.put_template("greeting", "Hello {{ name }} from {{ city }}")
    taken = await browser.send("/compose", to=ANNA, template="greeting", action="template")
    assert "Hello {{ name }} from {{ city }}</textarea>" in taken.text
    assert f">{ANNA}</textarea>" in taken.text
    token = taken.text.partition('name="form_token" value="')[2].partition('"')[0]
    meter = await browser.http.post(
        "/compose/meter", data={"form_token": token, "text": "Hello {{ name }}", "to": f"{BORIS}, {ANNA}"}
    )
    assert "Hello Boris" in meter.text


async def test_the_gateway_tells_costs_and_pools(rig: Rig) -> None:
    """The API gives everybody the facts that the page shows."""
    messages = [{"to": ANNA, "text": "x" * 200}, {"to": "+33612345678", "text": "x"}]
    german, french = await rig.client.preview_many(messages)
    assert (german.get("cost"), german.get("currency")) == (0.15, "EUR")
    assert (french.get("cost"), french.get("currency")) == (None, "EUR")
    assert [(each["name"], each["pools"]) for each in await rig.client.modems()] == [("office", ["city"])]
    seen = await rig.client.preview_segment(tree={"field": "name", "op": "is empty"})
    assert seen["segment"] == "name is empty"


async def test_an_operator_sends_to_numbers_only(rig: Rig, browser: Browser) -> None:
    await add_user(rig, "ben", "operator")
    browser.http.cookies.clear()
    await browser.sign_in("ben")
    page = (await browser.open("/compose")).text
    assert 'name="groups"' not in page
    numbers = "\n".join(f"+49151123{at:05}" for at in range(101))
    seen = await browser.send("/compose", to=numbers, text="Hello {{ number }}", action="check")
    assert "which only an owner can start" in seen.text
    refused = await browser.send("/compose", to=numbers, text="Hello {{ number }}", action="send")
    assert refused.status_code == 403
    assert "Hello {{ number }}</textarea>" in refused.text
    await browser.send("/compose", to=ANNA, text="Hello {{ name }}", action="send")
    assert await sent(rig) == [(ANNA, "Hello Anna")]


async def test_contacts_are_found_and_chosen(rig: Rig, browser: Browser) -> None:
    found = await browser.send("/compose", find="ann", text="Hello", action="check")  # Enter in the field of the search
    assert f'name="people" value="{ANNA}">' in found.text
    assert "Anna" in found.text
    assert 'id="to-error"' not in found.text
    form = {"people": [ANNA], "find": "bor", "form_token": found.text.partition('form_token" value="')[2][:64]}
    part = await browser.http.post("/compose/find", data=form)
    assert f'name="people" value="{ANNA}" checked>' in part.text
    assert f'name="people" value="{BORIS}">' in part.text
    nobody = await browser.http.post("/compose/find", data={**form, "find": "zzz"})
    assert "No contact matches." in nobody.text
    await browser.send("/compose", people=[ANNA, BORIS], to=ANNA, text="Hello {{ name }}", action="send")
    assert await sent(rig) == [(ANNA, "Hello Anna"), (BORIS, "Hello Boris")]
