"""Campaigns, segments and rules in a browser: what is built by clicking, and what changes while one looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from page.conftest import SECRET, Place
from page.test_page import violations

pytestmark = pytest.mark.page

Tab = Callable[..., Any]
ANNA, BORIS = "+4915112345671", "+4915112345672"
#: Screens with parts that are folded, or that another test of all screens does not see: steps, a group that is changed.
UNFOLDED = (
    "/compose?to=%2B4915112345671&text=Hello",
    "/contacts/{anna}",
    "/groups?name=Customers",
    "/segments?segment=city+%3D+%22Ulm%22",
    "/campaigns/new",
    "/campaigns/{campaign}",
    "/campaigns/{campaign}/edit?step=text",
    "/campaigns/{campaign}/edit?step=time",
    "/rules",
    "/rules/edit/Book",
    "/drips/Welcome",
    "/templates?answer=Hello",
)


@pytest.fixture(autouse=True)
def shop(place: Place) -> None:
    """An account, and people in groups."""
    if place.cookie:
        return
    client = place.client
    client.set_up(client.create_setup_code()["code"], "ann", SECRET)
    place.cookie = client.sign_in("ann", SECRET)["token"]
    client.put_field("city", "text")
    for number, name, city in ((ANNA, "Anna", "Ulm"), (BORIS, "Boris", "Bonn")):
        client.create_contact(number, name=name, fields={"city": city}, groups=["Customers"])
    client.create_drip("Welcome", [{"delay": "1h", "text": "Hello {{ name }}"}])
    client.enroll_in_drip("Welcome", [ANNA])
    client.put_answer("Hello", "Hello {{ name }}")
    client.create_rule(
        "Book", [{"kind": "ask", "text": "Where?", "field": "city"}], match={"kind": "prefix", "value": "BOOK"}
    )


def test_a_segment_is_built_by_clicking(place: Place, tab: Tab) -> None:
    """Rows and text are the same; the number of people is there at once, and an error below its place."""
    page = tab("phone")
    page.goto(f"{place.base}/segments")
    page.select_option("[name='segment-0.0-field']", "city")
    page.fill("[name='segment-0.0-value']", "Ulm")
    page.keyboard.press("Tab")
    page.wait_for_selector("text=1 contact fulfils this condition.")
    page.click("text=Add a group of conditions")
    page.select_option("[name='segment-0.1.0-field']", "name")
    page.select_option("[name='segment-0.1.0-check']", "text:contains")
    page.fill("[name='segment-0.1.0-value']", "Ann")
    page.click("#segment-builder >> text=Write it as text")
    page.wait_for_selector("#segment")
    assert page.input_value("#segment") == 'city = "Ulm" and name contains "Ann"'
    page.fill("#segment", 'city = "Ulm" and nmae = "x"')
    page.click("#segment-builder >> text=Count")
    page.wait_for_selector("#segment-error >> text=did you mean 'name'")
    assert page.inner_text(".seg-where").split("\n")[1].index("^") == 17
    page.fill("#segment", 'city in ("Ulm", "Bonn")')
    page.click("#segment-builder >> text=Build it from rows")
    page.wait_for_selector("[name='segment-0.0-value']")
    page.click("[aria-label='Remove this condition']")
    page.wait_for_selector("[name='segment-0.0-value']", state="detached")
    page.click("#segment-builder >> text=Add a condition")
    page.select_option("[name='segment-0.0-field']", "group")
    page.select_option("[name='segment-0.0-value']", "Customers")
    page.wait_for_selector("text=2 contacts fulfil this condition.")
    page.click("text=See the contacts")
    page.wait_for_selector("table >> text=Boris")


def test_a_campaign_from_its_first_step_to_its_results(place: Place, tab: Tab) -> None:
    """Forth and back; the counts, the chart and the buttons change while the page is open."""
    page = tab()
    page.goto(f"{place.base}/campaigns/new")
    page.fill("#name", "Sale")
    page.check("label:has-text('Customers') >> nth=0")
    page.click(".actions >> text=Next")
    page.type("#variant-0", "Hello {{ name }} 🎉")
    page.wait_for_selector("#meter-0 >> text=For example: Hello")
    page.wait_for_selector("#meter-0 kbd >> text=🎉")
    page.click("text=Compare with another text")
    page.fill("#variant-1", "Hi")
    page.click(".actions >> text=Next")
    page.fill("#hours", "00:00-23:59")
    page.click(".actions >> text=Back")
    assert page.input_value("#variant-0") == "Hello {{ name }} 🎉"
    page.click("button.step >> text=Who gets it")
    assert page.input_value("#name") == "Sale"
    page.click("button.step >> text=Review")
    page.wait_for_selector("text=This is what it would do")
    assert place.client.campaigns()[0]["windows"]["hours"] == "00:00-23:59"
    questions = []

    def accept(dialog: Any) -> None:
        questions.append(dialog.message)
        dialog.accept()

    page.on("dialog", accept)
    page.click("button:has-text('Start')")
    page.wait_for_selector(".actions >> text=Text who did not answer")
    page.wait_for_selector("#progress .state >> text=Finished")
    assert questions == ["Start this campaign?"]
    page.wait_for_selector("#outcome-chart canvas")
    page.click("#outcome-chart >> text=Figures as a table")
    assert page.inner_text("#outcome-chart tbody tr:first-child td") == "2"
    page.click("text=All recipients")
    page.wait_for_selector("table >> text=Anna")


def test_actions_of_a_rule_appear_with_their_fields(place: Place, tab: Tab) -> None:
    page = tab("phone")
    page.goto(f"{place.base}/rules/new")
    page.fill("#name", "hours")
    page.fill("#words", "HOURS")
    page.fill("#a0-text", "9 to 18")
    page.click("text=Add an action")
    page.select_option("#a1-kind", "set_field")
    page.select_option("#a1-field", "city")
    page.fill("#a1-value", "Ulm")
    page.keyboard.press("Tab")
    assert page.input_value("#a0-text") == "9 to 18"
    page.click("text=Create the rule")
    page.wait_for_selector("text=Saved.")
    page.fill("#sender", ANNA)
    page.fill("#tried", "hours?")
    page.click("text=Try it")
    page.wait_for_selector("text=The rule hours applies.")
    page.wait_for_selector("[role=status] >> text=city = Ulm")


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desktop", "light")])
def test_nothing_keeps_anybody_out(place: Place, tab: Tab, size: str, scheme: str) -> None:
    """axe-core finds nothing, and no screen is wider than the window, also with everything unfolded."""
    campaigns = place.client.campaigns() or [place.client.create_campaign("Sale", {"groups": ["Customers"]}, text="x")]
    names = {"anna": place.client.contact(ANNA)["id"], "campaign": campaigns[0]["id"]}
    page = tab(size, scheme)
    for path in UNFOLDED:
        page.goto(place.base + path.format(**names))
        page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        assert violations(page) == [], path
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path


def test_without_javascript_a_segment_is_built_too(place: Place, tab: Tab) -> None:
    page = tab(java_script_enabled=False)
    page.goto(f"{place.base}/groups")
    page.fill("#name", "Ulm")
    page.select_option("[name='segment-0.0-field']", "city")
    page.click("text=Add a condition")
    page.fill("[name='segment-0.0-value']", "Ulm")
    page.click("#segment-builder >> text=Count")
    assert page.input_value("#name") == "Ulm"
    assert page.is_visible("text=1 contact fulfils this condition.")
    page.click("text=Create the group")
    assert place.client.group("Ulm")["segment"] == 'city = "Ulm"'
