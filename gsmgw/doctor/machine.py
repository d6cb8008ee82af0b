"""Checks of the machine: power supply, disk, clock, other programs, and access to the ports."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gsmgw.digits import is_digits
from gsmgw.doctor.findings import Finding, error, note, ok, warning
from gsmgw.transport import discovery

_COMMAND_LIMIT_S = 10
_MIB = 1 << 20
#: Free space below which database writes will soon fail; bytes.
SCARCE_OCTETS = 100 * _MIB
LOW_OCTETS = 500 * _MIB
#: Major numbers of pseudo-terminals, terminal side (Linux, Documentation/admin-guide/devices.txt).
_PSEUDO_TERMINALS = range(136, 144)
_RULES = ("etc/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d", "run/udev/rules.d")
_PERMISSIONS_CURE = (
    "install the udev rules: sudo gsmgw setup system, then unplug the modem and plug it in again. "
    "To use the port yourself: sudo adduser $USER dialout"
)


@dataclass(frozen=True, slots=True)
class Machine:
    """Access to the files and commands of a system; tests use another root."""

    root: Path = Path("/")

    @property
    def sys(self) -> Path:
        """Path of sysfs."""
        return self.root / "sys"

    @property
    def proc(self) -> Path:
        """Path of procfs."""
        return self.root / "proc"

    def ask(self, *command: str) -> str | None:
        """Return the output of a system command, or None if it does not exist or failed."""
        if self.root != Path("/") or shutil.which(command[0]) is None:
            return None
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_LIMIT_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None


def read(path: Path) -> str:
    """Return the content of a small file, or an empty string if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def check_power(machine: Machine) -> Iterator[Finding]:
    """Check for under-voltage on a Raspberry Pi: modems draw peaks of 2 A and reset if the voltage drops."""
    cure = "use the official power supply for this Pi (5.1 V, at least 3 A), or a powered USB hub for the modems"
    throttled = machine.ask("vcgencmd", "get_throttled")  # raspberrypi.com: bit 0 now, bit 16 since boot
    if throttled is not None and (match := re.search(r"0x([0-9a-fA-F]+)", throttled)):
        bits = int(match[1], 16)
        if bits & 1:
            yield error("power", "the supply voltage is too low right now", cure)
        elif bits & 1 << 16:
            yield warning("power", "the supply voltage has been too low at times since boot", cure)
        else:
            yield ok("power", "the supply voltage has been good since boot")
        return
    for sensor in sorted((machine.sys / "class" / "hwmon").glob("hwmon*")):
        if read(sensor / "name") == "rpi_volt":
            if read(sensor / "in0_lcrit_alarm") == "1":
                yield error("power", "the supply voltage is too low", cure)
            else:
                yield ok("power", "no under-voltage reported")


def check_disk(machine: Machine, state_dir: Path) -> Iterator[Finding]:
    """Check free space, file system errors and the wear of an SD card."""
    place = next((path for path in (state_dir, *state_dir.parents) if _exists(path)), Path("/"))
    yield from _check_room(place)
    device = _device_of(machine, place)
    if device is not None:
        yield from _check_device(machine, device, state_dir)


def _check_room(place: Path) -> Iterator[Finding]:
    """Check that the file system of a path has room and can be written."""
    free = shutil.disk_usage(place).free
    message = f"{free // _MIB} MiB free at {place}"
    cure = "delete files, keep fewer backups ([backup] keep), or move [gateway] state_dir to a larger disk"
    if free < SCARCE_OCTETS:
        yield error("disk", message, cure)
    elif free < LOW_OCTETS:
        yield warning("disk", message, cure)
    else:
        yield ok("disk", message)
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        yield error(
            "disk",
            f"the file system of {place} is read-only",
            "the kernel does this after disk errors: make a backup, see dmesg, and replace the card",
        )


def _check_device(machine: Machine, device: str, state_dir: Path) -> Iterator[Finding]:
    """Check what the kernel knows of a disk: file system errors, and the wear of its flash memory."""
    faults = read(machine.sys / "fs" / "ext4" / device / "errors_count")
    if is_digits(faults) and int(faults) > 0:
        yield error(
            "disk",
            f"the file system on {device} has recorded {faults} errors",
            "make a backup now, run fsck, and replace the card",
        )
    card = machine.sys / "class" / "block" / re.sub(r"p[0-9]+$", "", device) / "device"
    worn = read(card / "life_time").split()
    if any(int(part, 16) >= 9 for part in worn if part.startswith("0x")):  # JESD84-B51: 9 is 80 to 90 % used
        yield warning("disk", f"the flash memory of {device} is nearly worn out ({' '.join(worn)})", "replace it soon")
    elif device.startswith("mmcblk"):
        yield ok("disk", f"{state_dir} is on the card {read(card / 'name') or device}, without recorded errors")


