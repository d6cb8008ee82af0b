"""The page of a fleet in a browser: a node that was killed, and its text that another one sends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page.place import SECRET, SIZES
from page.test_page import violations
from support.nats_server import require_nats_server
from support.processes import until

from gsmgw.client import Client
from gsmgw.demo.fleet import NODES, Fleet
from gsmgw.demo.stage import free_address, process

pytestmark = pytest.mark.page
ANNA = "+4915112345671"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[Client, str]]:
    """The hub of a fleet with a silent node that has a text, and its dashboard."""
    require_nats_server()
    with contextlib.ExitStack() as stack:
        fleet = Fleet(tmp_path, stack)
        fleet.begin()
        until(fleet.socket("hub").exists)
        client = stack.enter_context(Client(fleet.socket("hub")))

        def states() -> dict[str, str]:
            nodes = client.fleet()["nodes"]
            return {node["name"]: "silent" if node["silent"] else node["modems"][0]["state"] for node in nodes}

        until(lambda: states() == dict.fromkeys(NODES, "ready"))
        fleet.kill("ulm")
        client.send(ANNA, "Hello", modem="ulm/m0")
        until(lambda: states()["ulm"] == "silent")
        client.create_user("ann", SECRET, "owner")
        address = free_address()
        arguments = ("--socket", str(fleet.socket("hub")), "web", "--listen", address)
        stack.enter_context(process(tmp_path, "web", "gsmgw", *arguments))
        yield client, f"http://{address}"


def test_a_text_of_a_silent_node_is_moved(hub: tuple[Client, str], chromium: Any, tmp_path: Path) -> None:
    client, base = hub
    until(lambda: "the dashboard is at" in (tmp_path / "web.log").read_text())
    for size, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            page.goto(f"{base}/sign-in")
            page.fill("#name", "ann")
            page.fill("#password", SECRET)
            page.keyboard.press("Enter")
            page.wait_for_url(f"{base}/")
            page.goto(f"{base}/system")
            page.click("main >> text=Fleet")
            page.wait_for_selector("h2:has-text('ulm') >> text=Silent")
            assert violations(page) == [], (size, scheme)
            page.screenshot(path=str(tmp_path / f"{size}-{scheme}.png"))
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
            context.close()

    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base}/sign-in")
    page.fill("#name", "ann")
    page.fill("#password", SECRET)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{base}/")
    page.goto(f"{base}/fleet")
    page.click("text=Move what it has not taken")
    page.wait_for_selector("h1:has-text('Are you sure?')")
    page.click("text=Yes, do it")
    page.wait_for_selector("text=Moved: 1.")
    context.close()
    assert [node["waiting"] for node in client.fleet()["nodes"]] == [0, 0]
