"""Management on the dashboard by an owner: integrations, users, sessions, the audit log."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.page import SECRET, add_user, dashboard, fragment, signed_in
from support.receiver import Receiver, receiving
from support.rig import Rig, make_config, running
from support.waiting import GENEROUS_S

from gsmgw.web.application import PAGES
from gsmgw.web.routing import Page

ALLOW = {"webhooks": {"allow": ["http", "loopback"], "timeout_s": 2}}
ANNA = "+4915112345671"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    hook = {"name": "note", "command": ["/bin/sh", "-c", "exit 3"], "events": ["message.*"]}
    sections = {**ALLOW, "hook": [hook], "compat": {"kannel": True}, "modem": [{"name": "m", "port": "/dev/null/m"}]}
    async with running(make_config(tmp_path, {}, sections)) as found:
        await add_user(found, "ann")
        yield found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def done(rig: Rig, webhook: str) -> None:
    """Wait until a webhook has no open delivery."""
    async with asyncio.timeout(GENEROUS_S):
        while (found := await rig.client.webhook(webhook))["pending"] + found["behind"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_webhook_from_its_beginning_to_its_end(rig: Rig, receiver: Receiver) -> None:
    async with signed_in(rig) as browser:
        assert "No webhooks yet" in (await browser.open("/integrations")).text
        await browser.open("/webhooks/new")
        refused = await browser.send("/webhooks/new", url="http://10.0.0.1/x", description="The <shop>")
        assert refused.status_code == 422
        assert 'id="url-error"' in refused.text
        assert 'value="The &lt;shop&gt;"' in refused.text
        typed = await browser.send("/webhooks/new", url=receiver.url, events="message.recieved")
        assert 'id="events-error"' in typed.text
        made = await browser.send(
            "/webhooks/new", url=receiver.url, description="The <shop>", events="message.queued", ordered="yes"
        )
        assert "whsec_" in made.text
        hook = (await rig.client.webhooks())[0]
        here = f"/webhooks/{hook['id']}"
        assert (hook["events"], hook["ordered"]) == (["message.queued"], True)
        assert "The &lt;shop&gt;" in (await browser.open("/integrations")).text

        receiver.answer = 500
        tested = await browser.send(here, action="test")
        assert "The test event did not arrive" in tested.text
        receiver.answer = 204
        assert "The test event arrived." in (await browser.send(here, action="test")).text
        await rig.client.send(ANNA, "Hello <there>")
        await receiver.came(3)
        await done(rig, hook["id"])
        page = (await browser.open(f"{here}?state=delivered")).text
        assert "message.queued" in page
        assert "message.queued" in await fragment(browser, f"deliveries:{hook['id']}")
        assert "No delivery is in this state" in (await browser.open(f"{here}?state=pending")).text
        delivery = next(
            each for each in (await rig.client.webhook_delivery_page(hook["id"]))["data"] if each["event"] is not None
        )
        page = (await browser.open(f"{here}/deliveries/{delivery['id']}")).text
        assert "Hello &lt;there&gt;" in page
        assert "HTTP 204" in page
        again = await browser.send(here, action="replay", event=str(delivery["event"]))
        assert again.headers["location"] == f"{here}?done=again"
        await receiver.came(4)
        wrong = await browser.send(here, action="replay", since="soon")
        assert wrong.status_code == 422
        assert 'id="since-error"' in wrong.text
        await browser.send(here, action="replay", since="2020-01-01T00:00")
        await receiver.came(5)

        await browser.open(here)
        bad = await browser.send(here, action="save", url="http://10.0.0.1/x", description="Other")
        assert bad.status_code == 422
        assert 'value="Other"' in bad.text
        await browser.send(here, action="save", url=receiver.url, description="Other", events="", tags="a, b")
        hook = await rig.client.webhook(hook["id"])
        assert (hook["description"], hook["events"], hook["tags"], hook["ordered"]) == ("Other", [], ["a", "b"], False)
        await browser.send(here, action="pause")
        assert (await rig.client.webhook(hook["id"]))["state"] == "paused"
        twice = await browser.send(here, action="pause")
        assert twice.status_code == 409
        assert "already" in twice.text
        await browser.send(here, action="skip", sure="1")
        assert (await rig.client.webhook(hook["id"]))["state"] == "active"

        asked = await browser.send(here, action="secret")
        assert "Are you sure?" in asked.text
        assert "whsec_" in (await browser.send(here, action="secret", sure="1")).text
        assert len((await rig.client.webhook(hook["id"]))["secrets"]) == 2
        assert "Are you sure?" in (await browser.send(here, action="delete")).text
        assert (await rig.client.webhooks()) != []
        await browser.send(here, action="delete", sure="1")
        assert (await rig.client.webhooks()) == []
        assert (await browser.open(here)).status_code == 404
        assert (await browser.open(f"{here}/deliveries/999")).status_code == 404


async def test_a_delivery_belongs_to_its_webhook(rig: Rig, receiver: Receiver) -> None:
    one = await rig.client.create_webhook(receiver.url)
    other = await rig.client.create_webhook(receiver.url)
    tested = await rig.client.test_webhook(one["id"])
    assert (await rig.client.webhook_delivery(one["id"], tested["id"]))["request"] is None
    answer = await rig.http.get(f"/v1/webhooks/{other['id']}/deliveries/{tested['id']}")
    assert answer.status_code == 404
    await rig.client.pause_webhook(one["id"])
    assert (await rig.client.resume_webhook(one["id"], skip=True))["state"] == "active"
    await rig.client.change_webhook(one["id"], description="x")
    assert len((await rig.client.rotate_webhook_secret(one["id"]))["secrets"]) == 2
    await rig.client.replay_webhook(one["id"], since=1)
    await rig.client.delete_webhook(one["id"])


async def test_tokens(rig: Rig) -> None:
    async with signed_in(rig) as browser:
        assert "No tokens yet" in (await browser.open("/integrations")).text
        await browser.open("/tokens/new")
        none = await browser.send("/tokens/new", name="shop")
        assert none.status_code == 422
        assert 'id="scopes-error"' in none.text
        many = await browser.send("/tokens/new", name="shop", scopes="read", per_day="many")
        assert many.status_code == 422
        assert 'id="per_day-error"' in many.text
        made = await browser.send("/tokens/new", name="shop", scopes="read", days="30", per_day="200")
        assert made.text.count("gsmgw_") >= 2
        assert "-d " not in made.text  # it may not send
        token = (await rig.client.tokens())[0]
        assert token["scopes"] == ["read"]
        assert token["expires_at"] is not None
        taken = await browser.send("/tokens/new", name="shop", scopes="read")
        assert taken.status_code == 409
        assert 'id="name-error"' in taken.text
        page = (await browser.open("/integrations")).text
        assert "at most 200 texts a day" in page
        assert "read texts" in page
        assert "/cgi-bin/sendsms" in page
        assert "not since the start" in page
        assert "Are you sure?" in (await browser.send("/tokens/revoke", name="shop")).text
        await browser.send("/tokens/revoke", name="shop", sure="1")
        assert await rig.client.tokens() == []


async def test_a_token_for_smpp_has_a_password(rig: Rig) -> None:
    async with signed_in(rig) as browser:
        await browser.open("/tokens/new")
        refused = await browser.send("/tokens/new", name="a-name-with-20-chars", scopes="send", smpp="1")
        assert refused.status_code == 422
        assert 'id="name-error"' in refused.text
        made = await browser.send("/tokens/new", name="shop", scopes="send", smpp="1")
        assert "the system_id is the name" in made.text
        assert "send texts, SMPP" in (await browser.open("/integrations")).text


async def test_a_confirmation_keeps_what_was_sent(rig: Rig) -> None:
    await rig.client.create_token("shop")
    async with dashboard(rig, prefix="/sms") as browser:
        await browser.sign_in("ann")
        await browser.open("/integrations")
        page = (await browser.send("/tokens/revoke", name="shop")).text
        assert 'action="/sms/tokens/revoke"' in page
        assert '<input type="hidden" name="name" value="shop">' in page
        assert 'name="sure" value="1"' in page
        assert page.count('name="form_token"') == page.count('action="/sms/sign-out"') + 1


@pytest.mark.parametrize(("page", "action"), [(page, action) for page in PAGES for action in page.asks])
async def test_what_cannot_be_undone_is_asked_for(rig: Rig, page: Page, action: str) -> None:
    path = re.sub(r"\{\w+\}", "nobody", page.path)
    async with signed_in(rig) as browser:
        await browser.open("/settings")
        asked = await browser.send(path, action=action, **{page.named: "The <one>"})
        assert asked.status_code == 200
        assert "Are you sure?" in asked.text
        assert f'<input type="hidden" name="action" value="{action}">' in asked.text
        assert f'<form method="post" action="{path}"' in asked.text
        back = re.search(r'href="([^"]*)">No, go back', asked.text)
        assert back is not None
        assert not {"{", "}"} & set(back[1])


async def test_users(rig: Rig) -> None:
    async with signed_in(rig) as browser:
        await browser.open("/users")
        short = await browser.send("/users", name="ben", password="short", role="operator")
        assert short.status_code == 422
        assert 'id="password-error"' in short.text
        assert 'value="ben"' in short.text
        await browser.send("/users", name="ben", password=SECRET, role="operator")
        taken = await browser.send("/users", name="ben", password=SECRET, role="operator")
        assert taken.status_code == 409
        assert 'id="name-error"' in taken.text
        assert "Operator" in (await browser.open("/users/ben")).text
        await browser.send("/users/ben", action="role", role="viewer")
        await browser.send("/users/ben", action="disable")
        ben = await rig.client.user("ben")
        assert (ben["role"], ben["disabled"]) == ("viewer", True)
        assert "Disabled" in (await browser.open("/users")).text
        await browser.send("/users/ben", action="enable")
        await browser.send("/users/ben", action="password", password="another secret")
        assert (await rig.client.sign_in("ben", "another secret"))["user"] == "ben"
        own = await browser.send("/users/ann", action="role", role="viewer")
        assert own.status_code == 409
        assert "only owner" in own.text
        assert "Are you sure?" in (await browser.send("/users/ben", action="remove")).text
        await browser.send("/users/ben", action="remove", sure="1")
        assert [each["name"] for each in await rig.client.users()] == ["ann"]
        assert (await browser.open("/users/ben")).status_code == 404


async def test_sessions(rig: Rig) -> None:
    """Owners end any session, others their own, and see no other."""
    await add_user(rig, "ben", "viewer")
    async with dashboard(rig) as browser, dashboard(rig) as other:
        await browser.sign_in("ann")
        await other.sign_in("ben")
        assert "Where you are signed in" in (await other.open("/sessions")).text
        assert ">ann" not in (await other.open("/sessions")).text.partition("<table")[2]
        assert "/sessions" in (await other.open("/settings")).text
        page = (await browser.open("/sessions")).text
        assert "this one" in page
        assert "192.0.2.7" in page
        session = next(each["id"] for each in await rig.client.sessions() if each["user"] == "ben")
        assert (await browser.send("/sessions", session=str(session))).headers["location"] == "/sessions?done=ended"
        assert "ben" not in [each["user"] for each in await rig.client.sessions()]
        assert (await browser.send("/sessions", session="999")).status_code == 404


async def test_the_session_of_the_first_account_names_its_device(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {})) as rig, dashboard(rig) as browser:
        code = (await rig.client.create_setup_code())["code"]
        await browser.open("/setup", headers={"User-Agent": "Test browser"})
        browser.http.headers["User-Agent"] = "Test browser"
        await browser.send("/setup", code=code, name="ann", password=SECRET, again=SECRET)
        assert [(each["agent"], each["from"]) for each in await rig.client.sessions()] == [
            ("Test browser", "192.0.2.7")
        ]


async def test_the_audit_log(rig: Rig) -> None:
    async with signed_in(rig) as browser:
        await browser.open("/users")
        await browser.send("/users", name="ben", password=SECRET, role="operator")
        page = (await browser.open("/audit?who=ann")).text
        assert "POST /v1/users" in page
        assert "name=ben, role=operator" in page
        assert "No change fits these filters" in (await browser.open("/audit?who=nobody&since=2020-01-01")).text
        assert "POST /v1/users" in (await browser.open("/audit?since=nonsense")).text
        for number in range(60):
            await rig.client.create_token(f"token{number}")
        page = (await browser.open("/audit")).text
        assert "token59" in page
        assert "token9," not in page
        older = page.partition('class="pager"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
        assert "token9," in (await browser.open(older)).text


@pytest.mark.parametrize("path", ["/integrations", "/webhooks/new", "/tokens/new", "/users", "/users/ann", "/audit"])
async def test_only_owners_manage(rig: Rig, path: str) -> None:
    await add_user(rig, "ben", "operator")
    async with dashboard(rig) as browser:
        await browser.sign_in("ben")
        page = await browser.open(path)
        if page.status_code == 200:  # a form that the gateway refuses
            page = await browser.send(path, url="https://shop.example/sms", name="x", scopes="read")
        assert page.status_code == 403
        menu = (await browser.open("/")).text
        assert 'href="/users"' not in menu
        assert 'href="/system"' in menu
