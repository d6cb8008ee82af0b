"""Texts that are written to the modem's storage before they are sent: the copy tells whether one in doubt went.

Without reports, and with references that do not count up, there is no other evidence.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.processes import Site, site, until
from support.rig import Rig, hasty, make_config, running

from hw_sim import SimModem, Simulation
from hw_sim.storage import UNSENT, Stored

COUNT = 12
TEXTS = {f"text {n}" for n in range(COUNT)}


def held(modem: SimModem) -> list[int]:
    """The <stat> of the submissions that the modem keeps."""
    return [m.status for memory in modem.memories.values() for _, m in memory.items() if m.kind == "submit"]


@contextlib.asynccontextmanager
async def keeping(
    directory: Path, profile: str = "generic", **gateway: Any
) -> AsyncIterator[tuple[Simulation, SimModem, Rig]]:
    """A gateway whose one modem keeps copies, and counts as it likes."""
    async with Simulation(seed=1, directory=directory / "tty") as sim:
        modem = await sim.add_modem("modem0", profile=profile)
        modem.fault("odd-references")
        config = make_config(directory, {"modem0": modem.path}, hasty(directory), **{"unknown_grace_s": 60, **gateway})
        sections = [section.model_copy(update={"store_before_sending": True}) for section in config.modem]
        async with running(config.model_copy(update={"modem": sections})) as rig:
            await rig.modem_is("modem0", "ready")
            yield sim, modem, rig


async def send(rig: Rig, *texts: str, **options: Any) -> list[str]:
    options = {"delivery_report": False, **options}
    return [(await rig.client.send(f"+4915100000{n:03d}", text, **options))["id"] for n, text in enumerate(texts)]


async def ended(rig: Rig, ids: list[str], *states: str, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        for message_id in ids:
            while (await rig.client.message(message_id))["status"] not in states:  # noqa: ASYNC110 - a row
                await asyncio.sleep(0.02)


def on_air(sim: Simulation) -> Counter[str]:
    return Counter(entry["text"] for entry in sim.submits)


async def evidence(rig: Rig, message_id: str) -> list[tuple[str, str]]:
    history = (await rig.client.message(message_id))["history"]
    return [(e["data"]["decision"], e["data"]["evidence"]) for e in history if e["type"] == "message.settled"]


@pytest.mark.parametrize("profile", ["generic", "brovi-e3372-325", "huawei-e1752", "quectel-ec25"])
async def test_every_text_leaves_by_its_copy_and_none_stays_behind(profile: str, tmp_path: Path) -> None:
    async with keeping(tmp_path, profile) as (sim, modem, rig):
        said: list[bytes] = []
        rig.gateway.modems["modem0"].tap(lambda direction, data: said.append(data) if direction == ">" else None)
        ids = await send(rig, *TEXTS, "long " * 100)
        await ended(rig, ids, "sent")
        await rig.until(lambda: held(modem) == [])
        assert set(on_air(sim).values()) == {1}
        assert not any(data.startswith(b"AT+CMGS=") for data in said)
        assert sum(data.startswith(b"AT+CMSS=") for data in said) == COUNT + 4


@pytest.mark.parametrize("fault", ["lost-result", "stuck-send"])
async def test_what_went_unconfirmed_is_settled_by_its_copy(fault: str, tmp_path: Path) -> None:
    async with keeping(tmp_path) as (sim, modem, rig):
        modem.fault(fault, count=1)
        (doubtful,) = await send(rig, "in doubt")
        await ended(rig, [doubtful], "sent", within_s=30)
        assert await evidence(rig, doubtful) == [("sent", "copy")]
        assert on_air(sim) == {"in doubt": 1}
        await rig.until(lambda: held(modem) == [])


@pytest.mark.parametrize("taken", [True, False])
async def test_a_restart_in_mid_send(taken: bool, tmp_path: Path) -> None:
    async with keeping(tmp_path) as (sim, modem, rig):
        modem.fault("reset-mid-pdu", count=1, taken=taken)
        (doubtful,) = await send(rig, "in doubt")
        await ended(rig, [doubtful], "sent", within_s=30)
        assert on_air(sim) == {"in doubt": 1}
        assert await evidence(rig, doubtful) == ([("sent", "copy")] if taken else [])
        await rig.until(lambda: held(modem) == [])


async def test_what_certainly_stayed_goes_again_at_once(tmp_path: Path) -> None:
    """The modem hangs with the copy unsent: its <stat> says so, long before the grace time is over."""
    async with keeping(tmp_path) as (sim, modem, rig):
        modem.fault("sends-nothing", count=1)
        (doubtful,) = await send(rig, "stayed")
        await ended(rig, [doubtful], "unknown")
        modem.faults.clear()
        modem.fault("odd-references")
        await ended(rig, [doubtful], "sent")
        assert ("resend", "copy") in await evidence(rig, doubtful)
        assert on_air(sim) == {"stayed": 1}
        await rig.until(lambda: held(modem) == [])


async def test_a_network_that_kept_silent_leaves_no_evidence_behind(tmp_path: Path) -> None:
    """+CMS ERROR 332: the modem does not know whether it went, and neither does its copy, which reads unsent."""
    async with keeping(tmp_path, unknown_grace_s=1.0, on_unknown="hold") as (sim, modem, rig):
        modem.fault("taken-error", count=1)
        (doubtful,) = await send(rig, "who knows")
        await ended(rig, [doubtful], "unknown")
        await rig.until(lambda: held(modem) == [])
        await rig.client.request("POST", "/v1/modems/modem0/reset")
        await rig.modem_is("modem0", "ready")
        await send(rig, "the next one")
        await rig.until(lambda: on_air(sim)["the next one"] == 1)
        assert (await rig.client.message(doubtful))["status"] == "unknown"
        assert await evidence(rig, doubtful) == []


async def test_drafts_of_others_and_full_storages_are_lived_with(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (sim, modem, rig):
        memory = modem.memories["SM"]
        (first,) = await send(rig, "mine")
        await ended(rig, [first], "sent")
        await rig.until(lambda: held(modem) == [])
        draft = bytes.fromhex("01000C91947121436587000005E8329BFD06")
        while not memory.full:
            memory.put(Stored(UNSENT, "submit", b"\x00", draft))
        ids = await send(rig, *TEXTS)
        await ended(rig, ids, "sent")
        await rig.client.request("POST", "/v1/modems/modem0/reset")
        await rig.modem_is("modem0", "ready")
        assert len(held(modem)) == memory.capacity, "a person's drafts stay"
        assert on_air(sim) == {**dict.fromkeys(TEXTS, 1), "mine": 1}


def place_with_copies(directory: Path) -> Any:
    return site(
        directory,
        modems=1,
        gateway="unknown_grace_s = 8.0\ndelivery_report = false",
        modem="store_before_sending = true",
    )


def killed_and_started_again(place: Site, after: int) -> None:
    with place.start() as client:
        client.send_many([{"to": f"+49151000001{n % 50:02d}", "text": f"text {n}"} for n in range(100)])
        until(lambda: len(place.submits()) >= after)
        place.kill()
    with place.start() as client:
        until(lambda: not client.stats()["messages"], 60)
        assert {message["status"] for message in client.messages()} == {"sent"}


@pytest.mark.parametrize("after", [1, *(pytest.param(each, marks=pytest.mark.long) for each in (33, 70))])
def test_kill_9_without_reports_or_a_counter(after: int, tmp_path: Path) -> None:
    """Nothing is lost, and nothing goes twice, with no other evidence than the copies."""
    with place_with_copies(tmp_path) as place:
        place.fault("modem0", "odd-references")
        killed_and_started_again(place, after)
        assert place.copies() == Counter({f"text {n}": 1 for n in range(100)})
