"""gsmgw setup over simulated modems: finds what answers, writes a checked file, sends the first text."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import site, until
from support.shell import command
from support.terminal import converse

from gsmgw.config import load_config
from gsmgw.install.assets import asset
from gsmgw.install.configfile import Choices, ModemChoice, build_config
from hw_sim import Simulation


def setup(config: Path, *arguments: str, socket: str = "/nowhere") -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "gsmgw", "--socket", socket, "setup", "--config", str(config), "--yes", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


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


def test_every_earlier_file_is_kept(tmp_path: Path) -> None:
    config, port = tmp_path / "gsmgw.toml", "--port=a=socket://127.0.0.1:1"
    for country in ("DE", "AT", "CH", "CH"):
        assert setup(config, port, "--country", country, "--force").returncode == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["gsmgw.toml", "gsmgw.toml.former", "gsmgw.toml.former-2", "gsmgw.toml.former-3"]
    countries = [load_config(tmp_path / name).gateway.country for name in names]
    assert countries == ["CH", "DE", "AT", "CH"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--country", "XX"], 2, "two-letter country code"),
        (["--pin", "12"], 2, "a PIN has 4 to 8 digits"),
        (["--port=a"], 2, "write NAME=PORT"),
        (["--port=a b=/dev/null"], 1, "'a b' is not valid"),
        (["--port=a=COM3"], 1, "'COM3' is not valid"),
        (["--port=a=/dev/ttyUSB77"], 1, "/dev/ttyUSB77 does not exist"),
        (["--port=a=/dev/null"], 1, "/dev/null is not a serial port"),
        (["--test-to", "0151 12345678"], 2, "no [gateway] country"),
        (["--country", "DE", "--test-to", "0151"], 2, "not a whole phone number"),
        (["--listen", "here"], 1, "host:port"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(
    arguments: list[str], code: int, words: str, tmp_path: Path
) -> None:
    done = setup(tmp_path / "gsmgw.toml", *arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_another_program_holds_is_refused(tmp_path: Path) -> None:
    controller, line = os.openpty()
    try:
        fcntl.flock(line, fcntl.LOCK_EX)
        done = setup(tmp_path / "gsmgw.toml", f"--port=a={os.ttyname(line)}")
    finally:
        os.close(controller)
        os.close(line)
    assert done.returncode == 1
    assert "is in use by another program" in done.stderr
    assert list(tmp_path.iterdir()) == []


async def test_a_wrong_pin_costs_one_try_and_nothing_is_written(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        modem = await sim.add_modem("a", pin="4711")
        config = tmp_path / "gsmgw.toml"
        done = await run_setup(config, f"--port=a={modem.path}", "--pin", "1111")
        assert done.returncode == 1
        assert "a: the SIM refused the PIN" in done.stderr
        assert not config.exists()
        assert (await run_setup(config, f"--port=a={modem.path}", "--pin", "4711")).returncode == 0
    assert load_config(config).modem[0].pin == "4711"


LOCKED = {"simulator": ("--pin", "4711")}


def test_a_running_gateway_is_asked_and_takes_the_pin(tmp_path: Path) -> None:
    with site(tmp_path, 1, **LOCKED) as place, place.start() as client:
        until(lambda: client.modems()[0]["state"] == "locked")
        config = tmp_path / "new.toml"
        wrong = setup(config, "--pin", "1111", socket=str(place.socket))
        assert (wrong.returncode, config.exists()) == (1, False)
        assert "m0: the SIM refused the PIN" in wrong.stderr
        right = ("--pin", "4711", "--country", "DE", "--token", "shop", "--test-to", "0151 12345678")
        done = setup(config, *right, socket=str(place.socket))
        assert done.returncode == 0, done.stderr
        assert "the SIM in m0 accepted the PIN" in done.stdout
        assert "token shop: gsmgw_" in done.stdout
        assert done.stdout.endswith("test message to +4915112345678: sent\n")
        assert [(entry["to"], entry["text"]) for entry in place.submits()] == [("+4915112345678", "gsmgw works.")]
        (section,) = load_config(config).modem
        assert (section.name, section.port, section.pin) == ("m0", f"{tmp_path}/tty/modem0", "4711")
        again = setup(tmp_path / "third.toml", "--pin", "4711", socket=str(place.socket))
        assert "needs no PIN now, so --pin is written without a check" in again.stdout
        assert load_config(tmp_path / "third.toml").modem[0].pin == "4711"


def test_ports_that_the_gateway_holds_are_left_to_it_and_others_opened(tmp_path: Path) -> None:
    with site(tmp_path, 2, **LOCKED) as place:
        one, other = (f"{tmp_path}/tty/modem{number}" for number in range(2))
        place.config.write_text(place.config.read_text().split('[[modem]]\nname = "m1"')[0])
        with place.start() as client:
            until(lambda: [modem["state"] for modem in client.modems()] == ["locked"])
            config = tmp_path / "new.toml"
            ports = (f"--port=first={one}", f"--port=second={other}", "--pin", "4711")
            done = setup(config, *ports, socket=str(place.socket))
            assert done.returncode == 0, done.stderr
            assert "found m0 (locked" in done.stdout
            assert "no modem found" not in done.stderr
            assert client.modems()[0]["state"] == "ready"
    written = [(modem.name, modem.port, modem.pin) for modem in load_config(config).modem]
    assert written == [("first", one, "4711"), ("second", other, "4711")]


def test_a_person_is_asked_again_instead_of_sent_away(tmp_path: Path) -> None:
    with site(tmp_path, 1, **LOCKED) as place, place.start() as client:
        until(lambda: client.modems()[0]["state"] == "locked")
        config = tmp_path / "new.toml"
        line = [sys.executable, "-m", "gsmgw", "--socket", str(place.socket), "setup", "--config", str(config)]
        country, pin, number = "Country of numbers", "PIN of the SIM in m0", "Send a test message to"
        answers = [(country, "Germany"), (country, "de"), (pin, "12"), (pin, "1111"), (pin, "4711")]
        answers += [(number, "0151"), (number, "0151 12345678")]
        code, shown = converse(line, answers)
        assert code == 0, shown
        for words in ("two-letter country code", "a PIN has 4 to 8 digits", "the SIM refused the PIN"):
            assert words in shown
        assert "'0151' is not a whole phone number" in shown
        assert "test message to +4915112345678: sent" in shown
        assert "4711" not in shown
    written = load_config(config)
    assert (written.gateway.country, written.modem[0].pin) == ("DE", "4711")


def test_after_two_wrong_pins_it_leaves_the_last_try_alone(tmp_path: Path) -> None:
    with site(tmp_path, 1, **LOCKED) as place, place.start() as client:
        until(lambda: client.modems()[0]["state"] == "locked")
        line = [sys.executable, "-m", "gsmgw", "--socket", str(place.socket), "setup", "--config"]
        pin = "PIN of the SIM in m0"
        answers = [("Country of numbers", "DE"), (pin, "1111"), (pin, "2222")]
        code, shown = converse([*line, str(tmp_path / "new.toml")], answers)
        assert code == 4, shown
        assert "the SIM in m0 stays locked" in shown
        assert "no modem can send now, so no test message is sent" in shown
        assert "attempts left: 1" in client.modems()[0]["detail"]
    assert load_config(tmp_path / "new.toml").gateway.country == "DE"


def test_the_service_is_restarted_with_the_new_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of the package: the service runs with its untouched file, and setup ends with a text sent."""
    with site(tmp_path, 1, **LOCKED) as place, place.start() as client:
        until(lambda: client.modems()[0]["state"] == "locked")
        service_file = tmp_path / "etc.toml"
        service_file.write_text(asset("systemd/gsmgw.toml"))
        restarts = []

        def restart() -> None:
            """Restart it as systemd does; the places of this gateway are added, for the file names none."""
            restarts.append(load_config(service_file))
            assert place.gateway is not None
            place.gateway.signal(signal.SIGTERM)
            own = f'[gateway]\nstate_dir = "{tmp_path}/state"\nsocket = "{place.socket}"\n'
            place.config.write_text(service_file.read_text().replace("[gateway]\n", own).replace("true", "false"))
            place.start().close()

        monkeypatch.setattr("gsmgw.cli.setup._SYSTEM", str(service_file))
        monkeypatch.setattr("gsmgw.cli.setup.finishing.SEARCH", (str(service_file), "/nowhere"))
        monkeypatch.setattr("gsmgw.install.service.is_installed", lambda: True)
        monkeypatch.setattr("gsmgw.install.service.restart", restart)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        options = ("--yes", "--pin", "4711", "--country", "DE", "--test-to", "0151 12345678")
        done = command("--socket", str(place.socket), "setup", *options)
        assert done.exit_code == 0, done.output
        assert [config.modem[0].pin for config in restarts] == ["4711"]
        assert "the gateway runs with the new configuration" in done.stdout
        assert done.stdout.endswith("test message to +4915112345678: sent\n")
        assert (tmp_path / "etc.toml.former").read_text() == asset("systemd/gsmgw.toml")
        client.close()


def test_a_user_does_not_set_up_a_second_gateway_beside_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("gsmgw.cli.setup._SYSTEM", str(tmp_path / "gsmgw.toml"))
    done = command("setup", "--yes")
    assert done.exit_code == 1
    assert "only root may set it up: sudo gsmgw setup" in done.stderr


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
