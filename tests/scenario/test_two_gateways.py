"""Two gateways whose rules answer each other: two daemons over two simulators, texts carried across by the test."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.processes import Site, first_events, site, until

from gsmgw.client import Client

EAST, WEST = "+4915112340001", "+4915112340002"
#: Texts of a gateway are carried this long after the last one; two answers are ten seconds apart.
QUIET_S = 15.0


class Post:
    """Carries what each gateway sends to the modem of the other one."""

    def __init__(self, east: Site, west: Site, eastern: str, western: str) -> None:
        self._ways = [(east, western, west, eastern), (west, eastern, east, western)]
        self.carried: dict[str, list[str]] = {eastern: [], western: []}

    def carry(self) -> int:
        """Carry the new texts. Return how many."""
        new = 0
        for source, to, target, sender in self._ways:
            sent = [entry["text"] for entry in source.submits() if entry["to"] == to]
            for text in sent[len(self.carried[sender]) :]:
                say(target, sender, text)
                self.carried[sender].append(text)
                new += 1
        return new

    def carry_until_quiet(self) -> None:
        """Carry until nobody has sent anything for a while."""
        last = time.monotonic()
        while time.monotonic() - last < QUIET_S:
            if self.carry():
                last = time.monotonic()
            time.sleep(0.1)  # the simulators write files


def say(place: Site, number: str, text: str) -> None:
    """Let a number text a gateway."""
    command = [sys.executable, "-m", "hw_sim", "send", "--control", str(place.control), "--from", number]
    subprocess.run([*command, "--to", "modem0", text], check=True, capture_output=True)


def suppressed(place: Site) -> list[str]:
    """Return why answers were not sent."""
    with Client(place.socket) as client:
        events: list[dict[str, Any]] = first_events(client, int(client.stats()["last_event"]))
    return [event["data"]["reason"] for event in events if event["type"] == "rule.suppressed"]


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    directory = tmp_path_factory.mktemp
    with site(directory("east"), modems=1) as east, site(directory("west"), modems=1) as west:
        for place in (east, west):
            with place.start() as client:
                until(lambda client=client: client.modems()[0]["state"] == "ready")  # type: ignore[misc]
        yield east, west


def answer(place: Site, text: str) -> None:
    """Let a gateway answer every text."""
    with Client(place.socket) as client:
        client.put_rule("All", [{"kind": "reply", "text": text}], match={"kind": "any"})


@pytest.mark.long
def test_rules_that_answer_each_other_fall_silent_after_five_texts(
    gateways: tuple[Site, Site],
) -> None:
    east, west = gateways
    answer(east, "East: {{ text }}")
    answer(west, "West: {{ text }}")
    post = Post(east, west, EAST, WEST)
    say(west, EAST, "hello")
    post.carry_until_quiet()
    assert [len(texts) for texts in post.carried.values()] == [5, 5]
    assert "answers_in_a_row" in suppressed(west)


@pytest.mark.long
def test_an_out_of_office_that_says_the_same_three_times_gets_no_further_answer(
    gateways: tuple[Site, Site],
) -> None:
    east, west = gateways
    answer(east, "I am out of the office.")
    answer(west, "Thank you for {{ text }}")
    office, shop = "+4915112340011", "+4915112340012"
    post = Post(east, west, office, shop)
    say(west, office, "Hello, are you open?")
    post.carry_until_quiet()
    # The shop answers the greeting and the first two identical texts, the office the three different ones.
    assert post.carried[office] == ["I am out of the office."] * 3
    assert len(post.carried[shop]) == 3
    assert "identical_texts" in suppressed(west)
