"""PIN, enable, disable, reset: the answer of the call is the state after what it caused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.rig import make_config, running, simulated

from gsmgw.modem import modem as modem_module
from hw_sim import Simulation


@pytest.mark.parametrize("configured", [None, "1111"])
async def test_the_right_pin_is_answered_with_a_modem_in_use(tmp_path: Path, configured: str | None) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        path = (await sim.add_modem("modem0", pin="4711")).path
        sections: dict[str, Any] = {"modem": [{"name": "modem0", "port": path, "pin": configured}]}
        async with running(make_config(tmp_path, {}, sections)) as rig:
            await rig.modem_is("modem0", "locked")
            answer = await rig.client.modem("modem0", "pin", {"pin": "4711"})
            assert (answer["state"], answer["detail"]) == ("ready", "ready")
            answer = await rig.client.modem("modem0", "reset")
            assert answer["state"] == "ready"


async def test_disable_enable_reset(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        for _ in range(3):
            answer = await rig.client.modem("modem0", "disable")
            assert answer["state"] == "disabled"
            assert rig.gateway.modems["modem0"]._link is None, "its port is closed"
            assert (await rig.client.modem("modem0", "enable"))["state"] == "ready"
            assert (await rig.client.modem("modem0", "enable"))["state"] == "ready"
            assert (await rig.client.modem("modem0", "reset"))["state"] == "ready"
        sim.modem("modem0").unplug()
        await rig.modem_is("modem0", "absent")
        assert (await rig.client.modem("modem0", "reset"))["state"] == "absent"
        assert (await rig.client.modem("modem0", "disable"))["state"] == "disabled"
        assert (await rig.client.modem("modem0", "enable"))["state"] == "absent"


async def test_the_wait_for_a_network_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modem_module.Modem.settled, "__defaults__", (0.5,))
    async with simulated(tmp_path, 1) as (sim, rig):
        sim.modem("modem0").fault("network-lost")
        await rig.modem_is("modem0", "searching")
        assert (await rig.client.modem("modem0", "disable"))["state"] == "disabled"
        answer = await rig.client.modem("modem0", "enable")
        assert answer["state"] in ("probing", "searching")
