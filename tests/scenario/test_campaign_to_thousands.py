"""A campaign to 5000 phones that names a keyword, killed three times; its answers and opt-outs; the next campaign."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.processes import Site, site, until

from gsmgw.client import Client
from hw_sim.control.client import request

PEOPLE, MODEMS = 5000, 4
TEXT = "Hello {{ name }}, answer DISCOUNT for 20 % off."
#: The keyword as people write it.
DISCOUNTS = (
    "DISCOUNT", "discount", "Discount!", "discount please", " DISCOUNT ", "\u201cDiscount\u201d", "D\u00cfSCOUNT",
    "discount \U0001f600",
)  # fmt: skip
#: Opt-outs in ten languages, five of them polite.
STOPS = (
    "STOP", "stop please", "Stopp", "bitte stopp", "arr\u00eater", "stop merci", "baja", "parar", "stop grazie",
    "afmelden", "stop alsjeblieft", "rezygnuj\u0119", "odhl\u00e1sit", "\u0441\u0442\u043e\u043f", "avsluta",
)  # fmt: skip
#: Not an opt-out, and one that a person has to decide about.
BILL, SUSPECT = "we have got to STOP this bill", "please leave me alone"
LIMIT_S = 600.0


def number(at: int) -> str:
    return f"+491511{at:07d}"


def say(place: Site, at: int, text: str) -> None:
    request(place.control, "send", **{"from": number(at), "to": f"modem{at % MODEMS}", "text": text})


def texted(place: Site, word: str) -> Counter[str]:
    """How many texts with a word each number got."""
    return Counter(entry["to"] for entry in place.submits() if word in entry["text"])


def started(place: Site) -> Client:
    client = place.start()
    until(lambda: all(modem["state"] == "ready" for modem in client.modems()))
    return client


def reach(place: Site, word: str, count: int) -> None:
    until(lambda: len(texted(place, word)) >= count, LIMIT_S)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_campaign_to_thousands(tmp_path: Path) -> None:
    with site(tmp_path, MODEMS, gateway="unknown_grace_s = 3.0") as place:
        with started(place) as client:
            client.create_group("All")
            rows = "\n".join(["Name,Handy", *(f"Name {at},{number(at)}" for at in range(PEOPLE))])
            client.import_contacts(rows.encode(), groups=["All"])
            match = {"kind": "exact", "value": "DISCOUNT", "trailing_words": 2}
            client.create_rule("discount", [{"kind": "reply", "text": "Your code is SAVE20."}], match=match)
            campaign = client.create_campaign("Sale", {"groups": ["All"]}, text=TEXT)["id"]
            assert client.review_campaign(campaign)["recipients"] == PEOPLE
            client.start_campaign(campaign)
            reach(place, "Hello", 800)
        place.kill()
        with started(place) as client:
            reach(place, "Hello", 1600)
            _pause_and_change_the_pace(place, client, campaign)
            reach(place, "Hello", 2600)
        for sent in (3600, PEOPLE):
            place.kill()
            with started(place):
                reach(place, "Hello", sent)
        with Client(place.socket) as client:
            until(lambda: _is_done(client, campaign), LIMIT_S)
            _everybody_once(place, client, campaign)
            _answers(place, client)
            _opt_outs(place, client)
            _the_next_campaign(place, client)


def _pause_and_change_the_pace(place: Site, client: Client, campaign: str) -> None:
    """Nothing leaves a second after a pause; after the resume it goes on, at another pace."""
    client.act_on_campaign(campaign, "pause")
    until(lambda: client.campaign(campaign)["counts"]["queued"] == 0)
    sent = texted(place, "Hello").total()
    body: dict[str, Any] = {"audience": {"groups": ["All"]}, "text": TEXT}
    client.put_campaign(campaign, "Sale", **body, pace={"per_minute": 60_000})
    assert texted(place, "Hello").total() == sent
    client.act_on_campaign(campaign, "resume")


def _is_done(client: Client, campaign: str) -> bool:
    counts = client.campaign(campaign)["counts"]
    return counts["sent"] + counts["failed"] == PEOPLE


def _everybody_once(place: Site, client: Client, campaign: str) -> None:
    """Nobody is left out. Twice: at most what was in a modem at a kill, without evidence, and is known as that."""
    counts = client.campaign(campaign)["counts"]
    assert (counts["total"], counts["sent"], counts["waiting"], counts["skipped"]) == (PEOPLE, PEOPLE, 0, 0)
    copies = texted(place, "Hello")
    assert set(copies) == {number(at) for at in range(PEOPLE)}
    twice = {to for to, count in copies.items() if count > 1}
    doubtful = {client.message(message)["to"] for message in _unknown(client)}
    assert twice <= doubtful, twice
    assert max(copies.values()) <= 2
    assert len(twice) <= 3 * MODEMS


def _unknown(client: Client) -> set[str]:
    """The messages whose outcome was unknown for a while."""
    found: set[str] = set()
    with contextlib.suppress(TimeoutError):  # the stream has no end
        for event in client.events(0, types=["message.unknown"], timeout_s=5):
            found.add(event["message_id"])
    return found


def _answers(place: Site, client: Client) -> None:
    """300 answer with variants of the keyword; each gets one reply."""
    for at in range(300):
        say(place, at, DISCOUNTS[at % len(DISCOUNTS)])
    wanted = {number(at) for at in range(300)}
    reach(place, "SAVE20", 300)
    assert texted(place, "SAVE20") == Counter(wanted)


def _opt_outs(place: Site, client: Client) -> None:
    """40 say STOP; three speak of a bill; three may mean it."""
    for at in range(40):
        say(place, 1000 + at, STOPS[at % len(STOPS)])
    for at in range(3):
        say(place, 2000 + at, BILL)
        say(place, 3000 + at, SUSPECT)
    until(lambda: len(list(client.optouts())) == 40 and len(list(client.suspects())) == 3, LIMIT_S)
    assert {each["number"] for each in client.optouts()} == {number(1000 + at) for at in range(40)}
    assert {each["number"] for each in client.suspects()} == {number(3000 + at) for at in range(3)}


def _the_next_campaign(place: Site, client: Client) -> None:
    """It leaves the 40 out and says so, and asks about the three, whose texts wait."""
    stopped = {number(1000 + at) for at in range(40)}
    asked = {number(3000 + at) for at in range(3)}
    segment = " or ".join(f'number = "{number(base + at)}"' for base, count in ((1000, 60), (2000, 3), (3000, 3))
                          for at in range(count))  # fmt: skip
    campaign = client.create_campaign("Next", {"segment": segment}, text="News for {{ name }}",
                                      exclude={"recent_hours": 0})["id"]  # fmt: skip
    review = client.review_campaign(campaign)
    assert (review["recipients"], review["left_out"], review["suspected"]) == (26, {"opted_out": 40}, 3)
    client.start_campaign(campaign)
    reach(place, "News", 23)
    results = client.campaign_results(campaign)
    assert results["skipped"] == {"opted_out": 40}
    got = set(texted(place, "News"))
    assert len(got) == 23
    assert not got & (stopped | asked)
    assert {number(2000 + at) for at in range(3)} <= got
