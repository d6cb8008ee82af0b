"""A simulator, a gateway and the dashboard as processes, and Debian's Chromium to look at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from page.place import SECRET, SIZES, page_of
from support.processes import Site, site, until

from gsmgw.client import Client

__all__ = ["SECRET", "Place"]

CHROMIUM = shutil.which("chromium")

if CHROMIUM is None and os.environ.get("CI"):
    raise RuntimeError("Chromium is missing. Run: sudo sh tests/page/install-debian.sh")


#: Says in the page that its stream of updates is open, and how many updates came.
HEARS_LIVE = """
window.updates = 0;
document.addEventListener("htmx:sse:after:connection", () => { window.isLive = true; });
document.addEventListener("htmx:sse:after:message", () => { window.updates += 1; });
"""


@pytest.fixture(autouse=True)
def nothing_left_behind() -> None:
    """The browser, the client and the processes live as long as all tests of the file."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser. Skipped without Chromium, except in CI."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: sudo sh tests/page/install-debian.sh")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Place:
    """A running dashboard."""

    site: Site
    client: Client
    base: str
    cookie: str = ""
    complaints: list[str] = field(default_factory=list)

    @property
    def is_at_the_root(self) -> bool:
        """False below a path."""
        return self.base.count("/") == 2

    def phone(self, sender: str, text: str) -> None:
        """Send a text from a simulated phone to the first modem."""
        self.site.inject("modem0", sender, text)


@pytest.fixture(scope="module", params=["", "/sub/path"], ids=["root", "below-a-path"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A dashboard of a gateway with one modem, without an account; once more below a path."""
    directory = tmp_path_factory.mktemp("page")
    options = 'country = "DE"\nunknown_grace_s = 600'
    hooks = '[webhooks]\nallow = ["http", "loopback"]'
    with site(directory, modems=1, gateway=options, more=hooks) as found, found.start() as client:
        until(lambda: client.modems()[0]["state"] == "ready")
        with page_of(found, directory, request.param) as base:
            yield Place(found, client, base)


@pytest.fixture
def tab(chromium: Any, place: Place) -> Iterator[Callable[..., Any]]:
    """Opens tabs. Errors of the console, reports of the policy and requests to other hosts fail the test."""
    contexts = []

    def complain(text: str) -> None:
        place.complaints.append(text)

    def open_tab(size: str = "desktop", scheme: str = "light", cookie: str | None = None, **options: Any) -> Any:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, locale="en", **options
        )
        context.set_default_timeout(60_000)
        if token := place.cookie if cookie is None else cookie:
            context.add_cookies([{"name": "gsmgw_session", "value": token, "url": place.base}])
        contexts.append(context)
        context.add_init_script(HEARS_LIVE)
        page = context.new_page()
        page.on("console", lambda line: complain(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("request", lambda r: None if r.url.startswith((place.base, "data:")) else complain(f"request {r.url}"))
        return page

    yield open_tab
    for context in contexts:
        context.close()
    complaints, place.complaints = place.complaints, []
    assert complaints == []
