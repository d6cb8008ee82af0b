"""How long a modem needs to be back after each fault of the simulator, injected while idle and in mid-send.

One modem per fault over a pseudo-terminal. The time runs from the end of the fault (for those that last) or from its
strike (for those that strike once) until the next texts are accepted. A phone texts the modem while the fault is there
and afterwards; both texts have to come in.
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
from gsmgw.model import CopyFate, EventData, ModemState, ModemStatus
from gsmgw.modem import Modem
from gsmgw.modem.profiles import PROFILES, Profile
from gsmgw.ports import RawPdu
from hw_sim import Simulation

TPDU = bytes.fromhex("21000C91947121436587000005E8329BFD06")

#: Fault, how long it lasts (None: it strikes once, or until the modem is brought back), options.
FAULTS: tuple[tuple[str, float | None, dict[str, Any]], ...] = (
    ("hang", 20.0, {}),
    ("dying", 10.0, {}),
    ("vanish", 3.0, {}),
    ("renumber", 3.0, {}),
    ("reset", None, {}),
    ("reset-mid-pdu", None, {}),
    ("reset-mid-pdu", None, {"taken": True}),
    ("storage-full", None, {}),
    ("sim-removed", 3.0, {}),
    ("pin-again", None, {}),
    ("network-lost", 3.0, {}),
    ("denied", 3.0, {}),
    ("roaming", 3.0, {}),
    ("weak-signal", 3.0, {}),
    ("overheated", 3.0, {}),
    ("undervoltage", 3.0, {}),
    ("deaf-inbound", 3.0, {}),
    ("lost-indications", 3.0, {}),
    ("forget", None, {"what": "cnmi"}),
    ("forget", None, {"what": "csms"}),
    ("cms-error", None, {}),
    ("cms-error", None, {"code": 331}),
    ("cms-error", None, {"code": 38}),
    ("cme-error", None, {"command": "+CMGS"}),
    ("stuck-500", None, {}),
    ("sends-nothing", None, {}),
    ("sends-nothing", None, {"form": "no-prompt"}),
    ("taken-error", None, {}),
    ("false-ok", None, {}),
    ("odd-references", 3.0, {}),
    ("lost-result", None, {}),
    ("late-result", None, {"seconds": 4.0}),
    ("slow-result", None, {"seconds": 4.0}),
    ("late-refusal", None, {"seconds": 4.0}),
    ("refuse-setting", 3.0, {}),
    ("refuse-setting", 3.0, {"command": "+CMGF", "error": "plain"}),
    ("acknowledgement-form", 3.0, {}),
    ("unreadable-place", 3.0, {"index": 30}),
    ("ussd-form", 3.0, {}),
    ("reused-reference", None, {}),
    ("mixed-parts", None, {}),
    ("stuck-send", None, {}),
    ("wrong-result", None, {}),
    ("hang-command", None, {"command": "+CMGS"}),
    ("hang-command", None, {"command": "+CSQ"}),
    ("prompt-missing", None, {}),
    ("prompt-late", None, {}),
    ("prompt-form", None, {}),
    ("urc-storm", 3.0, {}),
    ("urc-midresponse", None, {}),
    ("misframe", None, {}),
    ("misframe", None, {"form": "pdu-quote"}),
    ("slow", 3.0, {"seconds": 0.5}),
    ("garbage", 3.0, {}),
    ("drop-bytes", 3.0, {}),
    ("echo-mad", 3.0, {}),
    ("split", 3.0, {}),
    ("merge", 3.0, {}),
    ("bad-index", None, {}),
    ("only-ok", 3.0, {}),
    ("only-ok", 3.0, {"prompt": False}),
    ("mirror", 3.0, {}),
    ("nmea", 3.0, {}),
    ("babble", 3.0, {}),
    ("babble", 3.0, {"form": "binary"}),
)
#: Those that stay until the modem restarts, which is for the gateway to find out.
UNTIL_RESTART = frozenset({"stuck-500", "sends-nothing"})
#: They lose a text that they said they had sent: nobody can know.
LIARS = frozenset({"false-ok"})


@dataclass(frozen=True)
class Result:
    """One row of the table. ``received``: after how long both texts to the modem had come in."""

    fault: str
    when: str
    recovered_s: float | None
    received_s: float | None
    duplicates: int
    lost: int
    state: str


class _Sink:
    def __init__(self) -> None:
        self.modem: Modem | None = None
        self.changed = asyncio.Event()
        self.stored: set[str] = set()

    async def take_pdu(self, raw: RawPdu) -> bool:
        """A report settles what is in flight, as the collector does."""
        try:
            octets = bytes.fromhex(raw.pdu)
        except ValueError:  # damaged on the way
            return False
        start = octets[0] + 1 if octets else 0
        if len(octets) < start + 2:
            return False
        if self.modem is not None and octets[start] & 3 == 2:
            self.modem.settle(octets[start + 1])
        elif raw.storage is not None:
            self.stored.add(raw.pdu)
        return True

    async def take_copies(self, copies: list[RawPdu]) -> list[CopyFate]:
        return [CopyFate.FOREIGN] * len(copies)

    def pdu_released(self, raw: RawPdu) -> None:
        pass

    def reference_read(self, modem: str, sim: str, reference: int, confirmed: int | None) -> None:
        pass

    def modem_changed(self, status: ModemStatus) -> None:
        self.changed.set()

    def modem_event(self, modem: str, data: EventData) -> None:
        pass


async def _commit() -> None:
    pass


async def measure(
    fault: str,
    for_s: float | None,
    options: dict[str, Any],
    *,
    sending: bool,
    limit_s: float,
    profiles: tuple[Profile, ...] = PROFILES,
) -> Result:
    """Inject one fault and wait for the recovery."""
    with tempfile.TemporaryDirectory() as directory:
        async with Simulation(seed=1, directory=directory) as simulation, asyncio.TaskGroup() as group:
            simulated = await simulation.add_modem("modem0", pin="1234" if fault == "pin-again" else None)
            sink = _Sink()
            config = ModemSection.model_validate({"name": "bench", "match": {"usb": "1-1"}, "pin": "1234"})
            modem = Modem(
                config,
                sink,
                SystemClock(),
                profiles=profiles,
                locate=lambda match: str(Path(directory) / simulated.link_name),
            )
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
                        await asyncio.sleep(0.02)  # before the next attempt

            while modem.status.state is not ModemState.READY:
                sink.changed.clear()
                await sink.changed.wait()
            if sending:
                group.create_task(flow())
            await asyncio.sleep(0.1)  # a text is on its way when the fault comes
            count = {} if for_s is not None or fault in UNTIL_RESTART else {"count": 1}
            simulated.fault(fault, for_s=for_s, **count, **options)
            simulation.send(from_="+491799999999", to="modem0", text="in the middle of it")
            if for_s is not None:
                await asyncio.sleep(for_s)  # the fault lasts
            started = time.monotonic()
            recovered: float | None = None
            received: float | None = None
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
                    simulation.send(from_="+491799999999", to="modem0", text="afterwards")
                    while len(sink.stored) < 2:  # noqa: ASYNC110 - what a modem hands over has no event to wait for
                        await asyncio.sleep(0.01)
                    received = time.monotonic() - started
            # A text that is found without having been announced makes it repeat its settings for a moment.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    while modem.status.state is not ModemState.READY:
                        sink.changed.clear()
                        await sink.changed.wait()
            state = modem.status.state.value
            running.cancel()
            on_air = len(simulation.phone("+491712345678").received)
            return Result(
                f"{fault} {options or ''}".strip(),
                "sending" if sending else "idle",
                recovered,
                received,
                max(0, on_air - accepted - unknown),
                0 if fault in LIARS else max(0, accepted - on_air),
                state,
            )


async def table(limit_s: float = 150.0, at_once: int = 8) -> list[Result]:
    """All faults, some at a time."""
    gate = asyncio.Semaphore(at_once)

    async def one(fault: str, for_s: float | None, options: dict[str, Any], sending: bool) -> Result:
        async with gate:
            return await measure(fault, for_s, options, sending=sending, limit_s=limit_s)

    return list(await asyncio.gather(*(one(*row, sending) for row in FAULTS for sending in (False, True))))


def _shown(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds * 1000:.0f} ms"


def main() -> None:
    """Print the table."""
    logging.disable(logging.ERROR)
    print(f"{'fault':38} {'when':8} {'sends again':>12} {'all received':>13} {'untracked':>9} {'lost':>5}  state")
    for row in asyncio.run(table()):
        print(
            f"{row.fault:38} {row.when:8} {_shown(row.recovered_s):>12} {_shown(row.received_s):>13} "
            f"{row.duplicates:>9} {row.lost:>5}  {row.state}"
        )


if __name__ == "__main__":
    main()
