"""Sums by hour, day and dimension: made from events, added in the transaction that moves the cursor."""

from __future__ import annotations

import operator
import sqlite3
from bisect import bisect_left
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
DAY_MS: Final = 24 * HOUR_MS
COUNTS: Final = (
    "accepted", "sent", "segments", "delivered", "undelivered", "report_missing", "failed", "expired", "canceled",
    "received", "priced", "cost",
)  # fmt: skip
#: Upper bounds of the buckets of delivery times, seconds; the last bucket has none.
BOUNDS_S: Final = (1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300, 900, 3600, 21_600, 86_400)
ALL: Final = "all"
_TOOK: Final = tuple(f"took_{number}" for number in range(len(BOUNDS_S) + 1))
#: The columns that are summed.
_SUMMED: Final = (*COUNTS, *_TOOK)

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
    """A row: a dimension, the length of a span in hours, its beginning, and a key of the dimension."""

    dimension: str
    hours: int
    start_ms: int
    key: str


@dataclass(slots=True)
class Increments:
    """Sums that some events add: to the columns of each row, and to the causes of failures."""

    counts: dict[Place, dict[str, int]] = field(default_factory=dict)
    causes: Counter[tuple[Place, str]] = field(default_factory=Counter)


class _Facts(NamedTuple):
    """Facts of a message that its events are counted by."""

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
    countries: dict[str, str | None] = {}
    found = Increments()
    places: dict[tuple[object, ...], list[tuple[Place, dict[str, int]]]] = {}
    for event in wanted:
        facts = known.get(event.message_id or 0, _NOTHING_KNOWN)
        peer = facts.peer or str(event.data.get("to") or event.data.get("from") or "")
        if peer not in countries:
            countries[peer] = country_of(peer) if peer else None
        modem, country = event.modem or facts.modem, countries[peer]
        counted = _counted(event, facts, country, modem, price_of)
        error = event.data.get("error")
        cause = str(error.get("code")) if event.type in _WITH_CAUSE and isinstance(error, Mapping) else None
        same = (event.at_ms // HOUR_MS, modem, country, facts.campaign, facts.tags)
        if same not in places:  # most events of an hour have the same rows
            places[same] = [
                (place, found.counts.setdefault(place, {})) for place in _places(event.at_ms, facts, modem, country)
            ]
        for place, sums in places[same]:
            for name, count in counted:
                sums[name] = sums.get(name, 0) + count
            if cause is not None:
                found.causes[place, cause] += 1
    return found


def add(tx: Tx, increments: Increments) -> None:
    """Add to the sums."""
    tx.run_many(
        _ADD, [(*place, *(counts.get(name, 0) for name in _SUMMED)) for place, counts in increments.counts.items()]
    )
    tx.run_many(
        "INSERT INTO rollup_causes (dimension, hours, start_ms, key, code, count) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (dimension, hours, start_ms, key, code) DO UPDATE SET count = count + excluded.count",
        [(*place, code, count) for (place, code), count in increments.causes.items()],
    )


_ADD: Final = (
    f"INSERT INTO rollups (dimension, hours, start_ms, key, {', '.join(_SUMMED)}) VALUES (?, ?, ?, ?"
    f"{', ?' * len(_SUMMED)}) ON CONFLICT (dimension, hours, start_ms, key) DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMMED)
)
_NOTHING_KNOWN: Final = _Facts("", None, (), None, None)


def _name_of(event: Event) -> str | None:
    if event.type in _ACCEPTING:
        return "accepted" if "segments" in event.data else None  # else it is back in the queue
    return _COUNTED.get(event.type)


def _counted(
    event: Event, facts: _Facts, country: str | None, modem: str | None, price_of: PriceOf
) -> list[tuple[str, int]]:
    """Return the columns that an event adds to."""
    name = _name_of(event)
    if name is None:
        return []
    if name == "delivered" and facts.sent_ms is not None:
        took_s = max(0, event.at_ms - facts.sent_ms) / 1000
        return [(name, 1), (_TOOK[bisect_left(BOUNDS_S, took_s)], 1)]
    segments = event.data.get("segments")
    if name != "sent" or not isinstance(segments, int):
        return [(name, 1)]
    price = price_of(country, modem)
    costs = [] if price is None else [("priced", segments), ("cost", price * segments)]
    return [(name, 1), ("segments", segments), *costs]


def _places(at_ms: int, facts: _Facts, modem: str | None, country: str | None) -> Iterable[Place]:
    keys = [(ALL, ""), *(("tag", tag) for tag in dict.fromkeys(facts.tags))]
    keys += [(name, key) for name, key in (("modem", modem), ("campaign", facts.campaign), ("country", country)) if key]
    for hours in (1, 24):
        start_ms = at_ms // (hours * HOUR_MS) * (hours * HOUR_MS)
        for dimension, key in keys:
            yield Place(dimension, hours, start_ms, key)


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


class Sums:
    """The sums of a key, or of a span: numbers in the order of the columns, and failures by cause."""

    __slots__ = ("_values", "causes")

    def __init__(self) -> None:
        self._values = [0] * len(_SUMMED)
        self.causes: Counter[str] = Counter()

    def add(self, values: Sequence[int]) -> None:
        """Add a row."""
        self._values = list(map(operator.add, self._values, values))

    @property
    def counts(self) -> dict[str, int]:
        """The counts by name."""
        return dict(zip(COUNTS, self._values, strict=False))

    @property
    def took(self) -> dict[int, int]:
        """How many were delivered in each bucket of times."""
        return {number: count for number, count in enumerate(self._values[len(COUNTS) :]) if count}


#: Returns what the sums of a row are added to, by the row's beginning and key.
KeyOf = Callable[[int, str], str]


def by_key(_: int, key: str) -> str:
    """Sum by the key of the dimension."""
    return key


def sums(
    db: sqlite3.Connection,
    dimension: str,
    since_ms: int,
    until_ms: int,
    key_of: KeyOf = by_key,
    *,
    hourly: bool = False,
) -> dict[str, Sums]:
    """Return the sums of a span. ``hourly`` reads each hour; else whole days are read at once."""
    found: dict[str, Sums] = defaultdict(Sums)
    for hours, first_ms, end_ms in [(1, since_ms, until_ms)] if hourly else _cut(since_ms, until_ms):
        single = dimension == ALL  # one row for each span: nothing to group
        given = (dimension, hours, first_ms, end_ms)
        span = "WHERE dimension = ? AND hours = ? AND start_ms >= ? AND start_ms < ?"
        query = f"SELECT start_ms, key, {_PLAIN} FROM rollups {span}"
        if not single:
            query = f"SELECT start_ms, key, {_SUM} FROM rollups {span} GROUP BY key"
        for start_ms, key, *values in db.execute(query, given):
            found[key_of(start_ms, key)].add(values)
        query = f"SELECT start_ms, key, code, count FROM rollup_causes {span}"
        if not single:
            query = f"SELECT start_ms, key, code, sum(count) FROM rollup_causes {span} GROUP BY key, code"
        for start_ms, key, code, count in db.execute(query, given):
            found[key_of(start_ms, key)].causes[code] += count
    return found


_PLAIN: Final = ", ".join(_SUMMED)
_SUM: Final = ", ".join(f"sum({name})" for name in _SUMMED)


def _cut(since_ms: int, until_ms: int) -> list[tuple[int, int, int]]:
    """Cut a span into hours, whole days (UTC), and hours."""
    first_ms, last_ms = -(-since_ms // DAY_MS) * DAY_MS, until_ms // DAY_MS * DAY_MS
    if first_ms >= last_ms:
        return [(1, since_ms, until_ms)]
    return [(1, since_ms, first_ms), (24, first_ms, last_ms), (1, last_ms, until_ms)]
