"""The dashboard in a browser: what a person sees, at both sizes and in both schemes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page.conftest import SECRET, Place
from page.screens import ANNA, furnish, screens
from support.processes import until

from gsmgw.web.application import PAGES

pytestmark = pytest.mark.page

Tab = Callable[..., Any]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ROUTES = [page.path for page in PAGES if page.method == "GET"]


def violations(page: Any) -> list[str]:
    """Return the findings of axe-core on a page."""
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
    """axe-core finds nothing, and no screen scrolls sideways. Below a path, one size and scheme are enough."""
    if not place.is_at_the_root and (size, scheme) != ("desktop", "light"):
        pytest.skip("looked at without a path")
    if not place.client.templates():
        furnish(place.client)
    page, found = tab(size, scheme), []
    for path in screens(place.client, ROUTES):
        response = page.goto(place.base + path)
        assert response.status == 200, path
        found += [f"{path}: {each}" for each in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{path} scrolls sideways")
    assert found == []


def test_a_campaign_with_a_stop(place: Place, tab: Tab) -> None:
    """Started on its page, which shows how many got it and that one opted out, as it happens."""
    place.client.create_contact("+4915112345681", name="Carla")
    made = place.client.create_campaign("Sunday", {"numbers": ["+4915112345681"]}, text="Open on Sunday")
    page = tab("phone")
    page.goto(f"{place.base}/campaigns/{made['id']}")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("main button:has-text('Start')")
    page.wait_for_selector("#progress >> text=Finished")
    place.phone("+4915112345681", "STOP")
    page.wait_for_selector("#progress div:has(dt:has-text('Opted out')) dd:has-text('1')")
    assert "+4915112345681" in [entry["number"] for entry in place.client.optouts()]


def test_an_unknown_outcome_is_resolved(place: Place, tab: Tab) -> None:
    """The page says what it means, and a person decides."""
    place.site.fault("modem0", "taken-error", "--count", "1")
    sent = place.client.send("+4915112345682", "Did this arrive?", delivery_report=False, on_unknown="hold")
    until(lambda: place.client.message(sent["id"])["status"] == "unknown")
    page = tab()
    page.goto(f"{place.base}/outbox?status=unknown")
    page.click(".rows >> text=Did this arrive?")
    page.wait_for_selector("text=did not say whether the network accepted it")
    page.wait_for_function("() => window.updates > 0")  # the buttons are still there then
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("button:has-text('It arrived: leave it')")
    page.wait_for_selector("text=Decided.")
    assert place.client.message(sent["id"])["status"] == "sent"


def test_a_modem_that_is_unplugged_and_returns(place: Place, tab: Tab) -> None:
    """The overview says so while it is open, and that texts wait; then they leave."""
    page = tab()
    page.goto(place.base)
    page.wait_for_selector("#modems >> text=Ready")
    place.site.fault("modem0", "vanish")
    page.wait_for_selector("#modems >> text=Not plugged in")
    page.wait_for_selector("#state >> text=No modem is ready. Texts wait until one is.")
    sent = place.client.send("+4915112345683", "After the pause")
    page.wait_for_selector("#state >> text=they wait until a modem works")
    place.site.fault("modem0", "clear")
    page.wait_for_selector("#modems >> text=Ready")
    until(lambda: place.client.message(sent["id"])["status"] == "delivered")


def test_the_transcript_is_live(place: Place, tab: Tab) -> None:
    """Rows are appended from when the page says so, the oldest leave, and numbers are masked."""
    page = tab()
    page.goto(f"{place.base}/modems/m0/transcript")
    page.wait_for_selector("text=The port is followed.")
    place.client.modem("m0", "ussd", {"code": "*100#"})
    page.wait_for_selector("#tap-rows .tap-out >> text=AT+CUSD")
    assert "*100#" not in page.inner_text("#tap-rows")
    page.evaluate(
        "for (let n = 0; n < 600; n++) document.getElementById('tap-rows').append(document.createElement('div'))"
    )
    place.client.modem("m0", "ussd", {"code": "*100#"})
    page.wait_for_function("() => document.getElementById('tap-rows').children.length === 500")


def test_updates_come_although_a_script_is_late(place: Place, tab: Tab) -> None:
    page = tab()

    def late(route: Any) -> None:
        time.sleep(1)
        route.continue_()

    page.route("**/hx-sse.min.js*", late)
    page.goto(place.base)
    page.wait_for_function("() => window.updates > 0")


@pytest.mark.parametrize("path", ["/modems/m0/transcript", "/"])
def test_a_stream_that_cannot_be_opened_at_first_is_opened_later(place: Place, tab: Tab, path: str) -> None:
    page, answers = tab(), [503, None]

    def answer(route: Any) -> None:
        if not answers:
            route.continue_()
        elif (status := answers[0]) is None:
            route.abort("connectionreset")
        else:
            answers.pop(0)
            route.fulfill(status=status)

    page.route(re.compile(r"/live(\?|$)"), answer)
    page.goto(place.base + path)
    page.wait_for_selector("text=No connection to this page's server.")
    answers.clear()
    page.wait_for_function("() => window.updates > 0")
    page.wait_for_selector("#offline", state="hidden")
    told = ("status of 503", "ERR_CONNECTION_RESET", "Failed to fetch")
    place.complaints[:] = [each for each in place.complaints if not any(words in each for words in told)]


def test_an_ended_session_leaves_its_page(place: Place, tab: Tab) -> None:
    """Within two seconds the page asks to sign in."""
    token = place.client.sign_in("ann", SECRET)["token"]
    page = tab(cookie=token)
    page.goto(place.base)
    page.wait_for_selector("#modems")
    page.wait_for_function("() => window.isLive")
    newest = place.client.sessions()[0]
    place.client.end_session(newest["id"])
    page.wait_for_selector("#password")


def test_a_session_that_ended_while_the_connection_was_lost(place: Place, tab: Tab) -> None:
    """The stream that is opened again has nothing to say, and the page opens again, to ask to sign in."""
    page, tries = tab(), []

    def answer(route: Any) -> None:
        tries.append(route)
        if len(tries) == 1:
            route.fulfill(status=200, content_type="text/event-stream", body="retry: 500\n\n")
        else:
            route.fulfill(status=204)

    page.route("**/live?*", answer)
    page.goto(place.base)
    page.wait_for_function("() => performance.getEntriesByType('navigation')[0].type === 'reload'")


def test_without_javascript(place: Place, tab: Tab) -> None:
    page = tab(java_script_enabled=False)
    page.goto(f"{place.base}/compose?to=%2B4915112345671&text=Hello")
    page.click(".btn:has-text('Check first')")
    page.wait_for_selector(".outlook .figures")
    page.click("button:has-text('Send')")
    page.wait_for_selector("text=Accepted. It leaves")


def test_the_most_important_without_javascript(place: Place, tab: Tab) -> None:
    """Sign in, read, answer, look for a text, restart a modem, see the figures."""
    page = tab(java_script_enabled=False, cookie="")
    page.goto(place.base)
    page.fill("#name", "ann")
    page.fill("#password", SECRET)
    page.click("main button:has-text('Sign in')")
    page.wait_for_selector("h1:has-text('Overview')")
    page.goto(f"{place.base}/conversations")
    page.click(".thread-list a >> nth=0")
    page.fill("#reply-text", "Without a script")
    page.click("#reply button:has-text('Send')")
    page.wait_for_selector(".bubble.mine:has-text('Without a script')")
    page.goto(f"{place.base}/outbox")
    page.fill("#q", "script")
    page.click("main button:has-text('Search')")
    page.wait_for_selector(".rows >> text=Without a script")
    page.goto(f"{place.base}/modems/m0")
    page.fill("#code", "*100#")
    page.click("#ussd button:has-text('Send')")
    page.wait_for_selector(".session .answer")
    page.goto(f"{place.base}/statistics")
    page.select_option("#by", "modem")
    page.click("main button:has-text('Show')")
    page.wait_for_selector("table.fold th:has-text('m0')")


def test_by_keyboard_alone(place: Place, tab: Tab) -> None:
    page = tab(reduced_motion="reduce")
    page.goto(f"{place.base}/compose")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    tab_to(page, "#to")
    page.keyboard.type(ANNA)
    tab_to(page, "#text")
    page.keyboard.type("By keyboard")
    tab_to(page, "#compose .btn-primary")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Accepted. It leaves")


def test_a_conversation_by_keyboard_alone(place: Place, tab: Tab) -> None:
    """Opened from the list, answered with a ready answer, and left again."""
    page = tab(reduced_motion="reduce")
    page.goto(f"{place.base}/conversations")
    tab_to(page, ".thread-list a")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reply-text")
    tab_to(page, "#reply-text")
    page.keyboard.type("Typed")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".bubble.mine:has-text('Typed')")


def tab_to(page: Any, selector: str) -> None:
    """Press Tab until an element has the focus, as somebody without a mouse does; it must be seen that it has it."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            page.wait_for_function("() => getComputedStyle(document.activeElement).outlineStyle !== 'none'")
            return
    raise AssertionError(f"Tab does not reach {selector}")
