"""The doctor's findings on a machine; each bad finding says what helps."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from gsmgw.doctor import Level, machine, modems
from gsmgw.doctor.findings import Finding
from gsmgw.doctor.machine import Machine


def levels(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.subject, finding.level.value) for finding in findings]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("answer", "level"),
    [("throttled=0x0", "ok"), ("throttled=0x50000", "warning"), ("throttled=0x50005", "error")],
)
def test_power_by_vcgencmd(answer: str, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "ask", lambda self, *command: answer if command[0] == "vcgencmd" else None)
    assert levels(machine.check_power(Machine())) == [("power", level)]


@pytest.mark.parametrize(("alarm", "level"), [("0\n", "ok"), ("1\n", "error")])
def test_power_by_the_kernel(alarm: str, level: str, tmp_path: Path) -> None:
    write(tmp_path / "sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    write(tmp_path / "sys/class/hwmon/hwmon1/in0_lcrit_alarm", alarm)
    assert levels(machine.check_power(Machine(tmp_path))) == [("power", level)]


def test_no_pi_no_word_about_power(tmp_path: Path) -> None:
    assert not list(machine.check_power(Machine(tmp_path)))


@pytest.mark.parametrize(("free_mib", "level"), [(50, "error"), (300, "warning"), (5000, "ok")])
def test_room_on_the_disk(free_mib: int, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": free_mib << 20})()
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage)
    assert levels(machine.check_disk(Machine(tmp_path), tmp_path / "state")) == [("disk", level)]


def test_a_file_system_with_faults_and_a_worn_card(tmp_path: Path) -> None:
    number = tmp_path.stat().st_dev
    block = tmp_path / "sys/devices/mmcblk0/mmcblk0p2"
    block.mkdir(parents=True)
    link = tmp_path / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(block)
    write(tmp_path / "sys/fs/ext4/mmcblk0p2/errors_count", "3\n")
    write(tmp_path / "sys/class/block/mmcblk0/device/life_time", "0x03 0x0a\n")
    found = list(machine.check_disk(Machine(tmp_path), tmp_path))
    assert [(finding.level, finding.says) for finding in found[1:]] == [
        (Level.ERROR, "the file system on mmcblk0p2 has recorded 3 errors"),
        (Level.WARNING, "the flash memory of mmcblk0p2 is nearly worn out (0x03 0x0a)"),
    ]


@pytest.mark.parametrize(("answer", "level"), [("yes", "ok"), ("no", "warning"), (None, "note")])
def test_the_clock(answer: str | None, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "ask", lambda self, *command: answer)
    assert levels(machine.check_clock(Machine(tmp_path))) == [("clock", level)]


def test_modem_manager_is_a_rival_until_the_rules_are_there(tmp_path: Path) -> None:
    write(tmp_path / "proc/100/comm", "ModemManager\n")
    assert levels(machine.check_rivals(Machine(tmp_path))) == [("other programs", "error"), ("udev", "warning")]
    rival = next(iter(machine.check_rivals(Machine(tmp_path))))
    assert (rival.says, rival.cure) == (
        "ModemManager opens the ports of all modems",
        "Install udev/70-gsmgw.rules, or mask ModemManager",
    )
    write(tmp_path / "etc/udev/rules.d/70-gsmgw.rules", "")
    assert levels(machine.check_rivals(Machine(tmp_path))) == [("ModemManager", "ok")]


def test_ports_and_who_may_open_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    controller, line = os.openpty()
    try:
        node = os.ttyname(line)
        os.chmod(node, 0o600)
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        (simulated,) = machine.check_port(Machine(tmp_path), node)
        assert (simulated.level, simulated.says) == ("note", f"{node} is a pseudo-terminal: a simulated modem")
        monkeypatch.setattr(machine, "_PSEUDO_TERMINALS", range(0))  # from here on it stands for a serial port
        assert [finding.says for finding in machine.check_port(Machine(tmp_path), node)] == [
            f"the service has no permission to open {node}"
        ]
        os.chmod(node, 0o660)
        assert not list(machine.check_port(Machine(tmp_path), node))
        held = tmp_path / "proc/77"
        write(held / "comm", "minicom\n")
        (held / "fd").mkdir()
        (held / "fd/3").symlink_to(node)
        assert [finding.says for finding in machine.check_port(Machine(tmp_path), node)] == [
            f"{node} is in use by minicom"
        ]
    finally:
        os.close(controller)
        os.close(line)
    (tmp_path / "file").touch()
    assert levels(machine.check_port(Machine(tmp_path), str(tmp_path / "file"))) == [("ports", "error")]
    assert levels(machine.check_port(Machine(tmp_path), str(tmp_path / "gone"))) == [("ports", "error")]


def test_every_state_of_a_modem_is_known() -> None:
    from gsmgw.model import ModemState

    assert set(modems._STATES) == {state.value for state in ModemState}
    for level, cure in modems._STATES.values():
        assert level is Level.OK or cure


def test_signal_and_storage() -> None:
    modem = {"name": "a", "state": "ready", "detail": "registered", "signal_dbm": -109, "number": "+49151"}
    found = list(modems.check_modems([{**modem, "storage": {"SM": {"used": 19, "total": 20}}}]))
    assert [finding.level.value for finding in found] == ["ok", "warning", "warning"]
    assert "SM is full: 19 of 20" in found[2].says
    assert [finding.level for finding in modems.check_modems([])] == [Level.ERROR]
