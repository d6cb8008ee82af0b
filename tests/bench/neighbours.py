"""Sixteen modems, of which one hangs, one flaps, one is locked and one storms: what the other twelve notice of it.

All in one process over pseudo-terminals, the simulator in another. Each well modem is given the next text as soon as it
has sent the last, at 0.25 s on the air. The same twelve are measured with four quiet neighbours and with the four bad
ones, by turns, several times in one run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path

from gsmgw.clock import SystemClock
from gsmgw.config import ModemSection
from gsmgw.errors import SubmitError
from gsmgw.modem import Modem
from gsmgw.ports import RawPdu
from tests.bench.recovery import TPDU, _commit, _Sink

MODEMS = 16
HANGS, FLAPS, LOCKED, STORMS = range(4)
WELL = range(4, MODEMS)
ROUND_S = 8.0
ROUNDS = 4
AIR_S = 0.25

_PROFILE = f"""
[profile]
name = "steady"
base = "generic"
family = "bench"
description = "a quarter of a second on the air"
[timing]
submit_s = [{AIR_S}, {AIR_S}]
submit_held_s = [{AIR_S}, {AIR_S}]
"""


class _Tally(_Sink):
    async def take_pdu(self, raw: RawPdu) -> None:
        """Nothing is received here."""


class _Control:
    """The simulator's control socket, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def fault(self, modem: int, kind: str, **options: object) -> None:
        request = {"op": "fault", "modem": f"modem{modem}", "kind": kind, **options}
        self._writer.write(json.dumps(request).encode() + b"\n")
        answer = json.loads(await self._reader.readline())
        assert answer["ok"], answer


async def _round(modems: list[Modem], seconds: float) -> float:
    """Texts per second of the well ones."""
    sent = 0
    ends = time.monotonic() + seconds

    async def pump(modem: Modem) -> None:
        nonlocal sent
        while time.monotonic() < ends:
            try:
                await modem.submit(TPDU, before_payload=_commit)
                sent += 1
            except SubmitError:
                await asyncio.sleep(0.01)  # before the next attempt

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in WELL:
            group.create_task(pump(modems[number]))
    return sent / (time.monotonic() - began)


async def _trouble(control: _Control) -> None:
    await control.fault(HANGS, "hang")
    await control.fault(STORMS, "urc-storm", every_s=0.005)
    while True:
        await control.fault(FLAPS, "vanish", for_s=0.3)
        await asyncio.sleep(0.6)  # half of it there, half of it gone


async def _peace(control: _Control) -> None:
    for number in (HANGS, FLAPS, STORMS):
        await control.fault(number, "clear")


async def compare(directory: Path) -> list[tuple[float, float]]:
    """(quiet, troubled) texts per second, a pair for each round."""
    profile, socket = directory / "steady.toml", directory / "sim.sock"
    profile.write_text(_PROFILE)
    command = [sys.executable, "-m", "hw_sim", "run", "--modems", str(MODEMS), "--profile", str(profile)]
    command += ["--dir", str(directory / "tty"), "--control", str(socket), "--timing", "real"]
    simulator = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        while not (directory / "tty" / f"modem{MODEMS - 1}").exists():  # noqa: ASYNC110 - a link has no event
            await asyncio.sleep(0.05)
        async with asyncio.TaskGroup() as group:
            modems = []
            for number in range(MODEMS):
                section = ModemSection(name=f"m{number}", port=str(directory / "tty" / f"modem{number}"))
                modems.append(Modem(section, _Tally(), SystemClock()))
            tasks = [group.create_task(modem.run()) for modem in modems]
            while not all(modems[number].status.state.carries for number in WELL):  # noqa: ASYNC110 - once
                await asyncio.sleep(0.05)
            control = _Control(*await asyncio.open_unix_connection(socket))
            await control.fault(LOCKED, "pin-again")
            pairs = []
            for _ in range(ROUNDS):
                quiet = await _round(modems, ROUND_S)
                trouble = group.create_task(_trouble(control))
                await asyncio.sleep(2.0)  # the trouble is in full swing
                troubled = await _round(modems, ROUND_S)
                trouble.cancel()
                await asyncio.wait([trouble])
                await _peace(control)
                await asyncio.sleep(1.0)  # and over
                pairs.append((quiet, troubled))
            for task in tasks:
                task.cancel()
        return pairs
    finally:
        simulator.terminate()
        await simulator.wait()


def main() -> None:
    """Print the rates and their ratio."""
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as directory:
        pairs = asyncio.run(compare(Path(directory)))
    for quiet, troubled in pairs:
        print(f"twelve modems: {quiet:6.2f} texts/s with quiet neighbours, {troubled:6.2f} with bad ones")
    print(f"ratio, median of {len(pairs)}: {statistics.median(troubled / quiet for quiet, troubled in pairs):.4f}")


if __name__ == "__main__":
    main()
