"""The units and rules are what the tools of systemd and udev call clean, and say why where they make an exception."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gsmgw.install.assets import asset, unit_for
from gsmgw.install.system import UNITS
from gsmgw.transport.usbports import MODEM_VENDORS, SWITCH_NEEDED

ROOT = Path(__file__).parents[3]
SERVICES = [name for name in UNITS if name.endswith(".service")]
#: As docs/explanation/security.md says.
EXPOSURE = {"gsmgw.service": 1.5, "gsmgw-backup.service": 0.2, "gsmgw-web.service": 1.4, "gsmgw-nats.service": 1.4}

needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def systemd_analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60)


@needs_analyze
def test_verify_is_clean(tmp_path: Path) -> None:
    program = tmp_path / "gsmgw"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in UNITS:
        text = unit_for(name, program, homes=())
        (tmp_path / name).write_text(re.sub("^(Exec[A-Za-z]+)=nats-server", rf"\1={program}", text, flags=re.MULTILINE))
    done = systemd_analyze("verify", "--man=no", *(str(tmp_path / name) for name in UNITS))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_analyze
@pytest.mark.parametrize("name", SERVICES)
def test_exposure(name: str, tmp_path: Path) -> None:
    for command in (Path("/opt/gsmgw/bin/gsmgw"), Path("/home/pi/.local/share/pipx/venvs/gsmgw/bin/gsmgw")):
        (tmp_path / name).write_text(unit_for(name, command))
        done = systemd_analyze("security", "--offline=true", str(tmp_path / name))
        score = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
        assert score, done.stdout + done.stderr
        assert float(score[1]) <= EXPOSURE[name]


@pytest.mark.skipif(shutil.which("udevadm") is None, reason="udevadm is not installed")
def test_udevadm_verify() -> None:
    rules = str(ROOT / "udev" / "70-gsmgw.rules")
    done = subprocess.run(["udevadm", "verify", rules], capture_output=True, text=True, check=False, timeout=60)
    if "Unknown command verb" in done.stderr or "unknown command" in done.stderr.lower():
        pytest.skip("this udevadm cannot verify (it came with systemd 254)")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_know_the_makers_that_the_program_knows() -> None:
    rules = asset("udev/70-gsmgw.rules")
    lists = re.findall(r'idVendor\}=="([0-9a-f|]{20,})"', rules)
    assert lists
    for found in lists:
        # Qualcomm's own number is on many things that are no modems.
        assert set(found.split("|")) == set(MODEM_VENDORS) - {"05c6"}


def test_the_rules_say_which_devices_wait_to_be_switched() -> None:
    rules = asset("udev/70-gsmgw.rules")
    for identity in SWITCH_NEEDED:
        vendor, product = identity.split(":")
        assert re.search(rf'idVendor\}}=="{vendor}".*idProduct\}}=="[0-9a-f|]*{product}', rules), identity


def test_a_program_in_a_home_is_let_into_the_sandbox_alone() -> None:
    unit = unit_for("gsmgw.service", Path("/home/pi/.local/share/pipx/venvs/gsmgw/bin/gsmgw"))
    assert "ExecStart=/home/pi/.local/share/pipx/venvs/gsmgw/bin/gsmgw run" in unit
    assert "ProtectHome=tmpfs\nBindReadOnlyPaths=/home/pi/.local/share/pipx/venvs/gsmgw\n" in unit
    assert "/opt/gsmgw" not in unit


def test_only_a_wrong_configuration_keeps_it_down() -> None:
    lines = asset("systemd/gsmgw.service").splitlines()
    for line in ("Restart=always", "RestartPreventExitStatus=2", "StartLimitIntervalSec=0"):
        assert line in lines


@pytest.mark.parametrize("name", SERVICES)
def test_the_service_runs_as_its_own_user_without_anything(name: str) -> None:
    lines = asset(f"systemd/{name}").splitlines()
    user = {"gsmgw-web.service": "gsmgw-web", "gsmgw-nats.service": "gsmgw-nats"}.get(name, "gsmgw")
    for line in (f"User={user}", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict"):
        assert line in lines
