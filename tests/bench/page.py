"""The dashboard: bytes of the first page, server time with a million messages, first paint, events, memory and CPU.

    python -m tests.bench.page [--seconds 600]

Without Chromium the first paint is left out. $GSMGW_MILLION is another number of messages.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from page.place import SECRET, page_process
from support.processes import Site, site, until
from support.rig import make_config, running

from gsmgw.client import Client
from gsmgw.web.live.hub import HEARTBEAT_S
from tests.bench.gateway import cpu_s, memory_mb
from tests.bench.lists import COUNT, fill

ANNA = "+4915112345671"
ROUNDS, PAINTS, EVENTS, TABS, PER_S = 30, 5, 10, 10, 20
SCREENS = (
    "/",
    "/outbox",
    "/outbox?status=delivered",
    "/inbox",
    "/conversations",
    f"/conversations/{quote(ANNA)}",
    "/statistics",
    "/statistics?by=country",
    "/contacts",
    "/modems",
)


class Dashboard:
    """A gateway with its dashboard, and somebody who is signed in."""

    def __init__(self, place: Site, client: Client, pid: int, base: str, token: str) -> None:
        self.place, self.client, self.pid, self.base, self.token = place, client, pid, base, token

    def browser(self, **options: Any) -> httpx.Client:
        """A browser without a screen."""
        return httpx.Client(base_url=self.base, cookies={"gsmgw_session": self.token}, timeout=60, **options)


@contextlib.contextmanager
def dashboard(directory: Path) -> Iterator[Dashboard]:
    """Run one over the database in a directory."""
    with site(directory, modems=4, gateway='country = "DE"') as place, place.start() as client:
        until(lambda: all(modem["state"] == "ready" for modem in client.modems()))
        client.set_up(client.create_setup_code()["code"], "ann", SECRET)
        token = str(client.sign_in("ann", SECRET)["token"])
        client.send(ANNA, "Hello")
        with page_process(place, directory) as (web, base):
            yield Dashboard(place, client, web.child.pid, base, token)


def _first_page(board: Dashboard) -> None:
    """Print how many bytes the first page takes, with all its files."""
    sizes = {}
    with board.browser(headers={"Accept-Encoding": "gzip"}) as browser:

        def fetched(path: str) -> str:
            with browser.stream("GET", path) as answer:
                sizes[path] = sum(len(part) for part in answer.iter_raw())
            return browser.get(path).text

        html = fetched("/")
        for path in sorted(set(re.findall(r'(?:href|src)="(/static/[^"#]+)', html))):
            fetched(path)
    print(f"first page: {sum(sizes.values()) / 1000:.0f} kB gzip in {len(sizes)} files (at most 150)")


def _server_times(board: Dashboard) -> None:
    with board.browser() as browser:
        for path in SCREENS:
            took = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                answer = browser.get(path)
                took.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, (path, answer.status_code)
            took.sort()
            p95 = took[round(0.95 * len(took)) - 1]
            print(f"{path:<40} median {statistics.median(took):6.1f} ms  p95 {p95:6.1f} ms (at most 100)")


def _paints(board: Dashboard, chromium: Any) -> None:
    for rate, most in ((1, 300), (6, 1000)):
        took = [_paint_ms(board, chromium, rate) for _ in range(PAINTS)]
        print(f"first contentful paint, processor slowed {rate}x: {statistics.median(took):.0f} ms (at most {most})")


def _paint_ms(board: Dashboard, chromium: Any, rate: int) -> float:
    page = _tab(board, chromium)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
    page.goto(board.base, wait_until="commit")
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    found = float(page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    page.context.close()
    return found


def _tab(board: Dashboard, chromium: Any) -> Any:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "gsmgw_session", "value": board.token, "url": board.base}])
    return context.new_page()


def _events(board: Dashboard, chromium: Any) -> None:
    """Print how long it takes from the answer of the API until a text is on the page."""
    page = _tab(board, chromium)
    page.goto(f"{board.base}/conversations/{quote(ANNA)}")
    page.wait_for_selector(".bubble")
    page.wait_for_timeout(1000)  # its event stream is open
    took = []
    for number in range(EVENTS):
        words = f"on the page {number}"
        board.client.send(ANNA, words, send_at="2099-01-01T00:00:00Z")
        began = time.perf_counter()
        page.wait_for_selector(f".bubble:has-text('{words}')")
        took.append((time.perf_counter() - began) * 1000)
        page.wait_for_timeout(300)  # each finds an idle page: changes that come together share an update
    page.context.close()
    print(f"an event on the page: median {statistics.median(took):.0f} ms, most {max(took):.0f} ms (at most 300)")


def _crowd(board: Dashboard, seconds: float) -> None:
    """Print what ten open pages cost while twenty texts a second are sent."""
    with board.browser() as browser:
        for path in SCREENS:
            browser.get(path)
    time.sleep(2)  # the screens are answered and their requests are over: what they took is in the first figure
    before_mb, over = memory_mb(board.pid), threading.Event()
    regions = ["state", "totals", "modems", "new:outbound:", f"thread:{ANNA}", "threads:open:"]
    tabs = [threading.Thread(target=_listen, args=(board, regions, over), daemon=True) for _ in range(TABS)]
    for each in tabs:
        each.start()
    began, cpu, most_mb, number = time.monotonic(), cpu_s(board.pid), 0.0, 0
    while (passed := time.monotonic() - began) < seconds:
        while number < passed * PER_S:
            board.client.send(f"+4915{number % 5000:08d}", f"text {number}")
            number += 1
        most_mb = max(most_mb, memory_mb(board.pid))
        time.sleep(0.02)  # one text at a time, spread over the second; the looking is not to be measured
    share = (cpu_s(board.pid) - cpu) / (time.monotonic() - began)
    over.set()
    for each in tabs:
        each.join(30)
    time.sleep(HEARTBEAT_S + 5)  # a stream may find out with its next heartbeat only that its tab is gone
    after_mb = memory_mb(board.pid)
    print(
        f"{TABS} open pages, {number / seconds:.0f} texts/s for {seconds:.0f} s: {share:.2f} cores (at most 0.5), "
        f"{most_mb:.0f} MB (at most 80), {after_mb - before_mb:+.1f} MB after the tabs are closed (at most +5)"
    )


def _listen(board: Dashboard, regions: list[str], over: threading.Event) -> None:
    with board.browser() as browser, browser.stream("GET", "/live", params={"r": regions}) as answer:
        assert answer.status_code == 200
        for _ in answer.iter_raw():
            if over.is_set():
                return


async def _fill(directory: Path) -> None:
    async with running(make_config(directory, {})) as rig:
        await fill(rig)


def main(arguments: list[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.page")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the pages stay open (default 60)")
    given = parser.parse_args(arguments or [])
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        asyncio.run(_fill(directory))
        print(f"{COUNT} messages")
        with dashboard(directory) as board:
            _first_page(board)
            _server_times(board)
            _in_chromium(board)
            _crowd(board, given.seconds)


def _in_chromium(board: Dashboard) -> None:
    path = shutil.which("chromium")
    if path is None:
        print("Chromium is not installed: no first paint")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        _paints(board, chromium)
        _events(board, chromium)
        chromium.close()


if __name__ == "__main__":
    main(sys.argv[1:])
