"""A day with ordinary trouble: what `journalctl -p warning` shows of it fits on a screen and is of use."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.receiver import Receiver, receiving
from support.rig import Rig, simulated

from gsmgw.logs import FloodFilter, LogSettings, formatter_for
from hw_sim import Simulation

#: Lines of a terminal.
SCREEN = 40
ANNA = "+4915112345671"
#: A path that is a secret.
PATH = "/hook/4711-secret"


class Journal:
    """The log of a gateway at some level and above."""

    def __init__(self) -> None:
        self._out = io.StringIO()
        self.handler = logging.StreamHandler(self._out)
        self.handler.addFilter(FloodFilter())
        self.handler.setFormatter(formatter_for(LogSettings(), journal=True))

    @property
    def lines(self) -> list[str]:
        return self._out.getvalue().splitlines()

    def of(self, priorities: str) -> list[str]:
        return [line for line in self.lines if line[1] in priorities]


@pytest.fixture
def journal() -> Iterator[Journal]:
    found, logger = Journal(), logging.getLogger("gsmgw")
    before = logger.level
    logger.addHandler(found.handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(found.handler)
    logger.setLevel(before)


@pytest.mark.long
async def test_the_warnings_of_a_day_fit_on_a_screen(tmp_path: Path, journal: Journal) -> None:
    script = tmp_path / "hook"
    script.write_text("#!/bin/sh\necho no such table: inbox >&2\nexit 1\n")
    script.chmod(0o755)
    sections = {
        "webhooks": {"allow": ["http", "loopback"]},
        "hook": [{"name": "broken", "command": [str(script)]}],
    }
    async with receiving() as receiver, simulated(tmp_path, 2, sections) as (sim, rig):
        url = f"http://127.0.0.1:{receiver.port}{PATH}"
        await rig.client.request("POST", "/v1/webhooks", json={"url": url, "events": ["message.*"]})
        for _ in range(6):
            await _traffic(sim, rig)
            await _refusals(sim, rig)
            await _radio_gap(sim, rig)
            await _unplugged(sim, rig)
        await _sim_full(sim, rig)
        await _webhook_down(sim, rig, receiver)
    warnings, errors = journal.of("01234"), journal.of("0123")
    assert len(warnings) <= SCREEN, "\n".join(warnings)
    assert not errors
    sent, received = journal_lines(journal, " sent to="), journal_lines(journal, " received from=")
    assert len(sent) == len(sim.submits) == 6 * 20 + 5 + 6 * 4
    assert len(received) == 6 * 5
    shown = "\n".join(journal.lines)
    assert ANNA not in shown
    assert PATH not in shown
    for fact in (
        "messages: failed code=refused_by_network",
        "modem1: recovering:",
        "modem0: searching:",
        "modem0: message storage is full",
        "deliveries fail, retrying host=127.0.0.1",
        "hook broken: exit code 1",
        "no such table: inbox",
    ):
        assert any(fact in line for line in warnings), fact


def journal_lines(journal: Journal, part: str) -> list[str]:
    return [line for line in journal.lines if part in line]


async def _traffic(sim: Simulation, rig: Rig) -> None:
    """Twenty texts out, five in."""
    cursor = rig.gateway.feed.last_id
    accepted = [await rig.client.send(ANNA, f"hello {number}") for number in range(20)]
    for number in range(5):
        sim.send(from_=ANNA, to="modem0", text=f"hello {number}")
    for message in accepted:
        await rig.ended(message["id"], since=cursor)


async def _refusals(sim: Simulation, rig: Rig) -> None:
    """Four texts go well, ten to numbers that do not exist."""
    for number in range(10):
        to = f"+49151999900{number:02d}"
        sim.network.set_rules(refused={**sim.network.rules.refused, to: 1})
        message = await rig.client.send(to, "hello")
        await rig.ended(message["id"])
    for _ in range(4):
        await rig.ended((await rig.client.send(ANNA, "hello"))["id"])


async def _radio_gap(sim: Simulation, rig: Rig) -> None:
    sim.modems["modem0"].fault("network-lost", for_s=0.3)
    await rig.modem_is("modem0", "searching")
    await rig.modem_is("modem0", "ready")


async def _unplugged(sim: Simulation, rig: Rig) -> None:
    sim.modems["modem1"].unplug()
    await rig.modem_is("modem1", "absent")
    sim.modems["modem1"].plug()
    await rig.modem_is("modem1", "ready")


async def _sim_full(sim: Simulation, rig: Rig) -> None:
    cursor = rig.gateway.feed.last_id
    """The modem tells that its memory is full, as sticks of Huawei do."""
    sim.modems["modem0"].urc('^SMMEMFULL: "SM"')
    await rig.event(cursor, "storage.full")


async def _webhook_down(sim: Simulation, rig: Rig, receiver: Receiver) -> None:
    receiver.answer = 503
    before = len(receiver.requests)
    for _ in range(5):
        await rig.ended((await rig.client.send(ANNA, "hello"))["id"])
    await receiver.came(before + 3)
