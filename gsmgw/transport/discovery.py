"""The USB modems that are plugged in: found in sysfs, with their ttys grouped by device. Changes come from udev."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyudev

from gsmgw.transport.usbports import EMERGENCY, HINTS, MODEM_VENDORS, NO_MODEMS, SWITCH_NEEDED, PortHint

log = logging.getLogger(__name__)

_SYS = Path("/sys")
_DEVICE = re.compile(r"[0-9]+-[0-9]+(\.[0-9]+)*")
_INTERFACE = re.compile(r"([0-9]+-[0-9]+(?:\.[0-9]+)*):[0-9]+\.([0-9]+)")


@dataclass(frozen=True, slots=True)
class TtyPort:
    """One serial port of a stick. ``protocol`` is bInterfaceProtocol, by which Huawei's ports are told apart."""

    node: str
    interface: int
    protocol: int | None = None


@dataclass(frozen=True, slots=True)
class Stick:
    """One USB device with serial ports. ``usb`` is its USB path; ``plugged`` changes each time it is plugged in."""

    usb: str
    identity: str
    title: str
    plugged: str
    ports: tuple[TtyPort, ...]

    @property
    def is_modem(self) -> bool:
        """True if it is a modem of a known vendor, so that it may be probed without being configured."""
        return self.identity[:4] in MODEM_VENDORS and self.identity not in NO_MODEMS | EMERGENCY

    def candidates(self) -> list[str]:
        """Return the nodes that may accept AT commands, the likeliest first, without those known for something else."""
        hint = HINTS.get(self.identity, PortHint(None))
        allowed = [port for port in self.ports if port.interface not in hint.avoid]
        return [
            port.node for port in sorted(allowed, key=lambda port: (_rank(self.identity, hint, port), port.interface))
        ]


def _rank(identity: str, hint: PortHint, port: TtyPort) -> int:
    if port.interface == hint.primary:
        return 0
    if port.interface == hint.secondary:
        return 1
    if identity.startswith("12d1:"):
        # ModemManager 77-mm-huawei-net-port-types.rules: 02 PCUI, which brings the URCs; 01 modem; 05, 14 satellite
        return {0x02: 2, 0x12: 2, 0x01: 3, 0x05: 9, 0x14: 9}.get(port.protocol or 0, 4)
    return 4


def second_port(node: str, sticks: list[Stick]) -> str | None:
    """Return the other port of the same stick that is known to accept AT commands; None where none is known."""
    for stick in sticks:
        hint = HINTS.get(stick.identity)
        if hint is None or hint.primary is None or hint.secondary is None:
            continue
        known = {port.interface: port.node for port in stick.ports if port.interface in (hint.primary, hint.secondary)}
        if node in known.values():
            return next((other for other in known.values() if other != node), None)
    return None


def scan(sys: Path = _SYS, dev: str = "/dev") -> list[Stick]:
    """Return all USB devices with serial ports, ordered by USB path. Reads sysfs only; takes milliseconds."""
    ports: dict[Path, list[TtyPort]] = {}
    for entry in sorted((sys / "class" / "tty").glob("tty*")):
        if entry.name.startswith("ttyS") or not (entry / "device").exists():
            continue
        parents = (entry / "device").resolve()
        found = [part for part in (parents, *parents.parents) if _INTERFACE.fullmatch(part.name)]
        if found and (match := _INTERFACE.fullmatch(found[0].name)):
            protocol = _read(found[0] / "bInterfaceProtocol")
            port = TtyPort(f"{dev}/{entry.name}", int(match[2]), int(protocol, 16) if protocol else None)
            ports.setdefault(found[0].parent, []).append(port)
    sticks = []
    for device, its_ports in ports.items():
        identity = f"{_read(device / 'idVendor')}:{_read(device / 'idProduct')}"
        title = " ".join(filter(None, (_read(device / "manufacturer"), _read(device / "product")))) or identity
        plugged = f"{device.name}@{_read(device / 'devnum')}"
        its_ports.sort(key=lambda port: port.interface)
        sticks.append(Stick(device.name, identity, title, plugged, tuple(its_ports)))
    return sorted(sticks, key=lambda stick: stick.usb)


def problems(sys: Path = _SYS) -> list[str]:
    """Return a sentence for each device that could be a modem but cannot be used now."""
    found = []
    for device in sorted((sys / "bus" / "usb" / "devices").glob("*-*")):
        if not _DEVICE.fullmatch(device.name):
            continue
        identity = f"{_read(device / 'idVendor')}:{_read(device / 'idProduct')}"
        if identity in SWITCH_NEEDED:
            found.append(
                f"the device at USB {device.name} ({identity}, {SWITCH_NEEDED[identity]}) is still in disk mode. "
                "Install usb-modeswitch and plug the device in again"
            )
        elif identity in EMERGENCY:
            found.append(
                f"the device at USB {device.name} ({identity}) is in emergency download mode: its firmware is missing"
            )
    return found


#: Programs that open all serial ports, or keep one open, by the name of their process.
_RIVALS = {
    "ModemManager": "ModemManager opens the ports of all modems. Install udev/70-gsmgw.rules, or mask ModemManager",
    "gammu-smsd": "gammu-smsd may be using the port of a modem. Stop gammu-smsd",
    "smsd": "smstools may be using the port of a modem. Stop smsd",
    "bearerbox": "Kannel may be using the port of a modem. Stop bearerbox",
}


def rivals(proc: Path = Path("/proc")) -> list[str]:
    """Return a sentence for each running program that may be using the port of a modem."""
    running = {_read(process / "comm") for process in proc.glob("[0-9]*")}
    return [sentence for name, sentence in _RIVALS.items() if name in running]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


class Hotplug:
    """Calls back whenever a tty is added or removed. ``works`` is False without udev, as in a container."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._monitor: pyudev.Monitor | None = None

    @property
    def works(self) -> bool:
        """True if changes will be reported."""
        return self._monitor is not None

    def start(self) -> None:
        """Start to listen, on the running event loop."""
        try:
            monitor = pyudev.Monitor.from_netlink(pyudev.Context())
            monitor.filter_by("tty")
            monitor.start()
        except (ImportError, OSError) as exc:
            log.info("discovery: udev events are not available, looking for ports periodically: %s", exc)
            return
        self._monitor = monitor
        asyncio.get_running_loop().add_reader(monitor.fileno(), self._ready)

    def _ready(self) -> None:
        assert self._monitor is not None
        while self._monitor.poll(timeout=0) is not None:
            pass
        self._changed()

    def stop(self) -> None:
        """Stop listening."""
        if self._monitor is not None:
            asyncio.get_running_loop().remove_reader(self._monitor.fileno())
            self._monitor = None
