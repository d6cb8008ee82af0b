"""A task of the daemon that fails is started again alone; the gateway goes on and says so."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.rig import Rig, simulated

from gsmgw.client.options import no_tls
from gsmgw.dispatch import Hooks, Indexer, Retention, Webhooks
from gsmgw.http.event_streams import EventStreams
from gsmgw.inbound import Collector
from gsmgw.outbound import Scheduler
from gsmgw.outbound.queue.due_timer import DueTimer
from gsmgw.outbound.worker.worker import Worker

ANNA = "+4915112345671"
#: Task, and the method that is its life.
TASKS = [
    ("queue", Scheduler, "run"),
    ("queue timer", DueTimer, "run"),
    ("queue refill", Scheduler, "_keep_filled"),
    ("worker modem0", Worker, "run"),
    ("inbox upkeep", Collector, "run"),
    ("webhooks", Webhooks, "run"),
    ("hooks", Hooks, "run"),
    ("search index", Indexer, "run"),
    ("retention", Retention, "run"),
    ("event streams", EventStreams, "run"),
]


class Poison(Exception):
    """An error that no code foresees."""


async def ready(directory: Path) -> httpx.Response:
    transport = httpx.AsyncHTTPTransport(uds=str(directory / "gsmgw.sock"), verify=no_tls())
    async with httpx.AsyncClient(transport=transport, base_url="http://gsmgw") as client:
        return await client.get("/health/ready")


def fail_twice(monkeypatch: pytest.MonkeyPatch, owner: Any, method: str) -> None:
    """Have the first two calls of a coroutine method raise."""
    original, calls = getattr(owner, method), 0

    async def poisoned(self: Any, *arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise Poison("nobody foresaw this")
        await original(self, *arguments)

    monkeypatch.setattr(owner, method, poisoned)


async def failures(rig: Rig) -> list[tuple[str, str]]:
    found = await rig.gateway.feed.page(0)
    return [(event.data["task"], event.data["error"]) for event in found if event.type == "task.failed"]


@pytest.mark.parametrize(("task", "owner", "method"), TASKS, ids=[task for task, _, _ in TASKS])
async def test_a_task_that_fails_is_restarted_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    task: str,
    owner: Any,
    method: str,
) -> None:
    caplog.set_level(logging.CRITICAL, "gsmgw.supervisor")
    fail_twice(monkeypatch, owner, method)
    async with simulated(tmp_path, 1) as (sim, rig):
        unwell = await ready(tmp_path)
        assert unwell.status_code == 503
        assert task in unwell.json()["detail"]
        sent = await rig.client.send(ANNA, "out")
        sim.send(from_=ANNA, to="modem0", text="in")
        message = await rig.ended(sent["id"])
        assert message["status"] == "delivered"
        await rig.event(0, "message.received")
        await rig.event(0, "task.failed", where=lambda event: event["data"]["restarts"] == 2)
        assert await failures(rig) == [(task, "Poison: nobody foresaw this")] * 2
        stats = await rig.client.request("GET", "/v1/stats")
        assert stats["task_failures"] == {task: 2}


async def test_a_worker_that_fails_with_texts_in_hand_sends_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "gsmgw.supervisor")
    original, calls = Worker._turn, 0

    async def poisoned(self: Worker) -> None:
        nonlocal calls
        calls += 1
        if calls % 3 == 0 and calls < 10:
            raise Poison("in the middle")
        await original(self)

    monkeypatch.setattr(Worker, "_turn", poisoned)
    async with simulated(tmp_path, 1) as (_, rig):
        sent = [await rig.client.send(f"+49151123456{n:02d}", f"text {n}" * 30) for n in range(6)]
        ended = await asyncio.gather(*(rig.ended(message["id"]) for message in sent))
        assert {message["status"] for message in ended} == {"delivered"}
        events = await rig.gateway.feed.page(0)
        taken = [event.message_id for event in events if event.type == "message.segment_sent"]
        assert len(taken) == sum(message["segments"] for message in ended)
