"""Statistics after a million messages, and the list of 100 000 conversations: how long a reader waits.

$GSMGW_MILLION is another number of messages.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.rig import Rig, make_config, running

from gsmgw.model import Event
from gsmgw.model.events import MessageDelivered, MessageQueued, MessageSent
from gsmgw.prices import Price, Prices
from gsmgw.store import Tx, rollups
from gsmgw.store.ids import first_id
from gsmgw.zones import country_of_number

COUNT = int(os.environ.get("GSMGW_MILLION", "1000000"))
PEERS, DAYS, TAGS, MODEMS, LOT = 100_000, 90, 12, 4, 10_000
BEGINNING = ("+49151", "+33612", "+43664", "+44750")
ROUNDS = 15


def _rows(first: int, now_ms: int, draw: random.Random) -> list[tuple[Any, ...]]:
    rows = []
    for number in range(first, first + LOT):
        at_ms = now_ms - DAYS * 86_400_000 + number * DAYS * 86_400_000 // COUNT
        peer = f"{BEGINNING[number % 4]}{number % PEERS:07d}"
        tag = f'["tag{draw.randrange(TAGS)}"]'
        sent_ms = at_ms + 3000
        values = (
            first_id(at_ms) + number % 1000,
            peer,
            tag,
            f"m{draw.randrange(MODEMS)}",
            at_ms,
            sent_ms,
            sent_ms + 4000,
        )
        rows.append(values)
    return rows


def _events(rows: list[tuple[Any, ...]], draw: random.Random) -> list[Event]:
    found = []
    for number, peer, _, modem, at_ms, sent_ms, _ in rows:
        found.append(Event(0, at_ms, "message.queued", number, None, MessageQueued(to=peer, segments=1).as_json()))
        sent = MessageSent(to=peer, client_ref=None, segments=1).as_json()
        found.append(Event(0, sent_ms, "message.sent", number, modem, sent))
        took_ms = round(draw.expovariate(1 / 8000))
        done = MessageDelivered(to=peer, client_ref=None).as_json()
        found.append(Event(0, sent_ms + took_ms, "message.delivered", number, modem, done))
    return found


async def fill(rig: Rig) -> None:
    """Write the messages with their conversations and sums."""
    store, draw = rig.gateway.store, random.Random(1)
    now_ms = rig.gateway.clock.wall_ms()
    prices = Prices([Price("DE", None, 70_000)])
    counting_s = 0.0
    for first in range(0, COUNT, LOT):
        rows = _rows(first, now_ms, draw)

        def insert(tx: Tx, rows: list[tuple[Any, ...]] = rows) -> None:
            tx.run_many(
                "INSERT OR IGNORE INTO messages (id, direction, status, peer, text, encoding, segments, tags, modem, "
                "created_ms, sent_ms, delivered_ms) "
                "VALUES (?, 'outbound', 'delivered', ?, 'x', 'gsm7', 1, ?, ?, ?, ?, ?)",
                rows,
            )
            tx.run_many(
                "INSERT INTO conversations (peer, last_id, last_in_id) VALUES (?, ?, ?) ON CONFLICT (peer) DO UPDATE "
                "SET last_id = excluded.last_id",
                [(row[1], row[0], row[0] % 3) for row in rows],
            )

        await store.write(insert)
        events, began = _events(rows, draw), time.perf_counter()
        for place in range(0, len(events), 500):
            some = events[place : place + 500]
            found = await store.read(
                lambda db, some=some: rollups.measure(db, some, country_of_number, prices.of_segment)
            )
            await store.write(lambda tx, found=found: rollups.add(tx, found))
        counting_s += time.perf_counter() - began
    print(f"counting: {counting_s / COUNT * 1e6:.0f} us a message, three events each")


async def _ask(rig: Rig, path: str) -> None:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = await rig.http.get(path)
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text
    print(f"{path:<60} median {statistics.median(took):7.1f} ms  most {max(took):7.1f} ms  {len(answer.content)} bytes")


async def _run(directory: Path) -> None:
    async with running(make_config(directory, {})) as rig:
        await fill(rig)
        span = "since=2020-01-01T00:00:00Z"
        for query in (f"by=day&{span}".replace("2020", "2025"), "by=hour", f"by=modem&{span}", f"by=tag&{span}",
                      f"by=country&{span}"):  # fmt: skip
            await _ask(rig, f"/v1/statistics?{query}")
        for query in ("", "?unread=true", "?state=open&limit=100", "?q=0012345", "?modem=m0"):
            await _ask(rig, f"/v1/conversations{query}")


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        runner: Callable[[Any], None] = asyncio.run
        runner(_run(Path(directory)))


if __name__ == "__main__":
    main()
