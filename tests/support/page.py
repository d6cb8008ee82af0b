"""The dashboard over a gateway, and a browser without a screen that signs in to it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any

import httpx
import jinja2

from gsmgw.web.application import PAGES
from gsmgw.web.live.regions import REGIONS
from gsmgw.web.look import Look, zone_named
from gsmgw.web.routing import Web
from gsmgw.web.settings import WebSettings
from support.rig import Rig

SECRET = "correct horse battery"
_TOKEN = re.compile(r'name="form_token" value="(\w+)"')


class Fields(HTMLParser):
    """The fields of the form with an ID, as a browser would send them."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside, self.found = form_id, False, dict[str, list[str]]()
        self.select, self.area = "", ""
        #: True while the text of an option is its value.
        self.reads_option = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form":
            self.inside = given.get("id") == self.form_id
        if not self.inside:
            return
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.found.setdefault(name, []).append(given.get("value") or "")
        elif tag == "select":
            self.select = f"first {name}"
        elif tag == "option" and self.select:
            self._option(given)
        elif tag == "textarea":
            self.area = name
            self.found.setdefault(name, []).append("")

    def _option(self, given: dict[str, str | None]) -> None:
        is_first = self.select.startswith("first ")
        self.select = self.select.removeprefix("first ")
        if is_first:
            self.found.setdefault(self.select, []).append("")
        self.reads_option = (is_first or "selected" in given) and "value" not in given
        if is_first or "selected" in given:
            self.found[self.select][-1] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
        elif tag == "select":
            self.select = ""
        elif tag == "option":
            self.reads_option = False

    def handle_data(self, data: str) -> None:
        if self.area:
            self.found[self.area][-1] += data
        elif self.reads_option:
            self.found[self.select][-1] += data


def fields_of(page: str, form_id: str) -> dict[str, list[str]]:
    """The fields of a form, without its token."""
    parser = Fields(form_id)
    parser.feed(page)
    parser.found.pop("form_token", None)
    return parser.found


class Browser:
    """Keeps cookies, and sends the forms of the page that it has open."""

    def __init__(self, http: httpx.AsyncClient, web: Web) -> None:
        self.http = http
        self.web = web
        self.site = web.site
        self.page: httpx.Response | None = None

    async def open(self, path: str, **options: Any) -> httpx.Response:
        """Open a page."""
        self.page = await self.http.get(path, **options)
        return self.page

    async def send(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form with the token of the open page; the answer, redirects not followed."""
        assert self.page is not None
        found = _TOKEN.search(self.page.text)
        assert found, self.page.text
        return await self.http.post(path, data={"form_token": found[1], **fields})

    async def sign_in(self, name: str, password: str = SECRET) -> httpx.Response:
        """Sign in by the form."""
        await self.open("/sign-in")
        return await self.send("/sign-in", name=name, password=password, next="/")


class _Compiled(jinja2.BytecodeCache):
    """Templates that a dashboard of this process has compiled: there are hundreds of them, with the same pages."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Fill in a template that is known."""
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Keep a template."""
        self._known[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


@asynccontextmanager
async def dashboard(rig: Rig, base: str = "http://page", **settings: Any) -> AsyncIterator[Browser]:
    """A dashboard for this gateway, in this process, and a browser at it."""
    web = Web(WebSettings(socket=str(rig.client.where), **settings), PAGES)
    web.site.templates.bytecode_cache = _COMPILED
    transport = httpx.ASGITransport(web.application(), client=("192.0.2.7", 1234))
    try:
        async with web.hub.running(), httpx.AsyncClient(transport=transport, base_url=base, timeout=60) as http:
            yield Browser(http, web)
    finally:
        await web.site.sessions.close()


@asynccontextmanager
async def signed_in(rig: Rig, name: str = "ann") -> AsyncIterator[Browser]:
    """A dashboard for this gateway, and a browser at it where somebody is signed in."""
    async with dashboard(rig) as browser:
        await browser.sign_in(name)
        yield browser


async def fragment(browser: Browser, name: str, role: str = "owner") -> str:
    """A live region as it is sent to a page."""
    kind, _, argument = name.partition(":")
    visitor = await browser.site.sessions.visitor(browser.http.cookies["gsmgw_session"])
    look = Look(browser.site, browser.site.languages["en"], zone_named("UTC"), role)
    return await REGIONS[kind].render(look, visitor.gateway, argument)


async def add_user(rig: Rig, name: str, role: str = "owner", **fields: Any) -> None:
    """Add a user."""
    body = {"name": name, "password": SECRET, "role": role, **fields}
    assert (await rig.http.post("/v1/users", json=body)).status_code == 201
