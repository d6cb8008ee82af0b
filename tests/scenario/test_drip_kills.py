"""A drip whose gateway is killed: each step reaches each person, and none is sent twice without a doubt."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from support.processes import Site, site, until

from gsmgw.client import Client

PEOPLE = 30
STEPS = ["Welcome!", "How is it going?"]


def _number(at: int) -> str:
    return f"+491511234{at:04d}"


def _sent(place: Site, text: str) -> Counter[str]:
    return Counter(entry["to"] for entry in place.submits() if entry["text"] == text)


def _doubtful(client: Client) -> set[str]:
    """The people of whom a message was in doubt."""
    last, found = client.stats()["last_event"], set()
    for event in client.events(0):
        if event["type"] == "message.unknown":
            found.add(str(client.message(event["message_id"])["to"]))
        if event["id"] >= last:
            break
    return found


@pytest.mark.long
def test_each_step_is_sent_once_however_often_the_gateway_dies(tmp_path: Path) -> None:
    with site(tmp_path, 2, gateway="unknown_grace_s = 3.0") as place:
        with place.start() as client:
            until(lambda: all(modem["state"] == "ready" for modem in client.modems()))
            client.create_drip(
                "welcome", [{"delay": delay, "text": text} for delay, text in zip(("0m", "1m"), STEPS, strict=True)]
            )
            client.enroll_in_drip("welcome", [_number(at) for at in range(PEOPLE)])
            until(lambda: len(_sent(place, STEPS[0])) >= 5)
        for step, sent in ((0, 15), (1, 10)):
            place.kill()
            with place.start():
                until(lambda step=step, sent=sent: len(_sent(place, STEPS[step])) >= sent, 180)
        place.kill()
        with place.start() as client:
            until(lambda: len(_sent(place, STEPS[1])) == PEOPLE, 180)
            until(lambda: client.drip("welcome")["people"]["active"] == 0, 120)
            doubtful = _doubtful(client)
        for text in STEPS:
            copies = _sent(place, text)
            assert set(copies) == {_number(at) for at in range(PEOPLE)}
            assert {to for to, count in copies.items() if count > 1} <= doubtful
