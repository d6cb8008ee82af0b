"""The dashboard by HTTP: the first account, signing in, what protects the browser, the first page."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from support.page import SECRET, Browser, add_user, dashboard, signed_in
from support.rig import Rig
from support.shell import command

from gsmgw.web.application import PAGES
from gsmgw.web.look import Look, zone_named
from gsmgw.web.routing import Web
from gsmgw.web.security import form_token
from gsmgw.web.settings import WebSettings


def close_socket(rig: Rig) -> None:
    """The process of the dashboard has no rights of its own from now on."""
    rig.gateway._users.set((), (pwd.getpwuid(os.getuid()).pw_name,))


async def test_the_first_account_needs_the_code(rig: Rig) -> None:
    async with dashboard(rig) as browser:
        assert (await browser.open("/")).headers["location"] == "/sign-in"
        assert (await browser.open("/sign-in")).headers["location"] == "/setup"
        assert "sudo gsmgw users code" in (await browser.open("/setup")).text
        person = {"name": "ann", "password": SECRET, "again": SECRET}
        wrong = await browser.send("/setup", code="1111-2222-3333", **person)
        assert wrong.status_code == 403
        assert 'value="ann"' in wrong.text
        assert 'aria-describedby="code-error code-hint"' in wrong.text
        assert SECRET not in wrong.text
        code = (await rig.client.create_setup_code())["code"]
        differ = await browser.send("/setup", code=code, **{**person, "again": "something else"})
        assert "The two passwords differ." in differ.text
        short = await browser.send("/setup", code=code, name="ann", password="short", again="short")
        assert short.status_code == 422
        assert 'id="password-error"' in short.text
        done = await browser.send("/setup", code=code, **person)
        assert (done.status_code, done.headers["location"]) == (303, "/start")
        assert "Overview" in (await browser.open("/")).text
        assert (await browser.open("/setup")).headers["location"] == "/sign-in"
        assert [user["role"] for user in await rig.client.users()] == ["owner"]
        again = await rig.http.post("/v1/setup/code")
        assert again.status_code == 409


async def test_a_code_ends(rig: Rig) -> None:
    """After ten wrong ones, when it was replaced, and after an hour."""
    http = rig.http

    async def answer(code: str) -> int:
        body = {"code": code, "name": "ann", "password": SECRET}
        return (await http.post("/v1/setup", json=body)).status_code

    first = (await http.post("/v1/setup/code")).json()["code"]
    second = (await http.post("/v1/setup/code")).json()["code"]
    assert await answer(first) == 403
    for _ in range(9):
        assert await answer("0") == 403
    assert await answer(second) == 403
    third = (await http.post("/v1/setup/code")).json()["code"]
    clock = rig.gateway.clock
    wall = clock.wall_ms
    clock.wall_ms = lambda: wall() + 3_600_000  # type: ignore[method-assign]
    assert await answer(third) == 403
    clock.wall_ms = wall  # type: ignore[method-assign]
    assert await answer(third.replace("-", " ")) == 201


async def test_the_command_prints_the_code(rig: Rig) -> None:
    printed = await asyncio.to_thread(command, "--socket", str(rig.client.where), "users", "code", "--json")
    assert json.loads(printed.output)["code"].count("-") == 2


async def test_signing_in_and_out(rig: Rig) -> None:
    """The process has only the rights of the session, and the gateway knows the person's address."""
    await add_user(rig, "ann")
    close_socket(rig)
    async with dashboard(rig) as browser:
        wrong = await browser.sign_in("ann", "not it at all")
        assert wrong.status_code == 401
        assert "The name or the password is wrong." in wrong.text
        assert 'value="ann"' in wrong.text
        done = await browser.sign_in("ann")
        assert done.status_code == 303
        cookie = done.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("gsmgw_session=", "httponly", "samesite=lax", "path=/"))
        assert (await browser.open("/")).status_code == 200
        token = browser.http.cookies["gsmgw_session"]
        mine = (await rig.http.get("/v1/sessions", headers={"Authorization": f"Bearer {token}"})).json()["data"]
        assert [(each["from"], each["agent"].partition("/")[0]) for each in mine] == [("192.0.2.7", "python-httpx")]
        assert (await browser.send("/sign-out")).headers["location"] == "/sign-in?done=signed_out"
        assert (await browser.open("/")).headers["location"] == "/sign-in"
        browser.http.cookies.set("gsmgw_session", token)
        assert (await browser.open("/")).headers["location"] == "/sign-in"


