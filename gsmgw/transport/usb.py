"""The USB device of a tty: found in sysfs, reset by unbinding it or by cycling its power."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path

_SYS = Path("/sys")
_DEVICE = re.compile(r"[0-9]+-[0-9]+(\.[0-9]+)*")
_INTERFACE = re.compile(r"[0-9]+-[0-9]+(?:\.[0-9]+)*:[0-9]+\.([0-9]+)")
#: How long the supply is cut, seconds. Some firmware keeps running on its capacitors for almost as long.
OFF_S = 5.0
_COMMAND_LIMIT_S = 60.0
_NULL = asyncio.subprocess.DEVNULL


def _chain(port: str, sys: Path) -> list[str]:
    """Return the names of the sysfs directories above a tty, from the root on; empty for a tty that is not on a bus."""
    name = os.path.basename(os.path.realpath(port))
    link = sys / "class" / "tty" / name / "device"
    return list(link.resolve().parts) if link.exists() else []


def usb_path(port: str, sys: Path = _SYS) -> str | None:
    """Return the USB path of the device that a tty belongs to, ``1-1.3``; None when it is not a USB device."""
    found = [part for part in _chain(port, sys) if _DEVICE.fullmatch(part)]
    return found[-1] if found else None


def usb_interface(port: str, sys: Path = _SYS) -> int | None:
    """Return the number of the USB interface of a tty; None when it is not a USB device."""
    for part in reversed(_chain(port, sys)):
        if match := _INTERFACE.fullmatch(part):
            return int(match[1])
    return None


async def reauthorise(path: str, sys: Path = _SYS) -> bool:
    """Unbind the device from its drivers and bind it again, as if it were replugged. False when not permitted."""
    switch = sys / "bus" / "usb" / "devices" / path / "authorized"

    def write(value: str) -> None:
        switch.write_text(value)

    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(None, write, "0")
    except OSError:
        return False
    try:
        await asyncio.sleep(OFF_S)
    finally:
        try:
            write("1")
        except OSError:
            return False
    return True


async def power_cycle(path: str) -> bool:
    """Cycle the power of a hub's port with uhubctl. False when it is not installed or not supported by the hub."""
    tool = shutil.which("uhubctl")
    hub, _, number = path.rpartition(".")
    if not hub:
        hub, _, number = path.rpartition("-")
    if tool is None or not number:
        return False
    return await run_command([tool, "-l", hub, "-p", number, "-a", "cycle", "-d", str(int(OFF_S))])


async def run_command(argv: list[str]) -> bool:
    """Run a program, without a shell, for at most a minute; return whether it succeeded."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_COMMAND_LIMIT_S):
            return await process.wait() == 0
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
