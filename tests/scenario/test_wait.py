"""Waiting for a text: GET /v1/messages/wait, the client and the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from support.processes import Site, until

from gsmgw.client import ApiError, Client

ANNA, SHOP = "+4915112345671", "Example"
EVIL = "/(a+)+$/"


@pytest.fixture
def client(place: Site) -> Iterator[Client]:
    with Client(place.socket) as found:
        yield found


def text(place: Site, words: str, sender: str = ANNA) -> None:
    command = [sys.executable, "-m", "hw_sim", "send", "--control", str(place.control)]
    subprocess.run([*command, "--from", sender, "--to", "modem0", words], check=True, capture_output=True)


def now() -> str:
    return datetime.now(UTC).isoformat()


def received(client: Client) -> int:
    return sum(1 for _ in client.messages(direction="inbound"))


def in_background(call: Callable[[], object]) -> Future[object]:
    pool = ThreadPoolExecutor(1)
    started = threading.Event()

    def run() -> object:
        started.set()
        return call()

    future = pool.submit(run)
    started.wait()
    pool.shutdown(wait=False)
    return future


def test_a_text_that_comes_while_it_is_waited_for(place: Site, client: Client) -> None:
    waiting = in_background(lambda: client.wait(sender=ANNA, match="your code", timeout_s=120))
    before = received(client)
    text(place, "nothing of interest")
    until(lambda: received(client) > before)
    assert not waiting.done()
    text(place, "Your code is 482 913.")
    found = waiting.result(120)
    assert isinstance(found, dict)
    assert found["code"] == "482913"
    assert found["text"] == "Your code is 482 913."
    assert found["from"] == ANNA
    assert found["status"] == "received"


def test_a_text_that_came_before_counts_from_since_on(place: Site, client: Client) -> None:
    began, before = now(), received(client)
    text(place, "first: 111111")
    text(place, "second: 222222", SHOP)
    until(lambda: received(client) == before + 2)
    assert client.wait(since=began, timeout_s=0)["code"] == "111111"
    assert client.wait(since=began, sender=SHOP.lower(), timeout_s=0)["code"] == "222222"
    assert client.wait(since=began, match="/^SECOND: \\d+$/", timeout_s=0)["from"] == SHOP
    with pytest.raises(ApiError) as failed:
        client.wait(since=now(), timeout_s=0)
    assert (failed.value.status, failed.value.code) == (408, "no_message")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"match": "/(/"}, "is not a valid regular expression"),
        ({"match": "/" + "a" * 501 + "/"}, "at most"),
        ({"timeout_s": 301}, "300"),
    ],
)
def test_what_is_not_valid_is_refused(client: Client, wanted: dict[str, object], words: str) -> None:
    with pytest.raises(ApiError) as failed:
        client.wait(**wanted)  # type: ignore[arg-type]
    assert failed.value.status == 422
    assert words in failed.value.detail


def test_a_pattern_without_end_ends_its_own_request_only(place: Site, client: Client) -> None:
    began, before = now(), received(client)
    text(place, "a" * 60 + "!")
    until(lambda: received(client) > before)
    with pytest.raises(ApiError) as failed:
        client.wait(since=began, match=EVIL, timeout_s=0)
    assert "processor time" in failed.value.detail
    assert client.wait(since=began, match="/a!$/", timeout_s=0)["from"] == ANNA


def test_the_command(place: Site, client: Client) -> None:
    began, before = now(), received(client)
    text(place, "Your PIN: 4711")
    until(lambda: received(client) > before)

    def gsmgw(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gsmgw", "wait", *arguments]
        environ = {**os.environ, "GSMGW_SOCKET": str(place.socket)}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)

    assert gsmgw("--since", began, "--match", "pin").stdout == "Your PIN: 4711\n"
    assert gsmgw("--since", began, "--match", "pin", "--code").stdout == "4711\n"
    assert json.loads(gsmgw("--since", began, "--match", "pin", "--json").stdout)["code"] == "4711"
    late = gsmgw("--match", "never", "--timeout", "1s")
    assert late.returncode == 4
    assert "no message that matches was received within 1 s" in late.stderr
