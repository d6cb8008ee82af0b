"""Whatever comes over the air is kept and costs no other message anything: random sets of PDUs, the real collector."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from support.inbox import SENDER, STAMP, Desk, pdus
from support.poison import as_pdu, concat, deliver

from gsmgw.inbound.joining import GAP
from gsmgw.store import Store

pytestmark = pytest.mark.long

CASES = int(os.environ.get("GSMGW_PROPERTY_CASES", "60"))
#: Sets that go into one database before a new one is begun.
PER_DATABASE = 50
OTHERS = "+4915799999999"

ages = st.sampled_from(
    [timedelta(0), timedelta(seconds=3), timedelta(hours=4), timedelta(days=-2), timedelta(days=-400)]
)
stamps = st.none() | ages.map(lambda age: STAMP + age)
places = st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 5), st.booleans())
headers = (
    st.just(b"")
    | places.map(lambda place: concat(place[0], place[1], place[2], wide=place[3]))
    | st.binary(min_size=1, max_size=12)
    | st.tuples(places, st.binary(max_size=6)).map(lambda pair: concat(*pair[0][:3]) + pair[1])
)
tpdus = st.builds(
    deliver,
    st.sampled_from([OTHERS, "12345", "+1"]),
    st.binary(max_size=60),
    headers,
    dcs=st.sampled_from([0, 4, 8, 0x10, 0xF0, 0xC8]) | st.integers(0, 255),
    pid=st.sampled_from([0, 0x40, 0x41, 0x7F]),
    stamp=stamps,
    length=st.none() | st.integers(0, 255),
)
#: How a PDU comes, with the time that passes before: again, cut short, or as no PDU at all.
steps = st.lists(
    st.tuples(tpdus, st.sampled_from(["", "", "", "twice", "cut", "odd"]), st.sampled_from([0, 0, 0, 5, 700])),
    min_size=1,
    max_size=8,
)


class Case:
    """Sets one after the other into one database, with a message of two parts around and between each."""

    def __init__(self) -> None:
        self._loop = asyncio.Runner()
        self._directory = tempfile.TemporaryDirectory()
        self._count = 0
        self._desk: Desk | None = None

    def close(self) -> None:
        if self._desk is not None:
            self._loop.run(self._desk.store.close())
            self._desk = None
        self._loop.close()
        self._directory.cleanup()

    def run(self, given_steps: list[tuple[bytes, str, int]]) -> None:
        self._loop.run(self._run(given_steps))

    async def _run(self, given_steps: list[tuple[bytes, str, int]]) -> None:
        if self._desk is None or self._count % PER_DATABASE == 0:
            if self._desk is not None:
                await self._desk.store.close()
            self._desk = Desk(await Store.open(Path(self._directory.name) / f"{self._count}.db"))
        desk, number = self._desk, self._count
        self._count += 1
        kept = await self._kept(desk)
        ordinary = f"ordinary {number} " + "x" * 160
        first, second = pdus(ordinary, reference=number % 256, stamp=STAMP + timedelta(hours=4 * number))
        await desk.take(first)
        taken = 1
        for tpdu, how, pause_s in given_steps:
            if pause_s:
                await desk.clock.advance(pause_s)
                await desk.collector.sweep()
            pdu = as_pdu(tpdu)
            if how == "cut":
                pdu = pdu[: max(2, len(pdu) // 3)]
            elif how == "odd":
                pdu = pdu[:-1] + "?"
            for _ in range(2 if how == "twice" else 1):
                await desk.take(pdu)
                taken += 1
        await desk.take(second)
        await desk.clock.advance(700)
        await desk.collector.sweep()
        found = [text for text in await self._texts(desk, f"ordinary {number} ") if GAP not in text]
        assert found == [ordinary]
        assert await self._kept(desk) == kept + taken + 1, "a PDU is missing"
        waiting = await desk.store.read(
            lambda db: db.execute(
                "SELECT count(*) FROM parts WHERE state = 'waiting' AND message_id IS NULL"
            ).fetchone()
        )
        assert waiting[0] == 0, "a part is neither shown nor in quarantine"

    async def _kept(self, desk: Desk) -> int:
        row = await desk.store.read(lambda db: db.execute("SELECT count(*) FROM parts").fetchone())
        return int(row[0])

    async def _texts(self, desk: Desk, start: str) -> list[str]:
        rows = await desk.store.read(
            lambda db: db.execute(
                "SELECT text FROM messages WHERE peer = ? AND text LIKE ?", (SENDER, f"{start}%")
            ).fetchall()
        )
        return [row[0] for row in rows]


@pytest.fixture
def case() -> Iterator[Case]:
    made = Case()
    yield made
    made.close()


@given(steps)
@settings(
    max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_set_of_parts_harms_another_message(case: Case, given_steps: list[tuple[bytes, str, int]]) -> None:
    case.run(given_steps)
