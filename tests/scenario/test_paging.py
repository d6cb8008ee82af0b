"""Pages of users, tokens, webhooks, rules and templates; without limit and cursor the list is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.page import Browser, add_user
from support.rig import Rig

from gsmgw.client import ApiError, AsyncClient

COUNT = 5


async def _user(client: AsyncClient, number: int) -> None:
    await client.create_user(f"{'Aa'[number % 2]}{number}", "correct horse battery", "viewer")


async def _token(client: AsyncClient, number: int) -> None:
    await client.create_token(f"t{number}", ["read"])


async def _webhook(client: AsyncClient, number: int) -> None:
    await client.create_webhook(f"https://example.com/{number}")


async def _rule(client: AsyncClient, number: int) -> None:
    match = {"kind": "exact", "value": f"WORD{number}"}
    await client.create_rule(f"r{number}", [{"kind": "tag", "tag": "x"}], match=match, priority=100 - number // 2)


async def _template(client: AsyncClient, number: int) -> None:
    await client.create_template(f"{'Ää'[number % 2]} {number}", "Hello")


LISTS = [
    ("user", "users", "name", _user),
    ("token", "tokens", "name", _token),
    ("webhook", "webhooks", "id", _webhook),
    ("rule", "rules", "name", _rule),
    ("template", "templates", "name", _template),
]


@pytest.mark.parametrize(("one", "many", "key", "make"), LISTS, ids=[each[0] for each in LISTS])
async def test_pages_make_the_whole_list(rig: Rig, one: str, many: str, key: str, make: Callable[..., Any]) -> None:
    for number in range(COUNT):
        await make(rig.client, number)
    whole = [each[key] for each in await getattr(rig.client, many)()]
    assert len(whole) == COUNT
    read = getattr(rig.client, f"{one}_page")
    everything = await read()
    assert ([each[key] for each in everything["data"]], everything["next_cursor"]) == (whole, None)
    found, cursor = [], None
    for size in (2, 2, 1):
        page = await read(limit=2, cursor=cursor)
        assert len(page["data"]) == size
        found += [each[key] for each in page["data"]]
        cursor = page["next_cursor"]
    assert (found, cursor) == (whole, None)
    second = (await read(limit=1))["next_cursor"]
    assert [each[key] for each in (await read(cursor=second))["data"]] == whole[1:]


async def test_a_page_follows_although_its_cursor_was_deleted(rig: Rig) -> None:
    for number in range(3):
        await _template(rig.client, number)
    whole = [each["name"] for each in await rig.client.templates()]
    cursor = (await rig.client.template_page(limit=1))["next_cursor"]
    await rig.client.delete_template(whole[0])
    assert [each["name"] for each in (await rig.client.template_page(cursor=cursor))["data"]] == whole[1:]


@pytest.mark.parametrize("cursor", ["nonsense", "WzEsMl0", "e30", "é", "W1tdXQ"])
async def test_a_cursor_of_another_list_is_refused(rig: Rig, cursor: str) -> None:
    await _token(rig.client, 1)
    with pytest.raises(ApiError) as refused:
        await rig.client.token_page(cursor=cursor)
    assert (refused.value.status, refused.value.code) == (422, "invalid_request")
    with pytest.raises(ApiError):
        await rig.client.token_page(limit=0)


async def test_the_dashboard_shows_pages(rig: Rig, browser: Browser) -> None:
    for number in range(51):
        await _token(rig.client, number)
        await _rule(rig.client, number)
        await _template(rig.client, number)
    await add_user(rig, "zoe")
    for path, name, row in (("/rules", "cursor", "/rules/edit/r"), ("/templates", "cursor", "/templates?name=")):
        first = (await browser.open(path)).text
        assert first.count(f'href="{row}') == 50
        after = first.partition(f'href="{path}?{name}=')[2].partition('"')[0]
        second = (await browser.open(f"{path}?{name}={after}")).text
        assert second.count(f'href="{row}') == 1
        assert "First page" in second
        assert "Next page" not in second
    rules = (await browser.open("/rules")).text
    assert rules.count('value="later"') == 50
    assert rules.count("disabled>↓") == 0
    assert rules.count("disabled>↑") == 1
    tokens = (await browser.open("/integrations")).text
    assert tokens.count('name="name" value="t') == 50
    after = tokens.partition('href="/integrations?tokens=')[2].partition('"')[0]
    assert (await browser.open(f"/integrations?tokens={after}")).text.count('name="name" value="t') == 1
    assert "zoe" in (await browser.open("/users")).text
