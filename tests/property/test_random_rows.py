"""Whatever stands in a row of the database, no call fails with 500, and streams, webhooks and the queue go on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings
from support.inbox import SENDER, pdus
from support.receiver import receiving
from support.rig import Rig, make_config, running
from support.waiting import GENEROUS_S

from gsmgw.client.options import no_tls
from gsmgw.dispatch import feed
from gsmgw.errors import StoreError
from gsmgw.ports import RawPdu
from gsmgw.store import Tx

pytestmark = pytest.mark.long

CASES = int(os.environ.get("GSMGW_PROPERTY_CASES", "60"))
TABLES = ("messages", "segments", "parts", "reports", "events", "idempotency", "concat_references", "tokens",
          "webhooks", "webhook_deliveries", "callbacks", "audit", "sims", "cursors")  # fmt: skip

#: Tables whose first column is the key.
WITHOUT_ROWID = ("segments", "idempotency", "concat_references", "sims", "webhooks", "cursors")

odd_texts = st.sampled_from(
    ["", "x", "{", "[]", "{}", "null", "NaN", "[1]", '["\\ud800"]', '{"\\ud83d": "\\udc00"}', "[" * 5000, "9" * 5000,
     '[{"value": 1}]', '[{"at_ms": "x", "duration_ms": []}]', "\x00", "a\u2028b", "1", "-1"]
)  # fmt: skip
odd_values = (
    st.none()
    | odd_texts
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
)


@dataclass
class House:
    """A running gateway with something in every table, and a plain client of it."""

    rig: Rig
    http: httpx.AsyncClient
    paths: list[str]
    columns: dict[str, list[str]]

    async def spoil(self, table: str, row: int, column: int, value: Any, *, as_text: bool) -> None:
        """Put a value into a column while everything is read and a message is accepted; then the row is as before."""
        name = self.columns[table][column % len(self.columns[table])]
        store = self.rig.gateway.store
        key = (
            "rowid"
            if table not in ("segments", "idempotency", "concat_references", "sims", "webhooks", "cursors")
            else None
        )
        names = ", ".join(self.columns[table])
        rows = await store.read(lambda db: db.execute(f"SELECT {key or 1}, {names} FROM {table}").fetchall())
        if not rows:
            return
        place = row % len(rows)
        place_of = key if key is not None else self.columns[table][0]
        number = rows[place][0] if key is not None else rows[place][1]
        before = dict(zip(self.columns[table], rows[place][1:], strict=True))
        change = "CAST(? AS TEXT)" if as_text and isinstance(value, bytes) else "?"

        def write(tx: Tx) -> None:
            tx.run(f"UPDATE {table} SET {name} = {change} WHERE {place_of} = ?", (value, number))

        def restore(tx: Tx) -> None:
            now = value if name == place_of else number
            tx.run(f"UPDATE {table} SET {name} = ? WHERE {place_of} = ?", (before[name], now))

        try:
            await store.write(write)
        except (StoreError, OverflowError, ValueError):  # the table's own conditions refuse it, or SQLite does
            return
        try:
            await self.look(after=0 if table == "events" else self.rig.gateway.feed.last_id)
        finally:
            with contextlib.suppress(StoreError):
                await store.write(restore)

    async def look(self, after: int) -> None:
        self.rig.gateway.access.reload()
        for path in self.paths:
            answer = await self.http.get(path)
            assert answer.status_code < 500, (path, answer.text)
            answer.read()
        accepted = await self.http.post("/v1/messages", json={"to": SENDER, "text": "x"})
        assert accepted.status_code == 202, accepted.text
        number = accepted.json()["id"]
        async with asyncio.timeout(60):
            async with self.http.stream("GET", "/v1/events", params={"after": after}) as stream:
                async for line in stream.aiter_lines():
                    if number in line:
                        break
        canceled = await self.http.post(f"/v1/messages/{number}/cancel")
        assert canceled.status_code == 200, canceled.text


@contextlib.asynccontextmanager
async def house(directory: Path) -> AsyncIterator[House]:
    sections = {"webhooks": {"allow": ["http", "loopback"]}}
    config = make_config(directory, {}, sections)
    transport = httpx.AsyncHTTPTransport(uds=str(config.gateway.socket), verify=no_tls())
    async with (
        receiving() as target,
        running(config) as rig,
        httpx.AsyncClient(transport=transport, base_url="http://gsmgw", timeout=GENEROUS_S) as http,
    ):
        hook = (await http.post("/v1/webhooks", json={"url": target.url, "tags": ["t"], "modems": ["m"]})).json()["id"]
        await http.post("/v1/webhooks", json={"url": target.url})
        await http.post("/v1/tokens", json={"name": "t", "scopes": ["read"]})
        message = {"to": SENDER, "text": "a word", "tags": ["t"], "client_ref": "r"}
        sent = await http.post("/v1/messages", json=message, headers={"Idempotency-Key": "k"})
        assert sent.status_code == 202, sent.text
        number = sent.json()["id"]
        for pdu in (*pdus("first word"), "00FF"):
            await rig.gateway.collector.take(RawPdu("m", "sim", pdu, None, "SM", 1, 0))
        await target.came(1)
        paths = [
            "/v1/messages", "/v1/messages?q=word", f"/v1/messages/{number}", "/v1/messages/export", "/v1/stats",
            "/v1/messages/export?format=csv", "/v1/conversations", "/v1/quarantine", "/v1/webhooks", "/v1/tokens",
            f"/v1/webhooks/{hook}", f"/v1/webhooks/{hook}/deliveries", "/v1/audit", "/v1/modems", "/metrics",
        ]  # fmt: skip
        columns = {}
        for table in TABLES:
            rows = await rig.gateway.store.read(lambda db, t=table: db.execute(f"PRAGMA table_info({t})").fetchall())
            columns[table] = [row[1] for row in rows]
        yield House(rig, http, paths, columns)


def test_no_row_harms_anything_else() -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as directory,
        asyncio.Runner() as runner,
    ):
        patch.setattr(feed, "RING", 4)  # so that events are read from the database
        manager = house(Path(directory))
        work = runner.run(manager.__aenter__())

        @given(st.sampled_from(TABLES), st.integers(0, 50), st.integers(0, 40), odd_values, st.booleans())
        @settings(max_examples=CASES, deadline=None)
        @example("events", 0, 5, "{", False)
        @example("webhooks", 0, 5, '["\\ud800"]', False)
        @example("messages", 0, 5, b"\xff\xfe", True)
        def spoil(table: str, row: int, column: int, value: Any, as_text: bool) -> None:
            runner.run(work.spoil(table, row, column, value, as_text=as_text))

        try:
            spoil()
        finally:
            runner.run(manager.__aexit__(None, None, None))
