"""Status reports that come while nobody listens: the modem stores them, and they are found at the next start."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.rig import make_config, running

from gsmgw.modem import Modem
from hw_sim import Simulation

NUMBER = "+4915112345678"


async def nothing(modem: Modem) -> None:
    """Do nothing, as a gateway after kill -9."""


@pytest.mark.parametrize(("reports", "end"), [("direct", "stopped"), ("stored", "stopped"), ("stored", "killed")])
async def test_a_report_that_comes_while_the_gateway_is_down_is_there_when_it_starts(
    reports: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if end == "killed":
        monkeypatch.setattr(Modem, "leave", nothing)
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        modem = await sim.add_modem("modem0")
        config = make_config(tmp_path, {}, {"modem": [{"name": "modem0", "port": modem.path, "reports": reports}]})
        phone = sim.phone(NUMBER)
        phone.switch_off()
        async with running(config) as rig:
            await rig.modem_is("modem0", "ready")
            text = await rig.client.send(NUMBER, "are you there?", delivery_report=True)
            await rig.event(0, "message.sent", where=lambda event: event["message_id"] == text["id"])
        phone.switch_on()
        await phone.wait_for(1)
        async with running(config) as rig:
            assert (await rig.ended(text["id"]))["status"] == "delivered"
            await rig.until(lambda: len(modem.memories["SR"]) == 0)


async def test_a_report_that_comes_while_the_modem_is_disabled_is_there_when_it_is_enabled(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        modem = await sim.add_modem("modem0")
        phone = sim.phone(NUMBER)
        phone.switch_off()
        async with running(make_config(tmp_path, {"modem0": modem.path})) as rig:
            await rig.modem_is("modem0", "ready")
            text = await rig.client.send(NUMBER, "are you there?", delivery_report=True)
            await rig.event(0, "message.sent", where=lambda event: event["message_id"] == text["id"])
            await rig.client.modem("modem0", "disable")
            await rig.until(lambda: modem.inbound.cnmi[3] == 2)
            phone.switch_on()
            await rig.until(lambda: len(modem.memories["SR"]) == 1)
            await rig.client.modem("modem0", "enable")
            assert (await rig.ended(text["id"]))["status"] == "delivered"
