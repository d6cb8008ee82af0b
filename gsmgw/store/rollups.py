"""Sums by hour and dimension: made from events, added in the transaction that moves the cursor."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from gsmgw.model import Event, EventType
from gsmgw.store.tx import Tx, as_json
from gsmgw.store.unreadable import readable, strings

#: The name of the cursor in the event log.
CURSOR: Final = "rollups"
HOUR_MS: Final = 3_600_000
COUNTS: Final = (
    "accepted", "sent", "segments", "delivered", "undelivered", "report_missing", "failed", "expired", "canceled",
    "received", "priced", "cost",
)  # fmt: skip
#: Upper bounds of the buckets of delivery times, seconds; the last bucket has none.
BOUNDS_S: Final = (1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300, 900, 3600, 21_600, 86_400)
ALL: Final = "all"

_COUNTED: Mapping[str, str] = {
    EventType.MESSAGE_SENT: "sent",
    EventType.MESSAGE_DELIVERED: "delivered",
    EventType.MESSAGE_UNDELIVERED: "undelivered",
    EventType.MESSAGE_REPORT_MISSING: "report_missing",
    EventType.MESSAGE_FAILED: "failed",
    EventType.MESSAGE_EXPIRED: "expired",
    EventType.MESSAGE_CANCELED: "canceled",
    EventType.MESSAGE_RECEIVED: "received",
}
_ACCEPTING = frozenset({EventType.MESSAGE_QUEUED, EventType.MESSAGE_SCHEDULED})
_WITH_CAUSE = frozenset({EventType.MESSAGE_FAILED, EventType.MESSAGE_UNDELIVERED})


class Place(NamedTuple):
    """A row: a dimension, the beginning of an hour, and a key of the dimension."""

    dimension: str
    hour_ms: int
    key: str


@dataclass(slots=True)
class Increments:
    """What some events add."""

    counts: dict[Place, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    details: Counter[tuple[Place, str, str]] = field(default_factory=Counter)


class _Facts(NamedTuple):
    """What a message says about its events."""

    peer: str
    modem: str | None
    tags: tuple[str, ...]
    campaign: str | None
    sent_ms: int | None


#: Returns the country of a number.
CountryOf = Callable[[str], str | None]
#: Returns the price of a segment in millionths, by country and modem.
PriceOf = Callable[[str | None, str | None], int | None]


def measure(db: sqlite3.Connection, events: Sequence[Event], country_of: CountryOf, price_of: PriceOf) -> Increments:
    """Return what these events add."""
    wanted = [event for event in events if event.message_id is not None and _name_of(event) is not None]
    known = _facts(db, {event.message_id for event in wanted if event.message_id is not None})
    found = Increments()
    for event in wanted:
        facts = known.get(event.message_id or 0, _NOTHING_KNOWN)
        peer = facts.peer or str(event.data.get("to") or event.data.get("from") or "")
        modem = event.modem or facts.modem
        country = country_of(peer) if peer else None
        counted = _counted(event, country, modem, price_of)
        took = _took(event, facts)
        error = event.data.get("error")
        cause = str(error.get("code")) if event.type in _WITH_CAUSE and isinstance(error, Mapping) else None
        for place in _places(event.at_ms // HOUR_MS * HOUR_MS, facts, modem, country):
            found.counts[place].update(counted)
            if took is not None:
                found.details[place, "took", f"{took:02d}"] += 1
            if cause is not None:
                found.details[place, "cause", cause] += 1
    return found


def add(tx: Tx, increments: Increments) -> None:
    """Add to the sums."""
    names = ", ".join(COUNTS)
    sums = ", ".join(f"{name} = {name} + excluded.{name}" for name in COUNTS)
    tx.run_many(
        f"INSERT INTO rollups (dimension, hour_ms, key, {names}) VALUES (?, ?, ?{', ?' * len(COUNTS)}) "
        f"ON CONFLICT (dimension, hour_ms, key) DO UPDATE SET {sums}",
        [(*place, *(counts[name] for name in COUNTS)) for place, counts in increments.counts.items()],
    )
    tx.run_many(
        "INSERT INTO rollup_details (dimension, hour_ms, key, kind, name, count) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (dimension, hour_ms, key, kind, name) DO UPDATE SET count = count + excluded.count",
        [(*place, kind, name, count) for (place, kind, name), count in increments.details.items()],
    )


_NOTHING_KNOWN: Final = _Facts("", None, (), None, None)


def _name_of(event: Event) -> str | None:
    if event.type in _ACCEPTING:
        return "accepted" if "segments" in event.data else None  # else it is back in the queue
    return _COUNTED.get(event.type)


def _counted(event: Event, country: str | None, modem: str | None, price_of: PriceOf) -> Mapping[str, int]:
    name = _name_of(event)
    if name is None:
        return {}
    segments = event.data.get("segments")
    if name != "sent" or not isinstance(segments, int):
        return {name: 1}
    price = price_of(country, modem)
    costs = {} if price is None else {"priced": segments, "cost": price * segments}
    return {name: 1, "segments": segments, **costs}


def _took(event: Event, facts: _Facts) -> int | None:
    """Return the bucket of the delivery time."""
    if event.type != EventType.MESSAGE_DELIVERED or facts.sent_ms is None:
        return None
    took_s = max(0, event.at_ms - facts.sent_ms) / 1000
    return next((number for number, bound_s in enumerate(BOUNDS_S) if took_s <= bound_s), len(BOUNDS_S))


def _places(hour_ms: int, facts: _Facts, modem: str | None, country: str | None) -> Iterable[Place]:
    yield Place(ALL, hour_ms, "")
    for dimension, key in (("modem", modem), ("campaign", facts.campaign), ("country", country)):
        if key:
            yield Place(dimension, hour_ms, key)
    for tag in dict.fromkeys(facts.tags):
        yield Place("tag", hour_ms, tag)


def _facts(db: sqlite3.Connection, ids: set[int]) -> dict[int, _Facts]:
    rows = db.execute(
        "SELECT id, peer, modem, tags, campaign, sent_ms FROM messages WHERE id IN (SELECT value FROM json_each(?))",
        (as_json(ids),),
    )

    def decode(row: Any) -> tuple[int, _Facts]:
        number, peer, modem, tags, campaign, sent_ms = row
        return number, _Facts(str(peer), modem, strings(tags) if tags else (), campaign, sent_ms)

    return dict(readable(db, "messages", decode, rows))


# -- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of a key in an hour, or in a span: counts by name, delivery times by bucket, failures by cause."""

    counts: Counter[str] = field(default_factory=Counter)
    took: Counter[int] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)

    def add(self, other: Sums) -> None:
        """Add others to these."""
        self.counts.update(other.counts)
        self.took.update(other.took)
        self.causes.update(other.causes)


def sums(
    db: sqlite3.Connection, dimension: str, since_ms: int, until_ms: int, *, hourly: bool = False
) -> dict[str | int, Sums]:
    """Return the sums of a span by key, or by the beginning of each hour."""
    by = "hour_ms" if hourly else "key"
    given = (dimension, since_ms, until_ms)
    found: dict[str | int, Sums] = defaultdict(Sums)
    columns = ", ".join(f"sum({name})" for name in COUNTS)
    span = "WHERE dimension = ? AND hour_ms >= ? AND hour_ms < ?"
    for key, *counts in db.execute(f"SELECT {by}, {columns} FROM rollups {span} GROUP BY {by}", given):
        found[key].counts.update(dict(zip(COUNTS, counts, strict=True)))
    query = f"SELECT {by}, kind, name, sum(count) FROM rollup_details {span} GROUP BY {by}, kind, name"
    for key, kind, name, count in db.execute(query, given):
        if kind == "took":
            found[key].took[int(name)] += count
        else:
            found[key].causes[name] += count
    return found