async def test_after_signing_in_the_wanted_page_opens(rig: Rig) -> None:
    await add_user(rig, "ann")
    async with dashboard(rig) as browser:
        wanted = (await browser.open("/?x=1")).headers["location"]
        assert wanted == "/sign-in?next=%2F%3Fx%3D1"
        await browser.open("/sign-in")
        assert (await browser.send("/sign-in", name="ann", password=SECRET, next="/?x=1")).headers[
            "location"
        ] == "/?x=1"
        await browser.open("/sign-in")
        for elsewhere in ("https://evil.example/", "//evil.example/", "/\\\\evil.example", "javascript:1", "/a\nb"):
            await browser.open("/")
            answer = await browser.send("/choose", theme="dark", back=elsewhere)
            assert answer.headers["location"] == "/", elsewhere


async def test_no_form_works_without_its_token(rig: Rig) -> None:
    await add_user(rig, "ann")
    async with signed_in(rig) as browser:
        await browser.open("/")
        for page in PAGES:
            if page.method != "POST":
                continue
            path = page.path.replace("{", "").replace("}", "")
            forged = await browser.http.post(path, data={"form_token": "0" * 64, "name": "x"})
            assert forged.status_code == 403, path
            assert "expired, or another site sent it" in forged.text
            for name, value in (("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")):
                browser.http.headers[name] = value
                assert (await browser.send(path)).status_code == 403, path
                del browser.http.headers[name]


async def test_under_tls_cookies_belong_to_the_host(rig: Rig) -> None:
    await add_user(rig, "ann")
    async with dashboard(rig, "https://page") as browser:
        cookie = (await browser.sign_in("ann")).headers["set-cookie"]
        assert cookie.startswith("__Host-gsmgw_session=")
        assert "Secure" in cookie
        assert "Path=/" in cookie


async def test_each_answer_has_the_policy(rig: Rig) -> None:
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
    )
    async with dashboard(rig) as browser:
        for path in ("/sign-in", "/setup", "/nothing", "/static/page.css", "/health/live"):
            answer = await browser.open(path)
            assert answer.headers["content-security-policy"] == policy + "'none'", path
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await browser.open("/setup")).headers["cache-control"] == "no-store"
    async with dashboard(rig, frame_ancestors=("https://home.example",)) as browser:
        answer = await browser.open("/sign-in")
        assert answer.headers["content-security-policy"] == policy + "https://home.example"


async def test_below_a_prefix(rig: Rig) -> None:
    """The pages work if the proxy passes the prefix on, and if it does not."""
    await add_user(rig, "ann")
    async with dashboard(rig, "https://page", prefix="/sub/path") as browser:
        assert 'action="/sub/path/sign-in"' in (await browser.open("/sub/path/sign-in")).text
        done = await browser.send("/sub/path/sign-in", name="ann", password=SECRET, next="/")
        assert done.headers["location"] == "/sub/path/start"
        for path in ("/sub/path/", "/sub/path", "/"):
            page = (await browser.open(path)).text
            assert 'href="/sub/path/static/page.css?v=' in page
            assert 'href="/static' not in page
        assert (await browser.open("/sub/path/static/page.css")).status_code == 200


