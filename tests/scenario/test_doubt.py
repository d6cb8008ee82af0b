"""A modem that takes a message and then fails to say so: nothing lost, nothing sent twice, no stall."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.rig import Rig, hasty, simulated

from gsmgw.modem.health import monitor
from gsmgw.store import evidence
from hw_sim import Simulation

COUNT = 12


async def send_all(rig: Rig, **fields: Any) -> list[str]:
    wanted = [{"to": f"+49151000000{n:02d}", "text": f"text {n}", **fields} for n in range(COUNT)]
    return [answer["id"] for answer in await rig.client.send_many(wanted)]


async def all_end(rig: Rig, ids: list[str], *states: str, within_s: float = 30) -> None:
    """Wait until every message is in one of these states."""
    async with asyncio.timeout(within_s):
        for message_id in ids:
            while (await rig.client.message(message_id))["status"] not in states:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


def copies(sim: Simulation) -> Counter[str]:
    return Counter(entry["text"] for entry in sim.submits)


ONCE = Counter({f"text {n}": 1 for n in range(COUNT)})


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("lost-result", {"count": 3}),
        ("stuck-send", {"count": 2}),
        ("late-result", {"count": 1, "seconds": 4}),
        ("taken-error", {"count": 2}),
        ("prompt-late", {"count": 2, "seconds": 0.5}),
    ],
)
async def test_reports_settle_what_the_modem_does_not_confirm(
    fault: str, options: dict[str, Any], tmp_path: Path
) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        sim.modem("modem0").fault(fault, **options)
        began = time.monotonic()
        await all_end(rig, await send_all(rig), "delivered")
        assert copies(sim) == ONCE
        assert time.monotonic() - began < 20


@pytest.mark.parametrize("fault", ["hang", "vanish", "reset", "reset-mid-pdu", "garbage", "split", "urc-storm"])
async def test_trouble_in_the_middle_of_a_campaign(fault: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, 2, hasty(tmp_path), unknown_grace_s=2) as (sim, rig):
        ids = await send_all(rig)
        await rig.until(lambda: len(sim.submits) >= 3)
        modem = sim.modem("modem0")
        if fault == "reset-mid-pdu":
            modem.fault(fault, count=1)
        else:
            modem.fault(fault, for_s=1.5)
        more = await send_all(rig)
        await all_end(rig, ids + more, "delivered", "sent")
        assert set(copies(sim)) == set(ONCE)
        assert max(copies(sim).values()) <= 3  # each text was asked for twice; one of a kind may be in doubt


async def test_without_reports_the_reference_of_the_next_text_tells(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1, unknown_grace_s=60) as (sim, rig):
        first = await send_all(rig, delivery_report=False)
        await all_end(rig, first, "sent")
        sim.modem("modem0").fault("taken-error", count=1)
        doubtful = await rig.client.send("+4915100000099", "in doubt", delivery_report=False)
        await all_end(rig, [doubtful["id"]], "unknown")
        await rig.client.send("+4915100000098", "the next one", delivery_report=False)
        await all_end(rig, [doubtful["id"]], "sent", within_s=10)
        assert copies(sim)["in doubt"] == 1
        history = [event["type"] for event in (await rig.client.message(doubtful["id"]))["history"]]
        assert "message.settled" in history


async def test_what_did_not_go_is_sent_again_at_once_when_the_reference_says_so(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1, hasty(tmp_path), unknown_grace_s=60) as (sim, rig):
        first = await send_all(rig)
        await all_end(rig, first, "delivered")
        sim.modem("modem0").fault("reset-mid-pdu", count=1, taken=False)
        lost = await rig.client.send("+4915100000099", "lost on the way")
        await all_end(rig, [lost["id"]], "unknown", "delivered")
        await rig.client.send("+4915100000098", "the next one")
        await all_end(rig, [lost["id"]], "delivered", within_s=20)
        assert copies(sim)["lost on the way"] == 1


@pytest.mark.parametrize(("record", "settled"), [("live", True), ("stale", False), ("refused", False)])
async def test_without_reports_and_without_another_text_the_sims_own_record_tells(
    record: str, settled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "HEALTH_EVERY_S", 0.02)
    monkeypatch.setattr(monitor, "RECORD_SETTLES_S", 0.1)
    monkeypatch.setattr(evidence, "RECORD_SETTLES_MS", 50)
    async with simulated(tmp_path, 1, unknown_grace_s=600) as (sim, rig):
        modem = sim.modem("modem0")
        modem.profile = replace(modem.profile, sim=replace(modem.profile.sim, smss=record))
        asked = count_commands(rig, "AT+CRSM")
        for number in range(4):
            await all_end(
                rig, [(await rig.client.send(f"+491510000008{number}", delivery_report=False, text="x"))["id"]], "sent"
            )
            before = len(asked)
            await rig.until(lambda n=before: record == "refused" or len(asked) > n + 1)
        modem.fault("taken-error", count=1)
        went = await rig.client.send("+4915100000099", "in doubt", delivery_report=False)
        if settled:
            await all_end(rig, [went["id"]], "sent", within_s=10)
            settling = [e for e in (await rig.client.message(went["id"]))["history"] if e["type"] == "message.settled"]
            assert [event["data"]["evidence"] for event in settling] == ["record"]
        else:
            await all_end(rig, [went["id"]], "unknown")
            before = len(asked)
            await rig.until(lambda: record == "refused" or len(asked) > before + 3)
            assert (await rig.client.message(went["id"]))["status"] == "unknown"
        assert copies(sim)["in doubt"] == 1


async def test_the_sims_record_is_believed_after_the_first_texts_of_a_busy_modem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read twice right behind a confirmed text, and compared with what the modem has just said."""
    monkeypatch.setattr(monitor, "RECORD_SETTLES_S", 0.1)
    async with simulated(tmp_path, 1, unknown_grace_s=600) as (sim, rig):
        asked = count_commands(rig, "AT+CRSM")
        texts = [{"to": f"+4915100001{n:02d}", "text": "x", "delivery_report": False} for n in range(40)]
        await all_end(rig, [answer["id"] for answer in await rig.client.send_many(texts)], "sent")
        await rig.until(lambda: len(asked) >= monitor.RECORD_READINGS)
        sim.modem("modem0").fault("taken-error", count=1)
        went = await rig.client.send("+4915100000099", "in doubt", delivery_report=False)
        await all_end(rig, [went["id"]], "sent", within_s=10)
        settling = [e for e in (await rig.client.message(went["id"]))["history"] if e["type"] == "message.settled"]
        assert [event["data"]["evidence"] for event in settling] == ["record"]


def count_commands(rig: Rig, wanted: str) -> list[str]:
    """Lines to the modem that begin so, from now on."""
    seen: list[str] = []

    def listen(direction: str, data: bytes) -> None:
        text = data.decode("latin-1")
        if direction == ">" and text.startswith(wanted):
            seen.append(text)

    rig.gateway.modems["modem0"].tap(listen)
    return seen
