"""Answering together in the dashboard: answers with fields, assignment; drips and open questions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.page import Browser, add_user, dashboard, fields_of, signed_in
from support.rig import Rig, simulated

from gsmgw.client import ApiError

ANNA, BORIS = "+4915112345671", "+4915112345672"


async def test_answers_have_the_fields_of_the_contact(rig: Rig, browser: Browser) -> None:
    await rig.client.create_contact(ANNA, name="Anna <b>")
    await browser.open("/templates")
    bad = await browser.send("/answers", **{"answer-name": "hi", "answer-text": "Hi {{ nme }}"}, action="save")
    assert 'id="answer-text-error"' in bad.text
    await browser.send("/answers", **{"answer-name": "hi", "answer-text": "Hi {{ name }}"}, action="save")
    await browser.send("/answers", **{"answer-name": "open", "answer-text": "9 to 18"}, action="save")
    assert "Hi {{ name }}</textarea>" in (await browser.open("/templates?answer=hi")).text
    assert await rig.client.answers(ANNA) == [
        {"name": "hi", "text": "Hi {{ name }}", "filled": "Hi Anna <b>"},
        {"name": "open", "text": "9 to 18", "filled": "9 to 18"},
    ]
    assert (await rig.client.answers(BORIS))[0]["filled"] is None
    assert (await rig.client.answers())[0] == {"name": "hi", "text": "Hi {{ name }}"}
    page = (await browser.open(f"/conversations/{ANNA}")).text
    assert 'data-answer="Hi Anna &lt;b&gt;"' in page
    await browser.send(f"/conversations/{ANNA}", text="Dear {{ name }}")
    assert (await rig.client.page(direction="outbound"))["data"][0]["text"] == "Dear Anna <b>"
    await browser.open(f"/conversations/{BORIS}")
    refused = await browser.send(f"/conversations/{BORIS}", text="Dear {{ name }}")
    assert refused.status_code == 422
    assert "Dear {{ name }}</textarea>" in refused.text


async def test_answers_with_fields_are_not_for_restricted_tokens(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        made = await rig.client.request(
            "POST", "/v1/tokens", json={"name": "shop", "scopes": ["read"], "modems": ["modem0"]}
        )
        headers = {"Authorization": f"Bearer {made['token']}"}
        assert (await rig.http.get("/v1/answers", headers=headers)).status_code == 200
        refused = await rig.http.get("/v1/answers", params={"contact": ANNA}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_conversation_is_given_to_somebody(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        await add_user(rig, "ann")
        await add_user(rig, "ben", "operator")
        await add_user(rig, "eve", "viewer")
        await add_user(rig, "old", "operator")
        await rig.client.change_user("old", disabled=True)
        sim.send(from_=ANNA, to="modem0", text="Hello")
        await rig.event(0, "message.received")
        assert await rig.client.assignees() == ["ann", "ben"]
        async with dashboard(rig) as browser:
            await browser.sign_in("ben")
            page = (await browser.open(f"/conversations/{ANNA}")).text
            assert "<option>ann</option>" in page
            path = f"/conversations/{ANNA}/change"
            for name, expected in (("ann", "ann"), ("", None)):
                await browser.send(path, action="assign", assignee=name)
                assert (await rig.client.conversation(ANNA))["assigned_to"] == expected
            gone = await browser.send(path, action="assign", assignee="nobody at all")
            assert gone.status_code == 422
            assert "does not exist" in gone.text


async def test_no_value_of_a_drip_is_lost(rig: Rig, browser: Browser) -> None:
    await rig.client.put_template("greeting", "Hello {{ name }}")
    await rig.client.put_consent_list("news", keywords=["NEWS"])
    rest: dict[str, Any] = {
        "purpose": "marketing",
        "list": "news",
        "ends_on_answer": False,
        "late_hours": 5,
        "windows": {"hours": "09:00-18:00", "days": ["mon"]},
    }
    steps = [{"delay": "30m", "text": "One"}, {"delay": "2d 09:00", "template": "greeting"}]
    made = await rig.client.create_drip("welcome", steps, **rest)
    page = (await browser.open("/drips/welcome/edit")).text
    saved = await browser.send("/drips/welcome/edit", **fields_of(page, "drip"), action="save")
    assert saved.status_code == 303, re.findall('class="error".*', saved.text)
    assert {**await rig.client.drip("welcome"), "changed_at": ""} == {**made, "changed_at": ""}


async def test_a_drip_is_made_and_people_are_in_it(rig: Rig, browser: Browser) -> None:
    await rig.client.create_contact(ANNA, name="Anna", groups=["regulars"])
    assert "No drips yet" in (await browser.open("/drips")).text
    page = (await browser.open("/new-drip")).text
    more = await browser.send("/new-drip", **{**fields_of(page, "drip"), "name": "welcome"}, action="add")
    two = {**fields_of(more.text, "drip"), "delay": ["1d", "soon"], "step-text": ["First", "Second"]}
    wrong = await browser.send("/new-drip", **two, action="save")
    assert 'id="delay-1-error"' in wrong.text
    swapped = await browser.send("/new-drip", **{**two, "delay": ["1d", "1h"]}, action="up:1")
    assert fields_of(swapped.text, "drip")["step-text"] == ["Second", "First"]
    done = await browser.send("/new-drip", **fields_of(swapped.text, "drip"), action="save")
    assert done.headers["location"] == "/drips/welcome?done=saved"
    steps = (await rig.client.drip("welcome"))["steps"]
    assert steps == [{"delay": "1h", "text": "Second"}, {"delay": "1d", "text": "First"}]

    path = "/drips/welcome"
    await browser.open(path)
    refused = await browser.send(path, numbers="12", action="enroll")
    assert 'id="numbers-error"' in refused.text
    assert (await browser.send(path, action="enroll")).status_code == 422  # nobody
    await browser.send(path, numbers=BORIS, group="regulars", action="enroll")
    assert (await rig.client.drip("welcome"))["people"]["active"] == 2
    assert "Anna</a> · step 1 of 2" in (await browser.open(path)).text
    await browser.send(path, number=BORIS, action="remove")
    assert "removed by hand" in (await browser.open(f"{path}?show=ended")).text
    await browser.send(path, action="pause")
    assert "It is paused" in (await browser.open(path)).text
    await browser.send(path, action="resume")
    assert (await rig.client.drip("welcome"))["paused"] is False
    assert "Nobody gets further steps." in (await browser.send(path, action="delete")).text
    await browser.send(path, action="delete", sure="1")
    with pytest.raises(ApiError):
        await rig.client.drip("welcome")


async def test_open_questions_are_listed_and_closed(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        await add_user(rig, "ann")
        await rig.client.put_field("party", "number")
        await rig.client.create_contact(ANNA, name="Anna")
        await rig.client.send(ANNA, "How many?", ask={"field": "party"})
        await rig.event(0, "question.asked")
        async with signed_in(rig) as browser:
            page = (await browser.open("/questions")).text
            assert "Anna</a>" in page
            assert "<td>party" in page
            await browser.send("/questions", number=ANNA)
            assert "No open questions" in (await browser.open("/questions")).text


async def test_forms_that_no_page_sends(rig: Rig, browser: Browser) -> None:
    """Forms from a program get an error, too."""
    await browser.open("/questions")
    assert (await browser.send("/questions", number="")).status_code == 422
    assert (await browser.send("/new-drip", action="add")).status_code == 200
    await rig.client.put_field("points", "number")
    for typed in ("nan", "1e999"):
        made = await browser.send("/contacts/new", number=ANNA, **{"field-points": typed})
        assert made.status_code == 422, typed
    segment = {"segment-mode": "visual", "segment-node": "0.0:row", "segment-0.0-field": "points"}
    odd = await browser.send("/segments", **segment, **{"segment-0.0-check": "number:=", "segment-0.0-value": "inf"})
    assert 'id="segment-error"' in odd.text
