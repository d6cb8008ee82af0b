"""Texts are kept as long as the configuration says, and not a minute longer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.poison import as_pdu, deliver
from support.rig import Rig, make_config, running, simulated

from gsmgw.client import ApiError
from gsmgw.config.service import KeepSection
from gsmgw.dispatch import TextExpiry
from gsmgw.ports import RawPdu

ANNA = "+4915112345671"
CODE = "Your code is 482913"
MINUTE_MS = 60_000
KEEP = [
    {"codes": True, "minutes": 15},
    {"purpose": "marketing", "days": 1},
    {"tag": "private", "minutes": 5},
]


async def after(rig: Rig, ms: int) -> int:
    """A round of the upkeep at a later time; how many texts it erased."""
    clock = rig.gateway.clock
    now = clock.wall_ms
    clock.wall_ms = lambda: now() + ms  # type: ignore[method-assign]
    try:
        return await TextExpiry(rig.gateway.store, clock).round()
    finally:
        clock.wall_ms = now  # type: ignore[method-assign]


async def texts(rig: Rig) -> list[str | None]:
    await rig.gateway.indexer.catch_up()
    return [message["text"] async for message in rig.client.messages()][::-1]


async def test_each_text_goes_at_its_time(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1, sections={"keep": KEEP}) as (_, rig):
        fields: list[tuple[str, dict[str, Any]]] = [
            (CODE, {}),
            ("an offer", {"purpose": "marketing"}),
            ("a secret", {"tags": ["private"]}),
            ("hello", {}),
        ]
        for text, more in fields:
            sent = await rig.client.send(ANNA, text, **more)
            await rig.ended(sent["id"])
        assert await texts(rig) == [CODE, "an offer", "a secret", "hello"]
        assert await after(rig, 4 * MINUTE_MS) == 0
        assert await after(rig, 6 * MINUTE_MS) == 1
        assert await texts(rig) == [CODE, "an offer", "", "hello"]
        assert await after(rig, 16 * MINUTE_MS) == 1
        assert await after(rig, 25 * 60 * MINUTE_MS) == 1
        assert await texts(rig) == ["", "", "", "hello"]
        assert (await rig.client.page(q="offer"))["data"] == []
        ids = [message["id"] async for message in rig.client.messages()]
        whole = await rig.client.message(ids[-1])
        assert (whole["to"], whole["status"], whole["segment_list"][0]["pdu"]) == (ANNA, "delivered", "")


async def test_a_received_code_leaves_no_trace_but_its_message(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {"m0": str(tmp_path / "none")}, {"keep": KEEP})) as rig:
        tpdu = deliver(ANNA, CODE.encode("utf-16-be"), dcs=8, stamp=datetime.now(UTC))
        raw = RawPdu("m0", "sim", as_pdu(tpdu), None, "SM", 1, 0)
        await rig.gateway.collector.take(raw)
        assert await texts(rig) == [CODE]
        assert await after(rig, 16 * MINUTE_MS) == 0  # the modem may still have it, and bring it again
        rig.gateway.collector.released(raw)
        await rig.gateway.store.write(lambda tx: None)
        assert await after(rig, 16 * MINUTE_MS) == 1
        found = (await rig.client.export_person(ANNA))["messages"]
        assert [(message["from"], message["text"]) for message in found] == [(ANNA, "")]
        dump = await rig.gateway.store.read(lambda db: "\n".join(db.iterdump()))
        assert "482913" not in dump
        assert as_pdu(tpdu) not in dump


async def test_a_message_without_its_text_is_not_sent_again(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {"m0": str(tmp_path / "none")}, {"keep": KEEP})) as rig:
        sent = await rig.client.send(ANNA, CODE)
        await texts(rig)
        assert await after(rig, 60 * MINUTE_MS) == 0  # it waits, and needs its text
        await rig.client.act(sent["id"], "cancel")
        assert await after(rig, 60 * MINUTE_MS) == 1
        with pytest.raises(ApiError) as caught:
            await rig.client.act(sent["id"], "retry")
        assert caught.value.status == 409


def test_a_rule_has_one_time() -> None:
    for fields in ({}, {"minutes": 5, "days": 1}):
        with pytest.raises(ValidationError, match="exactly one of minutes and days"):
            KeepSection.model_validate(fields)
