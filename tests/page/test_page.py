"""The dashboard in a browser: what a person sees, at both sizes and in both schemes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page.conftest import SECRET, Place

pytestmark = pytest.mark.page

Tab = Callable[..., Any]
ANNA = "+4915112345671"
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = (
    "/",
    "/conversations",
    "/conversations/%2B4915112345671",
    "/compose",
    "/outbox",
    "/inbox",
    "/contacts",
    "/contacts/new",
    "/contacts/import",
    "/groups",
    "/templates",
    "/consent",
    "/modems",
    "/modems/m0",
    "/campaigns",
    "/campaigns/new",
    "/rules",
    "/settings",
)


def violations(page: Any) -> list[str]:
    """What axe-core finds on a page."""
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)["violations"]
    return [f"{each['id']}: {each['help']} {[node['html'] for node in each['nodes']][:3]}" for each in found]


def test_the_first_run(place: Place, tab: Tab) -> None:
    """A code makes the account; the guide follows, and the overview when it is left."""
    page = tab("phone")
    page.goto(place.base)
    assert violations(page) == []
    page.fill("#code", place.client.create_setup_code()["code"])
    page.fill("#name", "ann")
    page.fill("#password", SECRET)
    page.fill("#again", SECRET)
    page.click("text=Create the account")
    page.wait_for_selector("h1:has-text('First steps')")
    assert violations(page) == []
    page.wait_for_selector("#start-modems >> text=Ready")
    page.click("text=Later")
    page.wait_for_selector("h1:has-text('Overview')")
    assert "Ready" in page.inner_text("#modems")
    place.cookie = next(each["value"] for each in page.context.cookies() if each["name"] == "gsmgw_session")


def test_the_overview_is_live(place: Place, tab: Tab) -> None:
    page = tab()
    page.goto(place.base)
    page.wait_for_selector("text=Nothing is waiting.")
    place.client.send(ANNA, "Later", send_at="2099-01-01T00:00:00Z")
    page.wait_for_selector("#state a:has-text('Scheduled')")


def test_a_text_there_and_back(place: Place, tab: Tab) -> None:
    """Composed with a live count of segments; the answer arrives in the open thread and is marked as read."""
    page = tab("phone")
    page.goto(f"{place.base}/compose")
    page.fill("#to", ANNA)
    page.type("#text", "Your table is ready ✓")
    page.wait_for_selector("#meter kbd:has-text('✓')")
    page.click("button:has-text('Send')")
    page.wait_for_selector("#history >> text=Delivered to the phone")
    page.click("main .title-row >> text=Conversation")
    place.phone(ANNA, "Thank you, see you")
    page.wait_for_selector(".bubble:not(.mine) >> text=Thank you, see you")
    page.fill("#reply-text", "Until tonight")
    page.click("#reply button:has-text('Send')")
    page.wait_for_selector(".bubble.mine:has-text('Until tonight') >> text=✓✓")
    page.wait_for_function("() => !document.querySelector('.mark-read')")
    assert place.client.conversation(ANNA)["unread"] == 0


def test_new_texts_wait_behind_a_button(place: Place, tab: Tab) -> None:
    """Nothing moves under the reader, and what is typed stays."""
    page = tab()
    page.goto(f"{place.base}/inbox")
    rows = page.locator(".rows > li").count()
    page.fill("#q", "half a word")
    place.phone(ANNA, "One more")
    page.wait_for_selector("#news >> text=1 new")
    assert page.locator(".rows > li").count() == rows
    assert page.input_value("#q") == "half a word"
    page.click("#news a")
    page.wait_for_selector(".rows >> text=One more")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_every_screen_is_accessible(place: Place, tab: Tab, size: str, scheme: str) -> None:
    """axe-core finds nothing, and no screen scrolls sideways."""
    page = tab(size, scheme)
    for path in SCREENS:
        page.goto(place.base + path)
        assert violations(page) == [], path
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, path


def test_without_javascript(place: Place, tab: Tab) -> None:
    page = tab(java_script_enabled=False)
    page.goto(f"{place.base}/compose?to=%2B4915112345671&text=Hello")
    page.click("text=Check first")
    page.wait_for_selector("text=Ready: 1 number. Segments in all: 1.")
    page.click("button:has-text('Send')")
    page.wait_for_selector("text=Accepted. It leaves")


def test_by_keyboard_alone(place: Place, tab: Tab) -> None:
    page = tab()
    page.goto(f"{place.base}/compose")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(ANNA)
    page.keyboard.press("Tab")
    page.keyboard.type("By keyboard")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Accepted. It leaves")


def test_the_gateway_goes_and_comes_back(place: Place, tab: Tab) -> None:
    """A banner says so, what is typed stays, and the page is live again."""
    page = tab()
    page.goto(f"{place.base}/conversations/%2B4915112345671")
    page.fill("#reply-text", "Half an ans")
    page.wait_for_timeout(1000)
    place.site.kill()
    page.wait_for_selector("#link >> text=The gateway does not answer")
    assert page.input_value("#reply-text") == "Half an ans"
    place.client = place.site.start()
    page.wait_for_selector("#link >> text=The gateway does not answer", state="detached")
    assert page.input_value("#reply-text") == "Half an ans"
    place.complaints.clear()  # a request for the meter may have failed meanwhile
