"""A modem that takes long for its result and answers AT meanwhile: each text is sent once (V.250 5.6)."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.modems import TPDU, at_once
from support.rig import Rig, hasty, simulated
from support.virtual import bench

from gsmgw.errors import Disposition, SubmitError
from gsmgw.store import Tx
from hw_sim import Simulation

DEADLINE_S = 60


async def becomes(rig: Rig, message_id: str, *states: str) -> dict[str, Any]:
    async with asyncio.timeout(DEADLINE_S):
        while (message := await rig.client.message(message_id))["status"] not in states:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return message


async def send(rig: Rig, number: int, **fields: Any) -> str:
    answer = await rig.client.send(f"+49151000000{number:02d}", f"text {number}", delivery_report=False, **fields)
    return str(answer["id"])


def times_sent(sim: Simulation) -> Counter[str]:
    return Counter(entry["text"] for entry in sim.submits)


async def known(rig: Rig) -> None:
    """Send enough for the gateway to know how fast the modem is."""
    for number in range(90, 96):
        await becomes(rig, await send(rig, number), "sent")


@pytest.mark.parametrize("seconds", [20.0, 60.0])
async def test_the_result_is_waited_for_though_at_is_answered(seconds: float) -> None:
    async with bench() as place:
        place.simulated.fault("slow-result", seconds=seconds)
        await place.ready()
        for _ in range(3):
            task = asyncio.ensure_future(place.modem.submit(TPDU, before_payload=at_once))
            await place.pass_until(task.done, 200)
            assert isinstance(task.result(), int)
        assert place.events("submit.late_confirmation") == []
        assert len(place.simulation.submits) == 3


async def test_the_wait_follows_what_the_modem_was_seen_to_need() -> None:
    async with bench() as place:
        await place.ready()
        for _ in range(5):
            task = asyncio.ensure_future(place.modem.submit(TPDU, before_payload=at_once))
            await place.pass_until(task.done, 200)
        place.simulated.fault("slow-result", seconds=25.0)
        task = asyncio.ensure_future(place.modem.submit(TPDU, before_payload=at_once))
        await place.pass_until(task.done, 200)
        failure = task.exception()
        assert isinstance(failure, SubmitError)
        assert (failure.disposition, failure.overdue) == (Disposition.UNKNOWN, True)
        await place.pass_until(lambda: bool(place.events("submit.late_confirmation")), 60)
        await place.ready()
        task = asyncio.ensure_future(place.modem.submit(TPDU, before_payload=at_once))
        await place.pass_until(task.done, 200)
        assert isinstance(task.result(), int)
        assert len(place.simulation.submits) == 7


@pytest.mark.parametrize("policy", ["resend", "hold"])
async def test_a_result_that_comes_after_the_wait_settles_the_text(policy: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, 1, hasty(tmp_path), unknown_grace_s=30, on_unknown=policy) as (sim, rig):
        await known(rig)
        sim.modem("modem0").fault("slow-result", count=1, seconds=6.0)
        late = await send(rig, 1)
        await becomes(rig, late, "unknown")
        message = await becomes(rig, late, "sent")
        settled = [event["data"] for event in message["history"] if event["type"] == "message.settled"]
        assert settled == [{"decision": "sent", "evidence": "answer"}]
        assert times_sent(sim)["text 1"] == 1


async def test_results_that_come_during_the_next_texts_are_told_apart(tmp_path: Path) -> None:
    """The modem is one result behind: each is taken for the next text's, and all are settled in the end."""
    async with simulated(tmp_path, 1, hasty(tmp_path), unknown_grace_s=30) as (sim, rig):
        await known(rig)
        sim.modem("modem0").fault("slow-result", seconds=4.0)
        ids = [await send(rig, number) for number in range(5)]
        for message_id in ids:
            await becomes(rig, message_id, "sent")
        await asyncio.sleep(5)  # longer than a result takes: none makes a text go again
        assert times_sent(sim) == times_sent(sim) & Counter({f"text {n}": 1 for n in (*range(5), *range(90, 96))})
        rows = await rig.gateway.store.read(
            lambda db: db.execute("SELECT reference FROM segments ORDER BY message_id").fetchall()
        )
        references = [row[0] for row in rows]
        assert references == list(range(references[0], references[0] + len(references)))


@pytest.mark.parametrize("report", [False, True])
async def test_a_text_is_repeated_once_without_evidence_and_then_waits_for_a_person(
    report: bool, tmp_path: Path
) -> None:
    async with simulated(tmp_path, 1, hasty(tmp_path), unknown_grace_s=1, on_unknown="resend") as (sim, rig):
        await known(rig)
        modem = sim.modem("modem0")
        if report:
            modem.fault("deaf-inbound")
        modem.fault("lost-result")
        answer = await rig.client.send("+4915100000001", "text 1", delivery_report=report)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                message = await rig.client.message(answer["id"])
                if "message.held" in [event["type"] for event in message["history"]]:
                    break
                await asyncio.sleep(0.05)
        assert message["status"] == "unknown"
        assert "gsmgw resolve" in message["waiting_for"]["sentence"]
        assert times_sent(sim)["text 1"] == 2
        await asyncio.sleep(3)  # three times the grace
        assert times_sent(sim)["text 1"] == 2

        def count(tx: Tx) -> int:
            return int(tx.one("SELECT repeats FROM messages ORDER BY id DESC LIMIT 1")[0])

        assert await rig.gateway.store.write(count) == 1
