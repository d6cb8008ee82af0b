"""A changed configuration is applied while the gateway runs: over the API, by the command and by SIGHUP."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import Site, site, until
from support.shell import command

from gsmgw.client import ApiError, Client

NATIONAL = "015112345671"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    """Two simulated modems, of which the configuration has one."""
    with site(tmp_path, modems=2) as found:
        second = found.config.read_text().index('[[modem]]\nname = "m1"')
        found.config.write_text(found.config.read_text()[:second])
        yield found


def change(place: Site, before: str, after: str) -> None:
    text = place.config.read_text()
    assert before in text
    place.config.write_text(text.replace(before, after, 1))


def state(client: Client, name: str) -> str | None:
    return next((modem["state"] for modem in client.modems() if modem["name"] == name), None)


def test_settings_change_while_messages_are_sent(place: Site) -> None:
    socket, out = ("--socket", str(place.socket)), place.directory / "gateway.out"
    with place.start() as client:
        until(lambda: state(client, "m0") == "ready")
        with pytest.raises(ApiError, match="country"):
            client.send(NATIONAL, "hello")
        assert client.reload() == {"applied": [], "needs_restart": [], "missing": []}

        script = place.directory / "hook"
        script.write_text(f"#!/bin/sh\necho $1 >> {place.directory}/ran\n")
        script.chmod(0o755)
        change(
            place,
            "[modems]\n",
            f'country = "DE"\nlog_level = "debug"\nunknown_grace_s = 60\n'
            f'[[hook]]\nname = "h"\nevents = ["message.sent"]\ncommand = ["{script}", "yes"]\n[modems]\n',
        )
        place.config.write_text(
            place.config.read_text() + f"[modem.limits]\nper_day = 900\n"
            f'[[modem]]\nname = "m1"\nport = "{place.directory}/tty/modem1"\n'
        )
        shown = command(*socket, "reload")
        assert shown.exit_code == 0, shown.output
        applied, restart = shown.output.splitlines()
        assert applied == "applied: gateway.country, gateway.log_level, modem.m0.limits, modem.m1, hook.h"
        assert restart == "needs a restart (sudo systemctl restart gsmgw): gateway.unknown_grace_s"
        until(lambda: state(client, "m1") == "ready")
        assert client.send(NATIONAL, "hello", modem="m1")["to"] == "+4915112345671"
        until((place.directory / "ran").exists)
        assert client.modem("m0")["limits"] == {"per_day": 900}
        until(lambda: "m1: port > AT" in out.read_text())

        change(place, "per_day = 900", "per_day = 0")
        refused = command(*socket, "reload")
        assert refused.exit_code == 1
        assert "modem.limits.per_day: 0 is not valid: must be at least 1" in refused.output
        assert f"{place.config}: line " in refused.output
        assert client.modem("m0")["limits"] == {"per_day": 900}
        assert place.gateway is not None
        place.gateway.child.send_signal(signal.SIGHUP)
        until(lambda: "configuration: not reloaded, the previous one stays in use" in out.read_text())

        change(place, "per_day = 0", "per_day = 700")
        place.gateway.child.send_signal(signal.SIGHUP)
        until(lambda: client.modem("m0")["limits"] == {"per_day": 700})
        assert "configuration: reloaded applied=modem.m0.limits" in out.read_text()
        assert place.gateway.child.poll() is None