async def test_only_known_proxies_name_the_client(rig: Rig) -> None:
    await add_user(rig, "ann")
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}
    sources = []
    for proxies in (("192.0.2.0/24",), ("198.51.100.1",)):
        async with dashboard(rig, trusted_proxies=proxies) as browser:
            page = await browser.open("/sign-in", headers=headers)
            name, _, value = page.headers["set-cookie"].partition(";")[0].partition("=")
            headers = {**headers, "Origin": "https://shop.example", "Cookie": f"{name}={value}"}
            answer = await browser.http.post(
                "/sign-in",
                data={"form_token": form_token(value), "name": "ann", "password": SECRET, "next": "/"},
                headers=headers,
            )
            sources.append((name, answer.status_code))
    assert sources == [("__Host-gsmgw_visitor", 303), ("gsmgw_visitor", 403)]
    assert [each["from"] for each in await rig.client.sessions()] == ["203.0.113.9"]


async def test_languages_and_colours(rig: Rig) -> None:
    await add_user(rig, "ann")
    async with dashboard(rig) as browser:
        german = await browser.open("/setup", headers={"Accept-Language": "de"})
        assert '<html lang="de">' in (await browser.open("/sign-in", headers={"Accept-Language": "de-AT"})).text, german
        await browser.send("/choose", language="de", back="/sign-in")
        assert "Anmelden" in (await browser.open("/sign-in")).text
        await browser.send("/choose", theme="dark", back="/sign-in")
        assert '<html lang="de" data-bs-theme="dark">' in (await browser.open("/sign-in")).text
        await browser.send("/choose", language="en", back="/sign-in")
        await browser.sign_in("ann")
        await browser.open("/")
        await browser.send("/choose", language="de", back="/")
        assert "Übersicht" in (await browser.open("/")).text


async def test_texts_from_strangers_are_data(rig: Rig) -> None:
    async with dashboard(rig) as browser:
        await add_user(rig, "ann")
        await browser.open("/sign-in")
        evil = '"><script>alert(1)</script>'
        answer = await browser.send("/sign-in", name=evil, password="x", next='"><img src=x onerror=y>')
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text


async def test_without_a_gateway(tmp_path: Path) -> None:
    web = Web(WebSettings(socket=str(tmp_path / "nothing.sock")), PAGES)
    transport = httpx.ASGITransport(web.application())
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as http:
        answer = await http.get("/sign-in")
        assert answer.status_code == 503
        assert 'data-again="5"' in answer.text
        assert (await http.get("/health/live")).text == "ok\n"
    await web.site.sessions.close()


async def test_the_overview(rig: Rig) -> None:
    await add_user(rig, "ann", "viewer")
    async with signed_in(rig) as browser:
        page = (await browser.open("/")).text
        assert "No modem is connected." in page
        assert "Nothing is waiting." in page
        assert 'hx-sse:connect="/live?r=state&amp;r=totals&amp;r=modems"' in page


async def test_updates_stream(rig: Rig) -> None:
    """A waiting message is on the page at once, and a session that ends ends the stream."""
    await add_user(rig, "ann")
    async with signed_in(rig) as browser:
        site = browser.site
        visitor = await site.sessions.visitor(browser.http.cookies["gsmgw_session"])
        look = Look(site, site.languages["en"], zone_named("UTC"), "owner")
        updates = browser.web.hub.stream(look, visitor, ["state", "nonsense"], None)
        assert await anext(updates) == "retry: 500\n\n"
        async with asyncio.timeout(60):
            first = await anext(updates)
            assert first.startswith("id: ")
            assert '<hx-partial hx-target="#state" hx-swap="outerMorph">' in first
            await rig.client.send("+4915112345678", "Hello", send_at="2099-01-01T00:00:00Z")
            while "<strong>1</strong> Scheduled" not in first:
                first = await anext(updates)
        await updates.aclose()


