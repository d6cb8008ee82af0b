"""gsmgw modem NAME pin, enable, disable, reset: they wait for what they cause, and print the new state."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.processes import site, until
from support.shell import command

from gsmgw.cli import modems
from gsmgw.client import Client


def test_each_command_prints_the_state_that_it_causes(tmp_path: Path) -> None:
    with site(tmp_path, 1, simulator=("--pin", "4711")) as place, place.start() as client:
        until(lambda: client.modems()[0]["state"] == "locked")

        def modem(*arguments: str) -> tuple[int, str, str]:
            done = command("--socket", str(place.socket), "modem", "m0", *arguments)
            return done.exit_code, done.stdout, done.stderr

        code, _, err = modem("pin", "471")
        assert (code, "a PIN has 4 to 8 digits" in err) == (2, True)
        code, _, err = modem("pin", "1111")
        assert (code, "refused the PIN" in err) == (1, True)
        code, out, err = modem("pin", "4711")
        assert (code, out) == (0, "m0: ready, ready\n")
        assert "The gateway uses this PIN for this SIM until it is stopped. To keep it" in err
        assert '  [[modem]]\n  name = "m0"\n  match = { imei = "' in err
        assert '  pin = "..."' in err
        for action, state in (("disable", "disabled"), ("disable", "disabled"), ("enable", "ready")):
            code, out, _ = modem(action)
            assert (code, out.split(",")[0]) == (0, f"m0: {state}")


def test_a_locked_modem_can_be_disabled_and_restarted(tmp_path: Path) -> None:
    with site(tmp_path, 1, simulator=("--pin", "4711")) as place, place.start() as client:
        until(lambda: client.modems()[0]["state"] == "locked")
        for action, state in (("disable", "disabled"), ("enable", "locked"), ("reset", "locked")):
            done = command("--socket", str(place.socket), "modem", "m0", action)
            assert (done.exit_code, done.stdout.split(",")[0]) == (0, f"m0: {state}")
            assert client.modems()[0]["state"] == state


def test_a_restart_is_waited_for(tmp_path: Path) -> None:
    with site(tmp_path, 1) as place, place.start() as client:
        until(lambda: client.modems()[0]["state"] == "ready")
        before = client.stats()["last_event"]
        done = command("--socket", str(place.socket), "modem", "m0", "reset")
        assert (done.exit_code, done.stdout) == (0, "m0: ready, ready\n")
        after = _states(client, before)
        assert after[0] in ("recovering", "probing")
        assert after[-1] == "ready"


def test_a_state_that_does_not_come_ends_with_4_and_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modems, "WAIT_S", 1.0)
    with site(tmp_path, 1) as place, place.start() as client:
        until(lambda: client.modems()[0]["state"] == "ready")
        place.fault("modem0", "network-lost", "--for", "600")
        until(lambda: client.modems()[0]["state"] == "searching")
        done = command("--socket", str(place.socket), "modem", "m0", "reset")
        assert done.exit_code == 4, done.output
        assert done.stdout.startswith("m0: ")
        assert "gsmgw: m0 is still " in done.stderr
        assert "after 1 s. The gateway goes on\nTo see its state: gsmgw modem m0" in done.stderr


def _states(client: Client, cursor: int) -> list[str]:
    """The states since an event."""
    last = client.stats()["last_event"]
    found = []
    for event in client.events(cursor):
        if event["type"] == "modem.state_changed":
            found.append(str(event["data"]["state"]))
        if event["id"] >= last:
            return found
    return found
