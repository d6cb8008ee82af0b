"""How long a modem needs to be back after each fault of the simulator, injected while idle and in mid-send.

One modem per fault over a pseudo-terminal. The time runs from the end of the fault (for those that last) or from its
strike (for those that strike once) until the next text is accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gsmgw.clock import SystemClock
from gsmgw.config import ModemSection
from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import ModemState, ModemStatus
from gsmgw.modem import Modem
from gsmgw.ports import RawPdu
from hw_sim import Simulation

TPDU = bytes.fromhex("21000C91947121436587000005E8329BFD06")

#: Fault, how long it lasts (None: it strikes once), options.
FAULTS: tuple[tuple[str, float | None, dict[str, Any]], ...] = (
    ("hang", 20.0, {}),
    ("dying", 10.0, {}),
    ("vanish", 3.0, {}),
    ("reset", None, {}),
    ("reset-mid-pdu", None, {}),
    ("storage-full", None, {}),
    ("sim-removed", 3.0, {}),
    ("pin-again", None, {}),
    ("network-lost", 3.0, {}),
    ("denied", 3.0, {}),
    ("roaming", 3.0, {}),
    ("weak-signal", 3.0, {}),
    ("cms-error", None, {}),
    ("cms-error", None, {"code": 331}),
    ("cms-error", None, {"code": 38}),
    ("cme-error", None, {"command": "+CMGS"}),
    ("stuck-500", None, {}),
    ("taken-error", None, {}),
    ("lost-result", None, {}),
    ("stuck-send", None, {}),
    ("wrong-result", None, {}),
    ("prompt-missing", None, {}),
    ("prompt-late", None, {}),
    ("urc-storm", 3.0, {}),
    ("urc-midresponse", None, {}),
    ("slow", 3.0, {"seconds": 0.5}),
    ("garbage", 3.0, {}),
    ("split", 3.0, {}),
    ("merge", 3.0, {}),
    ("bad-index", None, {}),
)


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    fault: str
    when: str
    recovered_s: float | None
    duplicates: int
    state: str


class _Sink:
    def __init__(self) -> None:
        self.modem: Modem | None = None
        self.changed = asyncio.Event()

    async def take_pdu(self, raw: RawPdu) -> None:
        """A report settles what is in flight, as the collector does."""
        try:
            octets = bytes.fromhex(raw.pdu)
        except ValueError:  # damaged on the way
            return
        start = octets[0] + 1
        if self.modem is not None and octets[start] & 3 == 2:
            self.modem.settle(octets[start + 1])

    def pdu_released(self, raw: RawPdu) -> None:
        pass

    def modem_changed(self, status: ModemStatus) -> None:
        self.changed.set()

    def modem_event(self, modem: str, type: str, data: dict[str, object]) -> None:
        pass


async def _commit() -> None:
    pass


async def measure(fault: str, for_s: float | None, options: dict[str, Any], *, sending: bool, limit_s: float) -> Result:
    """Inject one fault and wait for the recovery."""
    with tempfile.TemporaryDirectory() as directory:
        async with Simulation(seed=1, directory=directory) as simulation, asyncio.TaskGroup() as group:
            simulated = await simulation.add_modem("modem0", pin="1234" if fault == "pin-again" else None)
            sink = _Sink()
            config = ModemSection(name="bench", port=str(Path(directory) / "modem0"), pin="1234")
            modem = Modem(config, sink, SystemClock())
            sink.modem = modem
            running = group.create_task(modem.run())
            accepted = unknown = 0

            async def attempt() -> bool:
                nonlocal accepted, unknown
                try:
                    await modem.submit(TPDU, before_payload=_commit)
                except SubmitError as exc:
                    unknown += exc.disposition is Disposition.UNKNOWN
                    return False
                accepted += 1
                return True

            flowing = True

            async def flow() -> None:
                while flowing:
                    if not modem.status.state.carries:
                        sink.changed.clear()
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(sink.changed.wait(), 0.5)
                    elif not await attempt():
                        await asyncio.sleep(0.02)

            while modem.status.state is not ModemState.READY:
                sink.changed.clear()
                await sink.changed.wait()
            if sending:
                group.create_task(flow())
            await asyncio.sleep(0.1)
            count = {} if for_s is not None else {"count": 1}
            simulated.fault(fault, for_s=for_s, **count, **options)
            if for_s is not None:
                await asyncio.sleep(for_s)
            started = time.monotonic()
            recovered: float | None = None
            flowing = False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    hits = 0
                    while hits < 3:  # the strike itself may come with the first of them
                        if modem.status.state.carries and await attempt():
                            hits += 1
                        else:
                            sink.changed.clear()
                            with contextlib.suppress(TimeoutError):
                                await asyncio.wait_for(sink.changed.wait(), 0.05)
                    recovered = time.monotonic() - started
            state = modem.status.state.value
            running.cancel()
            on_air = len(simulation.phone("+491712345678").received)
            return Result(
                f"{fault} {options or ''}".strip(),
                "sending" if sending else "idle",
                recovered,
                max(0, on_air - accepted - unknown),
                state,
            )


async def table(limit_s: float = 60.0, at_once: int = 6) -> list[Result]:
    """All faults, some at a time."""
    gate = asyncio.Semaphore(at_once)

    async def one(fault: str, for_s: float | None, options: dict[str, Any], sending: bool) -> Result:
        async with gate:
            return await measure(fault, for_s, options, sending=sending, limit_s=limit_s)

    return list(await asyncio.gather(*(one(*row, sending) for row in FAULTS for sending in (False, True))))


def main() -> None:
    """Print the table."""
    logging.disable(logging.ERROR)
    print(f"{'fault':32} {'when':8} {'recovered':>10}  {'lost track of':>13}  state")
    for row in asyncio.run(table()):
        took = "never" if row.recovered_s is None else f"{row.recovered_s * 1000:.0f} ms"
        print(f"{row.fault:32} {row.when:8} {took:>10}  {row.duplicates:>13}  {row.state}")


if __name__ == "__main__":
    main()
