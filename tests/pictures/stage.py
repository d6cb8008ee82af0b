"""A shop with people, conversations, a campaign and rules: what the pictures show."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
from page.place import SECRET, page_of
from support.processes import Site, site, until

from gsmgw.client import Client
from gsmgw.store import Store, rollups
from gsmgw.store.rollups import DAY_MS, HOUR_MS, Increments, Place

#: Name, number, city, group.
PEOPLE = (
    ("Anna Schneider", "+4915112345671", "Ulm", "Regulars"),
    ("Boris Keller", "+4915112345672", "Ulm", "Regulars"),
    ("Chloé Martin", "+4915112345673", "Neu-Ulm", "Regulars"),
    ("David Okafor", "+4915112345674", "Ulm", "Regulars"),
    ("Elif Yılmaz", "+4915112345675", "Blaustein", "Regulars"),
    ("Frieda Haas", "+4915112345676", "Ulm", "Suppliers"),
    ("Giorgos Pappas", "+4915112345677", "Ulm", "Regulars"),
    ("Hanna Weber", "+4915112345678", "Dornstadt", "Regulars"),
    ("Ivo Marek", "+4915112345679", "Ulm", "Staff"),
    ("Jana Lindner", "+4915112345680", "Neu-Ulm", "Staff"),
)
ANNA, BORIS, CHLOE, DAVID = (number for _, number, _, _ in PEOPLE[:4])
#: Who writes what: "in" is a customer, "out" the shop.
TALKS: tuple[tuple[str, str, str], ...] = (
    (BORIS, "in", "Do you have the sourdough on Saturday?"),
    (BORIS, "out", "Yes, from 7 o'clock. Shall we keep one for you?"),
    (BORIS, "in", "Two please 👍"),
    (CHLOE, "in", "Can I change my order to 12 croissants?"),
    (DAVID, "in", "Are you open on the 26th?"),
    (DAVID, "out", "We are open from 8 to 12."),
    (ANNA, "out", "Your cake is ready. You can collect it until 18:00."),
    (ANNA, "in", "Thank you! Could you write „Happy Birthday Mia“ on it?"),
    (ANNA, "out", "Of course, with pleasure. It takes ten minutes."),
    (ANNA, "in", "Perfect, I am there at half past five."),
)
#: Sent on a usual weekday.
USUAL = 140


@dataclass
class Stage:
    """The running shop."""

    site: Site
    client: Client
    base: str
    token: str


@contextlib.contextmanager
def stage(directory: Path) -> Iterator[Stage]:
    """Run a simulator, a gateway and the dashboard, with some weeks behind them."""
    options = 'country = "DE"\ncurrency = "EUR"'
    limits = "[modem.limits]\nper_day = 400\nrecipients_per_day = 200\n"
    prices = '[[price]]\ncountry = "DE"\nper_segment = 0.05\n'
    names = ("counter", "office")
    with site(directory, modems=2, gateway=options, modem=limits, names=names, more=prices) as place:
        anyio.run(_past, directory / "state" / "gsmgw.db")
        with place.start() as client:
            until(lambda: all(modem["state"] == "ready" for modem in client.modems()))
            token = _account(client)
            with Client(place.socket, token=token) as maria:
                _people(maria)
                _campaign(place, maria)
                _rest(place, maria)
                _talk(place, maria)
            with page_of(place, directory) as base:
                yield Stage(place, client, base, token)


async def _past(database: Path) -> None:
    """Write the sums of the last thirty days."""
    database.parent.mkdir(parents=True, exist_ok=True)
    store = await Store.open(database)
    now_ms = round(time.time() * 1000)
    found = _sums(now_ms // DAY_MS * DAY_MS)
    await store.write(lambda tx: rollups.add(tx, found))
    await store.close()


def _sums(midnight_ms: int) -> Increments:
    draw, found = random.Random(7), Increments()
    for day in range(1, 30):
        start_ms = midnight_ms - day * DAY_MS
        weekend = time.gmtime(start_ms / 1000).tm_wday >= 5
        total = round(USUAL * (0.35 if weekend else 1) * (0.8 + 0.4 * draw.random()))
        for hour in range(7, 20):
            share = math.exp(-(((hour - 11) / 4) ** 2)) / 5.6
            _hour(found, start_ms, hour, round(total * share), draw)
    return found


def _hour(found: Increments, day_ms: int, hour: int, sent: int, draw: random.Random) -> None:
    failed = sum(draw.random() < 0.012 for _ in range(sent))
    lost = sum(draw.random() < 0.02 for _ in range(sent))
    counts = {
        "accepted": sent + failed,
        "sent": sent,
        "segments": round(sent * 1.3),
        "delivered": sent - lost,
        "undelivered": lost,
        "failed": failed,
        "received": round(sent * 0.3),
        "priced": round(sent * 1.3),
        "cost": round(sent * 1.3) * 50_000,
        "took_2": sent // 2,
        "took_4": sent // 3,
        "took_6": max(0, sent - lost - sent // 2 - sent // 3),
    }
    modem = "counter" if hour % 3 else "office"
    for dimension, key in (("all", ""), ("modem", modem), ("country", "DE"), ("tag", "orders" if hour % 2 else "news")):
        for hours, start_ms in ((1, day_ms + hour * HOUR_MS), (24, day_ms)):
            place = Place(dimension, hours, start_ms, key)
            sums = found.counts.setdefault(place, {})
            for name, count in counts.items():
                sums[name] = sums.get(name, 0) + count
            if lost:
                found.causes[place, "undelivered"] += lost
            if failed:
                found.causes[place, "refused_by_network"] += failed


def _account(client: Client) -> str:
    code = client.create_setup_code()["code"]
    client.set_up(code, "Maria", SECRET, time_zone="Europe/Berlin")
    client.create_user("Jonas", SECRET, "operator")
    return str(client.sign_in("Maria", SECRET)["token"])


def _people(client: Client) -> None:
    client.put_field("city", "text", searchable=True)
    for name in dict.fromkeys(group for *_, group in PEOPLE):
        client.create_group(name)
    for name, number, city, group in PEOPLE:
        client.create_contact(number, name=name, fields={"city": city})
        client.add_to_group(group, [number])
    client.create_group("In Ulm", segment='city = "Ulm"')


def _talk(place: Site, client: Client) -> None:
    for number, direction, text in TALKS:
        if direction == "out":
            sent = client.send(number, text, purpose="conversation", modem="counter")
            until(lambda sent=sent: client.message(sent["id"])["status"] == "delivered")  # type: ignore[misc]
        else:
            place.inject("modem0", number, text)
            until(lambda text=text: text in [each["text"] for each in client.page(direction="inbound")["data"]])  # type: ignore[misc]
    client.update_conversation(DAVID, read=True)
    client.update_conversation(BORIS, assigned_to="Jonas")
    client.add_note(ANNA, "Cake for Mia: chocolate, 12 people, paid")
    client.put_answer("Opening hours", "We are open from Tuesday to Saturday, 7:00 to 18:00.")
    client.put_answer("Thanks", "Thank you, see you soon!")


def _campaign(place: Site, client: Client) -> None:
    text = "Dear {{ name }}, on Saturday all bread is baked in the old oven. See you! Reply STOP to opt out."
    client.create_template("Saturday", text)
    made = client.create_campaign("Oven Saturday", {"groups": ["Regulars"]}, template="Saturday")
    client.start_campaign(made["id"])
    until(lambda: client.campaign(made["id"])["state"] == "finished")
    place.inject("modem0", PEOPLE[7][1], "STOP")
    until(lambda: client.campaign(made["id"])["counts"]["opted_out"] == 1)
    client.create_campaign("Christmas opening", {"groups": ["Regulars"]}, text="We are open on the 24th until 13:00.")


def _rest(place: Site, client: Client) -> None:
    client.create_rule(
        "Opening hours",
        [{"kind": "reply", "text": "We are open from Tuesday to Saturday, 7:00 to 18:00."}],
        match={"kind": "contains", "value": "open"},
    )
    client.create_rule(
        "Newsletter",
        [
            {"kind": "group_add", "group": "Regulars"},
            {"kind": "reply", "text": "Welcome! Our news come once a month."},
        ],
        match={"kind": "exact", "value": "NEWS"},
    )
    client.send(PEOPLE[4][1], "Reminder: your order is ready tomorrow at 9:00.", send_at="2099-12-23T08:00:00Z")
    client.send(PEOPLE[5][1], "Please deliver 20 kg of rye flour on Monday.", tags=["orders"])
    until(lambda: not {"queued", "sending"} & set(client.stats()["messages"]))
