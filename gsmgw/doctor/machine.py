"""The machine: supply, disk, clock, other programs, and the ports with who may open them."""

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
#: Below that the database soon takes no more.
SCARCE_OCTETS = 100 * _MIB
LOW_OCTETS = 500 * _MIB
_RULES = ("etc/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d", "run/udev/rules.d")
_PERMISSIONS_CURE = (
    "install udev/70-gsmgw.rules (sudo gsmgw setup system), then plug the modem in again; "
    "a person's own programs need: sudo adduser $USER dialout"
)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where to look; another root in tests."""

    root: Path = Path("/")

    @property
    def sys(self) -> Path:
        """sysfs."""
        return self.root / "sys"

    @property
    def proc(self) -> Path:
        """procfs."""
        return self.root / "proc"

    def ask(self, *command: str) -> str | None:
        """What a program of the system says; None where there is none, or it failed."""
        if self.root != Path("/") or shutil.which(command[0]) is None:
            return None
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_LIMIT_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None


def read(path: Path) -> str:
    """A small file of sysfs or procfs; empty when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def check_power(machine: Machine) -> Iterator[Finding]:
    """Under-voltage of a Raspberry Pi: modems draw two amperes for moments, and then reset or vanish."""
    cure = "use the supply made for this Pi (5.1 V, 3 A or more), or a powered USB hub for the modems"
    throttled = machine.ask("vcgencmd", "get_throttled")  # raspberrypi.com: bit 0 now, bit 16 since boot
    if throttled is not None and (match := re.search(r"0x([0-9a-fA-F]+)", throttled)):
        bits = int(match[1], 16)
        if bits & 1:
            yield error("power", "the supply voltage is too low right now", cure)
        elif bits & 1 << 16:
            yield warning("power", "the supply voltage was too low since the last start", cure)
        else:
            yield ok("power", "the supply voltage has been fine since the last start")
        return
    for sensor in sorted((machine.sys / "class" / "hwmon").glob("hwmon*")):
        if read(sensor / "name") == "rpi_volt":
            if read(sensor / "in0_lcrit_alarm") == "1":
                yield error("power", "the supply voltage is too low", cure)
            else:
                yield ok("power", "no under-voltage is reported")


def check_disk(machine: Machine, state_dir: Path) -> Iterator[Finding]:
    """Room, and what the file system and the card say about themselves."""
    place = next((path for path in (state_dir, *state_dir.parents) if path.exists()), Path("/"))
    free = shutil.disk_usage(place).free
    said = f"{free // _MIB} MiB are free at {place}"
    cure = "delete what is not needed, keep fewer backups ([backup] keep), or move [gateway] state_dir to a larger disk"
    if free < SCARCE_OCTETS:
        yield error("disk", said, cure)
    elif free < LOW_OCTETS:
        yield warning("disk", said, cure)
    else:
        yield ok("disk", said)
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        yield error(
            "disk",
            f"the file system of {place} is read-only",
            "after faults the kernel stops writing: back up, look at dmesg, and replace the card",
        )
    device = _device_of(machine, place)
    if device is None:
        return
    faults = read(machine.sys / "fs" / "ext4" / device / "errors_count")
    if is_digits(faults) and int(faults) > 0:
        yield error(
            "disk",
            f"the file system on {device} has noted {faults} errors",
            "make a backup now, check the file system (fsck), and replace the card",
        )
    card = machine.sys / "class" / "block" / re.sub(r"p[0-9]+$", "", device) / "device"
    worn = read(card / "life_time").split()
    if any(int(part, 16) >= 9 for part in worn if part.startswith("0x")):  # JESD84-B51: 9 is 80 to 90 % used
        yield warning("disk", f"the flash memory of {device} is worn ({' '.join(worn)})", "replace it soon")
    elif device.startswith("mmcblk"):
        yield ok("disk", f"{state_dir} is on the card {read(card / 'name') or device}, without noted errors")


def _device_of(machine: Machine, place: Path) -> str | None:
    number = place.stat().st_dev
    link = machine.sys / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
    return link.resolve().name if link.exists() else None


def check_clock(machine: Machine) -> Iterator[Finding]:
    """A Pi has no clock of its own: until it has asked the network, its time is that of the last shutdown."""
    answer = machine.ask("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if answer == "yes" or (machine.root / "run/systemd/timesync/synchronized").exists():
        yield ok("clock", "the clock is synchronised")
    elif answer == "no":
        yield warning(
            "clock",
            "the clock is not synchronised, so times and scheduled messages may be wrong",
            "sudo timedatectl set-ntp true; without a network, add a clock module (RTC)",
        )
    else:
        yield note("clock", "whether the clock is synchronised cannot be told here")


def check_rivals(machine: Machine) -> Iterator[Finding]:
    """Programs that take the ports away."""
    ruled = any((machine.root / place / "70-gsmgw.rules").exists() for place in _RULES)
    rivals = discovery.rivals(machine.proc)
    for sentence in rivals:
        says, _, cure = sentence.partition(": ")
        if says.startswith("ModemManager") and ruled:
            yield ok("ModemManager", "ModemManager runs, and the udev rules keep it away from the modems")
        else:
            yield error("other programs", says, cure)
    if not rivals:
        yield ok("other programs", "no other program that uses modems is running")
    if not ruled:
        yield warning(
            "udev",
            "the udev rules of gsmgw are not installed",
            "sudo gsmgw setup system, or copy udev/70-gsmgw.rules to /etc/udev/rules.d",
        )


def check_ports(machine: Machine) -> Iterator[Finding]:
    """The sticks that are plugged in, and whether the service may open their ports."""
    for sentence in discovery.problems(machine.sys):
        says, _, cure = sentence.partition(": ")
        yield error("modems", says, cure or "give it back to its maker, or flash its firmware")
    sticks = [stick for stick in discovery.scan(machine.sys, str(machine.root / "dev")) if stick.is_modem]
    if not sticks:
        yield note(
            "ports",
            "no USB modem with serial ports is plugged in",
            "plug one in; lsusb shows what the kernel sees. Ports that are configured are looked at all the same",
        )
    for stick in sticks:
        nodes = stick.candidates()
        yield ok("ports", f"{stick.title} at USB {stick.usb}: {', '.join(nodes)}")
        for node in nodes:
            yield from check_port(machine, node)


def check_port(machine: Machine, node: str) -> Iterator[Finding]:
    """One port: there, a character device, open to its group, held by nobody else."""
    path = Path(node)
    try:
        about = path.stat()
    except OSError as exc:
        yield error("ports", f"{node} cannot be used: {exc.strerror}", "plug the modem in; gsmgw modems says more")
        return
    if not stat.S_ISCHR(about.st_mode):
        yield error("ports", f"{node} is no serial port", "correct port in the configuration")
        return
    if about.st_mode & 0o060 != 0o060 and about.st_mode & 0o006 != 0o006 and not _is_mine(about):
        yield error("ports", f"{node} is not open to the group of the service", _PERMISSIONS_CURE)
    for holder in holders(machine, path.resolve()):
        if not holder.startswith("gsmgw"):
            yield error("ports", f"{node} is held by {holder}", "stop that program, or keep it away from this port")


def _is_mine(about: os.stat_result) -> bool:
    return about.st_uid == os.geteuid() and about.st_mode & 0o600 == 0o600


def holders(machine: Machine, node: Path) -> list[str]:
    """The programs that have a device open, as far as this user may know."""
    found = set()
    for process in machine.proc.glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                if descriptor.readlink() == node:
                    found.add(read(process / "comm"))
        except OSError:
            continue
    return sorted(found)
