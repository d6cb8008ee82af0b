"""The first steps in a browser: from the account to a text, its answer, and a line for a program that works."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from page.conftest import SECRET, Place

pytestmark = pytest.mark.page

Tab = Callable[..., Any]
ANNA = "+4915112345671"


def test_from_the_account_to_the_first_program(place: Place, tab: Tab) -> None:
    """The text and its answer appear while the page is open; the line of curl sends."""
    page = tab()
    page.goto(f"{place.base}/setup?code={place.client.create_setup_code()['code']}")
    for field, value in (("name", "ann"), ("password", SECRET), ("again", SECRET)):
        page.fill(f"#{field}", value)
    page.click("text=Create the account")
    page.wait_for_selector("h1:has-text('First steps')")
    place.cookie = next(each["value"] for each in page.context.cookies() if each["name"] == "gsmgw_session")
    assert page.input_value("#to") == ANNA
    page.click("button:has-text('Send')")
    page.wait_for_selector("#start-text >> text=Your phone has it.")

    with page.context.expect_page() as opened:
        page.click("text=Answer as the simulated phone")
    phone = opened.value
    phone.wait_for_selector("#phone-texts >> text=Please answer this text")
    phone.fill("#text", "It works 👍")
    phone.click("text=Send as this phone")
    page.wait_for_selector("#start-text >> text=It works 👍")

    page.click("text=Make the token")
    page.click("[data-copy=curl-socket]")
    page.wait_for_selector("[data-copy=curl-socket]:has-text('Copied')")
    done = subprocess.run(page.input_value("#curl-socket"), shell=True, capture_output=True, text=True, check=True)
    assert '"status":"queued"' in done.stdout
    phone.wait_for_selector("#phone-texts >> text=Hello from curl")


def test_a_modem_that_is_unplugged_while_the_page_watches(place: Place, tab: Tab) -> None:
    page = tab("phone")
    page.goto(f"{place.base}/start")
    page.wait_for_selector("#start-modems.is-done")
    simulator = tab()
    simulator.goto(f"{place.base}/simulator")
    simulator.click("text=Unplug")
    page.wait_for_selector("#start-modems:not(.is-done) >> text=Plug the modem in")
    simulator.click("button:has-text('Plug in')")
    page.wait_for_selector("#start-modems.is-done")


def test_without_javascript(place: Place, tab: Tab) -> None:
    """A question comes as a page, and a secret stands in a field."""
    page = tab(java_script_enabled=False)
    page.goto(f"{place.base}/tokens/new")
    page.fill("#name", "shop")
    page.click("text=Make the token")
    assert page.input_value("#token").startswith("gsmgw_")
    assert page.locator("[data-copy]").first.is_hidden()
    page.goto(f"{place.base}/integrations")
    page.click("[aria-label='Revoke the token shop']")
    page.wait_for_selector("h1:has-text('Are you sure?')")
    page.click("text=Yes, do it")
    page.wait_for_selector("text=The token is revoked.")
    assert "shop" not in [each["name"] for each in place.client.tokens()]
