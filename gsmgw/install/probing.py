"""Looking for modems before there is a configuration: which ports answer, and whether their SIMs want a PIN."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

from gsmgw.at import commands, responses
from gsmgw.clock import SystemClock
from gsmgw.errors import ModemError
from gsmgw.modem.finder import PROBE_TRIES
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.errors import CommandError
from gsmgw.transport.discovery import scan
from gsmgw.transport.opening import opener_for


@dataclass(frozen=True, slots=True)
class Candidate:
    """A port to ask, the one that stays the same first; ``title`` is the stick's."""

    port: str
    title: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A port where a modem answered. ``sim`` is what AT+CPIN? says (TS 27.007 8.3), or why it says nothing."""

    port: str
    title: str
    imei: str | None
    sim: str

    @property
    def wants_pin(self) -> bool:
        """Whether the SIM is locked by its PIN."""
        return self.sim == "SIM PIN"


def candidates() -> list[list[Candidate]]:
    """The ports of each stick that is plugged in, the likeliest first."""
    return [
        [Candidate(port, f"{stick.title} at USB {stick.usb}") for port in stick.candidates()]
        for stick in scan()
        if stick.is_modem
    ]


def probe_all(groups: Sequence[Sequence[Candidate]]) -> tuple[list[Answer], list[str]]:
    """Ask the ports of each group until one answers; the modems, and a sentence about each group without one."""
    return asyncio.run(_probe_all(groups))


async def _probe_all(groups: Sequence[Sequence[Candidate]]) -> tuple[list[Answer], list[str]]:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_probe_group(group)) for group in groups]
    results = [task.result() for task in asked]
    return (
        [result for result in results if isinstance(result, Answer)],
        [result for result in results if isinstance(result, str)],
    )


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
        else "a stick has no port that may be asked"
    )


async def _probe(candidate: Candidate) -> Answer:
    """Sends nothing but ESC, AT, AT+CGSN and AT+CPIN?. Raises :class:`ModemError`."""
    channel = Channel(SystemClock(), lambda urc: None, lambda cause: None)
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
    """The name that udev keeps for a port wherever the kernel counts it, where there is one."""
    for directory in ("/dev/gsmgw", "/dev/serial/by-path"):
        try:
            names = sorted(os.listdir(directory))
        except OSError:
            continue
        for name in names:
            if os.path.realpath(link := f"{directory}/{name}") == os.path.realpath(port):
                return link
    return port