def _exists(path: Path) -> bool:
    """Return True if the path exists; False also where the user may not look."""
    try:
        return path.exists()
    except PermissionError:
        return False


def _device_of(machine: Machine, place: Path) -> str | None:
    number = place.stat().st_dev
    link = machine.sys / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
    return link.resolve().name if link.exists() else None


def check_clock(machine: Machine) -> Iterator[Finding]:
    """Check the clock. A Pi has no real-time clock: until it is synchronised, its time is that of the last shutdown."""
    answer = machine.ask("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if answer == "yes" or (machine.root / "run/systemd/timesync/synchronized").exists():
        yield ok("clock", "the system clock is synchronised")
    elif answer == "no":
        yield warning(
            "clock",
            "the system clock is not synchronised: times and scheduled messages may be wrong",
            "sudo timedatectl set-ntp true. Without a network, add a real-time clock (RTC)",
        )
    else:
        yield note("clock", "cannot determine if the system clock is synchronised")


def check_rivals(machine: Machine) -> Iterator[Finding]:
    """Check for other programs that use modems."""
    ruled = any((machine.root / place / "70-gsmgw.rules").exists() for place in _RULES)
    rivals = discovery.rivals(machine.proc)
    for sentence in rivals:
        says, _, cure = sentence.partition(". ")
        if says.startswith("ModemManager") and ruled:
            yield ok("ModemManager", "ModemManager is running, but the udev rules keep it away from the modems")
        else:
            yield error("other programs", says, cure)
    if not rivals:
        yield ok("other programs", "no other modem software is running")
    if not ruled:
        yield warning(
            "udev",
            "the udev rules of gsmgw are not installed",
            "install them: sudo gsmgw setup system, or copy udev/70-gsmgw.rules to /etc/udev/rules.d",
        )


def check_ports(machine: Machine) -> Iterator[Finding]:
    """Check the modems that are plugged in, and access to their ports."""
    for sentence in discovery.problems(machine.sys):
        says, _, cure = sentence.partition(". ")
        yield error("modems", says, cure or "replace it, or update its firmware")
    sticks = [stick for stick in discovery.scan(machine.sys, str(machine.root / "dev")) if stick.is_modem]
    if not sticks:
        yield note(
            "ports",
            "no USB modem with serial ports found",
            "plug one in; lsusb lists all USB devices. Configured ports are checked in any case",
        )
    for stick in sticks:
        nodes = stick.candidates()
        yield ok("ports", f"{stick.title} at USB {stick.usb}: {', '.join(nodes)}")
        for node in nodes:
            yield from check_port(machine, node)


def check_port(machine: Machine, node: str) -> Iterator[Finding]:
    """Check that a port exists, is a character device, is open to its group, and is not used by another program."""
    path = Path(node)
    try:
        about = path.stat()
    except OSError as exc:
        yield error("ports", f"{node} cannot be used: {exc.strerror}", "plug the modem in, then: gsmgw modems")
        return
    if not stat.S_ISCHR(about.st_mode):
        yield error("ports", f"{node} is not a serial port", "correct port in the [[modem]] section")
        return
    if _is_pseudo_terminal(about):
        yield note("ports", f"{node} is a pseudo-terminal: a simulated modem")
        return
    if about.st_mode & 0o060 != 0o060 and about.st_mode & 0o006 != 0o006 and not _is_mine(about):
        yield error("ports", f"the service has no permission to open {node}", _PERMISSIONS_CURE)
    for holder in holders(machine, path.resolve()):
        if not holder.startswith("gsmgw"):
            yield error(
                "ports", f"{node} is in use by {holder}", "stop that program, or configure it to use another port"
            )


def _is_pseudo_terminal(about: os.stat_result) -> bool:
    """Return True for the terminal side of a pseudo-terminal. Its mode and its holder are those of a simulator."""
    return os.major(about.st_rdev) in _PSEUDO_TERMINALS


def _is_mine(about: os.stat_result) -> bool:
    return about.st_uid == os.geteuid() and about.st_mode & 0o600 == 0o600


def holders(machine: Machine, node: Path) -> list[str]:
    """Return the programs that have a device open, as far as the current user can see."""
    found = set()
    for process in machine.proc.glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                if descriptor.readlink() == node:
                    found.add(read(process / "comm"))
        except OSError:
            continue
    return sorted(found)