async def _page(browser: Browser, *regions: str) -> AsyncIterator[str]:
    """An open page that is up to date."""
    visitor = await browser.site.sessions.visitor(browser.http.cookies["gsmgw_session"])
    look = Look(browser.site, browser.site.languages["en"], zone_named("UTC"), "owner")
    updates = browser.web.hub.stream(look, visitor, list(regions), None)
    assert await anext(updates) == "retry: 500\n\n"
    while "hx-partial" not in await anext(updates):
        pass
    return updates


async def test_a_session_that_is_ended_gets_no_more_updates(rig: Rig) -> None:
    """Within two seconds, whoever else has a page open."""
    await add_user(rig, "ann")
    await add_user(rig, "ben")
    async with signed_in(rig) as ann, asyncio.timeout(60):
        first = await _page(ann, "state")
        ended = ann.http.cookies["gsmgw_session"]
        ann.http.cookies.clear()
        await ann.sign_in("ben")
        other = await _page(ann, "state")
        assert ended != ann.http.cookies["gsmgw_session"]
        sessions = await rig.client.sessions()
        (number,) = [each["id"] for each in sessions if each["user"] == "ann"]
        cursor = (await rig.client.stats())["last_event"]
        await rig.client.end_session(number)
        began_s = time.monotonic()
        event = await rig.event(cursor, "session.ended")
        assert event["data"] == {"user": "ann", "session": number}
        while not (last := await anext(first)).startswith("event: signed-out"):
            pass
        assert time.monotonic() - began_s < 2, last
        await rig.client.send("+4915112345678", "Hello", send_at="2099-01-01T00:00:00Z")
        while "<strong>1</strong> Scheduled" not in await anext(other):
            pass
        await other.aclose()


async def test_a_user_whose_password_changes_is_signed_out_everywhere(rig: Rig) -> None:
    await add_user(rig, "ann")
    async with signed_in(rig) as browser, asyncio.timeout(60):
        updates = await _page(browser, "state")
        cursor = (await rig.client.stats())["last_event"]
        await rig.client.change_user("ann", password="another long secret")
        assert (await rig.event(cursor, "session.ended"))["data"] == {"user": "ann"}
        while not (await anext(updates)).startswith("event: signed-out"):
            pass


async def test_a_page_that_has_seen_all_gets_nothing_anew(rig: Rig) -> None:
    """Last-Event-ID: only what changed since then is sent again."""
    await add_user(rig, "ann")
    async with signed_in(rig) as browser, asyncio.timeout(60):
        first = await _page(browser, "state")
        seen = browser.web.hub.cursor
        visitor = await browser.site.sessions.visitor(browser.http.cookies["gsmgw_session"])
        look = Look(browser.site, browser.site.languages["en"], zone_named("UTC"), "owner")
        again = browser.web.hub.stream(look, visitor, ["state"], seen)
        assert await anext(again) == "retry: 500\n\n"
        assert 'hx-target="#state"' not in await anext(again)
        await rig.client.send("+4915112345678", "Hello", send_at="2099-01-01T00:00:00Z")
        while "<strong>1</strong> Scheduled" not in await anext(again):
            pass
        await again.aclose()
        late = browser.web.hub.stream(look, visitor, ["state"], seen)
        assert await anext(late) == "retry: 500\n\n"
        assert "<strong>1</strong> Scheduled" in await anext(late)
        await late.aclose()
        await first.aclose()


async def test_each_event_is_on_the_page(rig: Rig) -> None:
    """One after the other; how soon, tests/bench/page.py measures."""
    await add_user(rig, "ann")
    async with signed_in(rig) as browser, asyncio.timeout(60):
        await rig.client.send("+4915112345678", "text 0", send_at="2099-01-01T00:00:00Z")
        updates = await _page(browser, "thread:+4915112345678")
        for count in range(1, 8):
            await rig.client.send("+4915112345678", f"text {count}", send_at="2099-01-01T00:00:00Z")
            while f"text {count}" not in await anext(updates):
                pass
        await updates.aclose()
