"""Find modems without a configuration: which ports answer, and which SIMs need a PIN."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

from gsmgw.at import commands, responses
from gsmgw.clock import SystemClock
from gsmgw.errors import ModemError, PortUnavailable
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.commands.sim import pin_attempts_left
from gsmgw.modem.finder import PROBE_TRIES
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.errors import CommandError
from gsmgw.transport.discovery import scan
from gsmgw.transport.opening import SOCKET, opener_for


@dataclass(frozen=True, slots=True)
class Candidate:
    """A port to probe; ``title`` names its modem."""

    port: str
    title: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A port where a modem answered. ``sim`` is the answer to AT+CPIN? (TS 27.007 8.3), or the reason for none."""

    port: str
    title: str
    imei: str | None
    sim: str

    @property
    def wants_pin(self) -> bool:
        """True if the SIM is locked by its PIN."""
        return self.sim == "SIM PIN"


def candidates() -> list[list[Candidate]]:
    """Return the ports of each connected modem, the likeliest first."""
    return [
        [Candidate(port, f"{stick.title} at USB {stick.usb}") for port in stick.candidates()]
        for stick in scan()
        if stick.is_modem
    ]


def probe_all(groups: Sequence[Sequence[Candidate]]) -> tuple[list[Answer], list[str]]:
    """Probe the ports of each group until one answers. Return the modems, and a message for each silent group."""
    return asyncio.run(_probe_all(groups))


async def _probe_all(groups: Sequence[Sequence[Candidate]]) -> tuple[list[Answer], list[str]]:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_probe_group(group)) for group in groups]
    results = [task.result() for task in asked]
    return (
        [result for result in results if isinstance(result, Answer)],
        [result for result in results if isinstance(result, str)],
    )


def port_problem(port: str) -> str | None:
    """Return why a port cannot be used, with the cure; None if it can be opened. One on TCP can only be tried."""
    if not port.startswith("/"):
        return None if port.startswith(SOCKET) else f"{port} is not a port: use a path like /dev/ttyUSB2"
    if not os.path.exists(port):
        known = ", ".join(candidate.port for group in candidates() for candidate in group)
        return f"{port} does not exist. " + (f"Connected: {known}" if known else "No modem is connected: lsusb")
    try:
        asyncio.run(_open(port))
    except PortUnavailable as exc:
        return f"{exc.title}. {exc.cure}"
    except ModemError as exc:
        return exc.title
    return None


async def _open(port: str) -> None:
    channel = _channel()
    try:
        await channel.open(opener_for(port))
    finally:
        await channel.close()


def enter_pin(port: str, pin: str) -> None:
    """Unlock the SIM of the modem at a port. Raises :class:`ModemError` with the reason if it stays locked."""
    asyncio.run(_enter_pin(port, pin))


async def _enter_pin(port: str, pin: str) -> None:
    channel = _channel()
    try:
        await channel.open(opener_for(port))
        await channel.wake(PROBE_TRIES)
        at = AtClient(channel, SystemClock())
        left = await pin_attempts_left(at)
        if left is not None and left <= 1:
            raise ModemError("only one PIN attempt is left, and a wrong PIN would lock the SIM. Enter it in a phone")
        try:
            await at.run(commands.enter_pin(pin))
        except CommandError as exc:
            raise ModemError(f"the SIM refused the PIN ({exc.final})") from None
    finally:
        await channel.close()


def _channel() -> Channel:
    return Channel(SystemClock(), lambda urc: None, lambda cause: None)


async def _probe_group(group: Sequence[Candidate]) -> Answer | str:
    reasons = []
    for candidate in group:
        try:
            return await _probe(candidate)
        except ModemError as exc:
            reasons.append(f"{candidate.port}: {exc.title}")
    return (
        f"{group[0].title}: no port answers ({'; '.join(reasons)})"
        if group
        else "a modem has no port that can be probed"
    )


async def _probe(candidate: Candidate) -> Answer:
    """Send only ESC, AT, AT+CGSN and AT+CPIN?. Raises :class:`ModemError`."""
    channel = _channel()
    try:
        await channel.open(opener_for(candidate.port))
        await channel.wake(PROBE_TRIES)
        imei, sim = None, "unknown"
        try:
            imei = responses.parse_digits((await channel.run(commands.IMEI)).lines, "+CGSN:", 14, 16)
            sim = responses.parse_pin_state((await channel.run(commands.PIN_STATE)).lines[0])
        except (CommandError, IndexError) as exc:
            sim = f"no answer about the SIM ({exc})"
        return Answer(_stable(candidate.port), candidate.title, imei, sim)
    finally:
        await channel.close()


def _stable(port: str) -> str:
    """Return the stable name that udev gives a port, or the port itself."""
    for directory in ("/dev/gsmgw", "/dev/serial/by-path"):
        try:
            names = sorted(os.listdir(directory))
        except OSError:
            continue
        for name in names:
            if os.path.realpath(link := f"{directory}/{name}") == os.path.realpath(port):
                return link
    return port
