"""Rules in the dashboard: the editor keeps everything, their order, and the tester."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.page import Browser, add_user, fields_of, signed_in
from support.rig import Rig, make_config, running

from gsmgw.web.rule_forms import reordered

ANNA = "+4915112345671"
ACTIONS: list[dict[str, Any]] = [
    {"kind": "reply", "text": "Hello {{ name }}"},
    {"kind": "ask", "template": "greeting", "field": "city", "hours": 5, "thanks": "", "again": "Again?"},
    {"kind": "forward", "to": "+4915112345679"},
    {"kind": "group_add", "group": "regulars"},
    {"kind": "group_remove", "group": "others"},
    {"kind": "set_field", "field": "city", "value": "{{ rest }}"},
    {"kind": "tag", "tag": "vip"},
    {"kind": "start", "list": "news"},
    {"kind": "stop", "list": "*"},
    {"kind": "enroll", "drip": "welcome"},
    {"kind": "hook", "name": "bell"},
]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    sections = {"modem": [{"name": "office", "port": "/dev/none"}]}
    async with running(make_config(tmp_path, {}, sections)) as found:
        yield found


@pytest.fixture
async def browser(rig: Rig) -> AsyncIterator[Browser]:
    client = rig.client
    await add_user(rig, "ann")
    await client.put_field("city", "text")
    await client.put_template("greeting", "Where do you live?")
    await client.put_consent_list("news", keywords=["NEWS"])
    await client.create_drip("welcome", [{"delay": "1d", "text": "x"}])
    for name in ("regulars", "others"):
        await client.create_group(name)
    async with signed_in(rig) as found:
        yield found


async def test_no_value_is_lost_in_the_editor(rig: Rig, browser: Browser) -> None:
    rest: dict[str, Any] = {
        "match": {"kind": "exact", "value": ["hours, please", "open"], "strict": True, "trailing_words": 2},
        "when": {
            "modems": ["office"],
            "hours": "09:00-18:00",
            "days": ["mon"],
            "groups": ["regulars"],
            "known": False,
            "unmatched": True,
        },
        "priority": 7,
        "fall_through": True,
        "enabled": False,
    }
    for name, more in (("one", {}), ("two", {"trigger": "call", "match": {"kind": "any"}})):
        made = await rig.client.create_rule(name, ACTIONS, **{**rest, **more})
        path = f"/rules/edit/{name}"
        page = (await browser.open(path)).text
        looked = await browser.send(path, **fields_of(page, "rule"), action="look")
        saved = await browser.send(path, **fields_of(looked.text, "rule"), action="save")
        assert saved.status_code == 303, re.findall('class="error".*', saved.text)
        again = await rig.client.rule(name)
        assert {**again, "changed_at": None} == {**made, "changed_at": None}


async def test_a_rule_with_several_actions(rig: Rig, browser: Browser) -> None:
    page = (await browser.open("/rules/new")).text
    first = {**fields_of(page, "rule"), "name": ["book"], "words": ["BOOK\nTABLE"], "a0-text": ["{{ nme }}"]}
    more = await browser.send("/rules/new", **first, action="add")
    assert ">{{ nme }}</textarea>" in more.text
    second = {**fields_of(more.text, "rule"), "a1-kind": ["group_add"]}
    looked = await browser.send("/rules/new", **second, action="look")
    assert 'name="a1-group"' in looked.text
    wrong = await browser.send("/rules/new", **fields_of(looked.text, "rule"), action="save")
    assert wrong.status_code == 422
    assert 'id="a0-text-error"' in wrong.text or 'id="a1-group-error"' in wrong.text
    part = await browser.http.post(
        "/rules/actions",
        data={**fields_of(wrong.text, "rule"), "form_token": token(wrong.text), "action": "remove:0"},
    )
    assert part.text.lstrip().startswith('<div id="actions"')
    assert 'name="a0-text"' not in part.text
    good = {**fields_of(wrong.text, "rule"), "a0-text": ["Welcome"], "a1-group": ["regulars"]}
    await browser.send("/rules/new", **good, action="save")
    (rule,) = await rig.client.rules()
    assert rule["match"]["value"] == ["BOOK", "TABLE"]
    assert rule["actions"] == [{"kind": "reply", "text": "Welcome"}, {"kind": "group_add", "group": "regulars"}]


def token(page: str) -> str:
    return page.partition('name="form_token" value="')[2].partition('"')[0]


async def test_the_order_and_what_is_disabled(rig: Rig, browser: Browser) -> None:
    for name, priority in (("a", 100), ("b", 100), ("c", 100), ("d", 200)):
        await rig.client.create_rule(name, ACTIONS[:1], priority=priority, match={"kind": "exact", "value": name})
    await browser.open("/rules")

    async def order() -> str:
        return "".join(rule["name"] for rule in await rig.client.rules())

    for rule, action, expected in (
        ("c", "earlier", "acbd"),
        ("a", "later", "cabd"),
        ("d", "later", "cabd"),
        ("d", "earlier", "cadb"),
        ("c", "earlier", "cadb"),
        ("b", "earlier", "cabd"),
    ):
        await browser.send("/rules", rule=rule, action=action)
        assert await order() == expected, (rule, action)
    await browser.send("/rules", rule="a", action="disable")
    assert (await rig.client.rule("a"))["enabled"] is False
    await browser.send("/rules", rule="a", action="enable")
    assert (await rig.client.rule("a"))["enabled"] is True
    assert "Delete the rule a?" in (await browser.send("/rules", rule="a", action="delete")).text
    await browser.send("/rules", rule="a", action="delete", sure="1")
    assert await order() == "cbd"


def test_few_rules_change_when_one_is_moved() -> None:
    rules: list[Any] = [
        {"name": name, "priority": priority, "created_at": f"2026-11-0{at}"}
        for at, (name, priority) in enumerate([("a", 10), ("b", 20), ("c", 30)])
    ]
    assert reordered(rules, "c", -1) == {"c": 20, "b": 21}
    assert reordered(rules, "a", -1) == reordered(rules, "x", 1) == reordered(rules, "c", 1) == {}


async def test_the_tester_tells_everything(rig: Rig, browser: Browser) -> None:
    actions = [{"kind": "reply", "text": "Hi {{ name }}"}, {"kind": "tag", "tag": "x"}]
    await rig.client.create_rule("hi", actions, match={"kind": "prefix", "value": "hi"}, fall_through=True)
    await rig.client.create_rule("late", ACTIONS[:1], match={"kind": "any"}, when={"hours": "20:00-21:00"})
    await browser.open("/rules")
    tried = await browser.send(
        "/rules", sender=ANNA, tried="Hi there", modem="office", at="2026-11-30T10:00", action="try"
    )
    assert "The rule hi applies." in tried.text
    assert "It would not be done:" in tried.text  # the name is not known
    assert "Why the others do not apply" in tried.text
    assert "<strong>late</strong>" in tried.text
    evening = await browser.send("/rules", sender=ANNA, tried="x", at="2026-11-30T19:30", action="try")
    assert "The rule late applies." in evening.text
    assert 'id="at-error"' in (await browser.send("/rules", sender=ANNA, tried="x", at="y", action="try")).text
    assert 'id="sender-error"' in (await browser.send("/rules", sender="x", tried="x", action="try")).text
    assert "It is about consent" in (await browser.send("/rules", sender=ANNA, tried="STOP", action="try")).text
