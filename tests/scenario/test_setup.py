"""gsmgw setup over simulated modems: finds what answers, writes a checked file, sends the first text."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import site, until

from gsmgw.config import load_config
from gsmgw.install.configfile import Choices, ModemChoice, build_config
from hw_sim import Simulation


def setup(config: Path, *arguments: str, socket: str = "/nowhere") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gsmgw", "--socket", socket, "setup", "--config", str(config), "--yes", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


async def run_setup(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    import asyncio

    return await asyncio.to_thread(setup, config, *arguments)


async def test_a_locked_modem_gets_its_pin_and_an_open_one_none(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        ports = {name: (await sim.add_modem(name, pin=pin)).path for name, pin in (("a", None), ("b", "4711"))}
        config = tmp_path / "gsmgw.toml"
        named = [f"--port={name}={port}" for name, port in ports.items()]
        done = await run_setup(config, *named, "--country", "DE", "--pin", "4711", "--listen", "127.0.0.1:8775")
        assert done.returncode == 0, done.stderr
        assert "SIM: SIM PIN" in done.stdout
    written = load_config(config)
    assert written.gateway.country == "DE"
    assert written.api.listen == "127.0.0.1:8775"
    assert [(modem.name, modem.port, modem.pin) for modem in written.modem] == [
        ("a", ports["a"], None),
        ("b", ports["b"], "4711"),
    ]
    assert config.stat().st_mode & 0o007 == 0


def test_a_port_without_a_modem_is_told_and_written_all_the_same(tmp_path: Path) -> None:
    controller, line = os.openpty()
    try:
        done = setup(tmp_path / "gsmgw.toml", f"--port=a={os.ttyname(line)}")
    finally:
        os.close(controller)
        os.close(line)
    assert done.returncode == 0, done.stderr
    assert "no answer" in done.stderr
    assert load_config(tmp_path / "gsmgw.toml").modem[0].name == "a"


def test_a_configuration_is_not_overwritten_and_with_force_kept(tmp_path: Path) -> None:
    config = tmp_path / "gsmgw.toml"
    config.write_text("# mine\n[api]\n")
    refused = setup(config, "--port=a=/dev/null")
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert config.read_text() == "# mine\n[api]\n"
    done = setup(config, "--port=a=socket://127.0.0.1:1", "--force")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gsmgw.toml.former").read_text() == "# mine\n[api]\n"
    assert load_config(config).modem[0].port == "socket://127.0.0.1:1"


def test_what_cannot_be_is_refused_and_nothing_written(tmp_path: Path) -> None:
    done = setup(tmp_path / "gsmgw.toml", "--port=a=socket://127.0.0.1:1", "--country", "XX")
    assert done.returncode == 1
    assert "two-letter country code" in done.stderr
    assert setup(tmp_path / "gsmgw.toml", "--port=a").returncode == 2
    assert not (tmp_path / "gsmgw.toml").exists()


def test_with_a_running_gateway_it_ends_with_a_token_and_a_test_message(tmp_path: Path) -> None:
    with site(tmp_path, 1) as place, place.start() as client:
        until(lambda: client.modems()[0]["state"] == "ready")
        done = setup(
            tmp_path / "new.toml",
            *("--country", "DE", "--token", "shop", "--test-to", "+4915112345678"),
            socket=str(place.socket),
        )
        assert done.returncode == 0, done.stderr
        assert "token shop: gsmgw_" in done.stdout
        assert "test message to +4915112345678: sent" in done.stdout
        assert [entry["text"] for entry in place.submits()] == ["gsmgw works."]
        assert place.gateway is not None
        place.gateway.signal(signal.SIGTERM)


@pytest.mark.parametrize(
    "choices",
    [
        Choices(),
        Choices("DE", (ModemChoice("a", port="/dev/ttyUSB2", pin="1234"), ModemChoice("b", imei="490154203237518"))),
        Choices(state_dir=Path('/with "quotes" and ümlauts'), socket=Path("/x"), api_listen="[::1]:80", discover=False),
    ],
)
def test_what_is_written_can_be_read(choices: Choices, tmp_path: Path) -> None:
    path = tmp_path / "gsmgw.toml"
    path.write_text(build_config(choices), encoding="utf-8")
    config = load_config(path)
    assert config.modems.discover is choices.discover
    assert [modem.name for modem in config.modem] == [modem.name for modem in choices.modems]
    if choices.state_dir is not None:
        assert config.gateway.state_dir == choices.state_dir
