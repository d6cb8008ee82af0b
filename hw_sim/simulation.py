"""A running simulation: a network with modems and phones, for tests and for ``hw-sim run``."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TextIO

from .clock import Calendar, Clock, LoopClock, VirtualClock
from .commands import COMMANDS
from .events import Event, EventLog
from .faults import make_fault
from .network.phone import Phone
from .network.service_centre import Network
from .numeric import with_check_digit
from .profiles.loader import cached_profile
from .sim_modem import SimModem
from .simcard import SimCard
from .transcripts.recording import Recorder
from .transport import CloseWatch, MemoryTransport, PtyTransport, TcpTransport
from .validation import Count, Interval, Seconds, arguments, invalid, nearest

START = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)  # of the calendar of a seeded run; chosen here


class ScheduledFault:
    """A fault that starts ``at_s`` seconds from now and is repeated every ``every_s`` seconds."""

    def __init__(
        self,
        modem: str,
        kind: str,
        at_s: Seconds = 0.0,
        every_s: Interval | None = None,
        for_s: Seconds | None = None,
        count: Count | None = None,
        **options: Any,
    ) -> None:
        self.modem, self.kind, self.options = modem, kind, options
        self.at_s, self.every_s, self.for_s, self.count = at_s, every_s, for_s, count


class Simulation:
    """A network with modems and phones on one event loop.

    ``directory``: where the links to pseudo-terminals are created. ``seed`` makes a run repeatable: it sets the random
    numbers, and a calendar that starts at START and moves one second with each message. ``timing``: ``zero``, or
    ``real`` for the latencies of the profiles; ``scale``: how many times faster time passes; ``clock``: another clock
    (VirtualClock). ``log_path`` gets one JSON line per event, ``transcripts`` (a folder) a transcript of each modem.
    ``log`` keeps the newest ``keep_events``.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        directory: str | Path | None = None,
        log_path: str | Path | None = None,
        timing: str = "zero",
        scale: float = 1.0,
        transport: str | None = None,
        transcripts: str | Path | None = None,
        keep_events: int = 200_000,
        clock: Clock | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        if timing not in ("zero", "real"):
            raise invalid("timing", timing, "zero or real")
        self._seed = str(random.SystemRandom().getrandbits(64) if seed is None else seed)
        self._directory = None if directory is None else Path(directory)
        self._log_path = None if log_path is None else str(log_path)
        self._timing, self._scale = timing, scale
        self._transport = transport or ("memory" if directory is None else "pty")
        if self._transport == "pty" and directory is None:
            raise ValueError("transport pty needs a directory for its links")
        self._transcripts = None if transcripts is None else Path(transcripts)
        self._keep_events = keep_events
        self._recorders: list[TextIO] = []
        self._watch: CloseWatch | None = None
        self._clock = clock
        self._calendar = calendar or Calendar(None if seed is None else START)
        self.modems: dict[str, SimModem] = {}
        self.phones: dict[str, Phone] = {}
        self._timers: set[Any] = set()
        self.network: Network
        self.events: EventLog

    async def __aenter__(self) -> Self:
        self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Start. Needs a running event loop unless the clock is virtual and the transport is memory."""
        clock = self._clock or LoopClock(asyncio.get_running_loop(), self._scale)
        self.clock = clock
        if self._directory is not None:
            self._directory.mkdir(parents=True, exist_ok=True)
        stamp = clock.now if isinstance(clock, VirtualClock) else time.time
        self.events = EventLog(stamp, self._log_path, self._keep_events)
        self.network = Network(clock, self._calendar, self.events, self._seed)
        self.network.make_subscriber = self.phone

    def close(self) -> None:
        """Close all transports and drop what is under way."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for modem in self.modems.values():
            modem.faults.clear()
            modem.power_off()
            modem.disconnect()
        for out in self._recorders:
            out.close()
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self.events.close()

    # modems

    async def add_modem(
        self,
        name: str | None = None,
        *,
        profile: str = "generic",
        number: str | None = None,
        pin: str | None = None,
        boot: bool = False,
        transport: str | None = None,
        **card: Any,
    ) -> SimModem:
        """Add a modem, powered on and registered; with ``boot`` it starts with banner and times of the profile."""
        return self.make_modem(name, profile=profile, number=number, pin=pin, boot=boot, transport=transport, **card)

    def make_modem(
        self,
        name: str | None = None,
        *,
        profile: str = "generic",
        number: str | None = None,
        pin: str | None = None,
        boot: bool = False,
        transport: str | None = None,
        **card: Any,
    ) -> SimModem:
        """Add a modem without waiting (see ``add_modem``)."""
        place = len(self.modems)
        name = name or f"modem{place}"
        if name in self.modems:
            raise ValueError(f"modem {name} exists already")
        family = cached_profile(profile)
        number = number or f"+4917000{place + 1:05d}"
        sim = SimCard(number, f"26201{place + 1:010d}", with_check_digit(f"8949017{place + 1:011d}"), pin, **card)
        imei = with_check_digit(f"{family.identity.tac}{place + 1:06d}")
        modem = SimModem(
            name,
            family,
            sim,
            self.network,
            imei,
            COMMANDS,
            self,
            transport=transport or self._transport,
            timing=self._timing,
            seed=self._seed,
        )
        if self._transcripts is not None:
            self._record(modem, self._transcripts)
        self.modems[name] = modem
        self.connect(modem)
        modem.power_on(quiet=not boot)
        return modem

    def _close_watch(self) -> CloseWatch | None:
        if self._watch is None:
            with contextlib.suppress(OSError):  # without it an exclusive lock stays until the modem is replugged
                self._watch = CloseWatch()
        return self._watch

    def _record(self, modem: SimModem, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        out = (folder / f"{modem.name}.transcript").open("w", encoding="utf-8", buffering=1)
        self._recorders.append(out)
        recorder = Recorder(self.clock.now, out.write)
        modem.on_wire = lambda port, way, data: recorder.add(way, data)

    def connect(self, modem: SimModem) -> None:
        """Open transports for all ports of a modem."""
        kind = modem.transport
        for port in modem.ports:
            if kind == "pty":
                assert self._directory is not None
                name = modem.link_name if port.number == 0 else f"aux/{modem.link_name}-{port.number}"
                modem.transports.append(PtyTransport(port, self._directory / name, self._close_watch()))
            elif kind == "tcp":
                modem.transports.append(TcpTransport(port))
            elif kind == "memory":
                modem.transports.append(MemoryTransport(port))
            else:
                raise invalid("transport", kind, "pty, tcp or memory")

    def modem(self, name: str) -> SimModem:
        """Return a modem by its name or number. Raises KeyError."""
        for modem in self.modems.values():
            if name in (modem.name, modem.number):
                return modem
        raise KeyError(f"modem '{name}' does not exist{nearest(name, self.modems)}")

    def inject(
        self, modem: SimModem, kind: str, for_s: float | None, count: int | None, options: dict[str, Any]
    ) -> None:
        """Start a fault on a modem and log it; see ``SimModem.fault``."""
        fault = make_fault(modem, kind, count, options)
        self.events.add("fault", modem=modem.name, kind=fault.kind, for_s=for_s, count=count, **options)
        modem.faults.add(fault)
        if for_s is not None:
            self.later(for_s, modem.faults.remove, fault)

    def schedule(self, faults: list[dict[str, Any]]) -> None:
        """Schedule faults (see ``Control.op_schedule``).

        Raises ValueError when one of them is not valid, and then schedules none.
        """
        ready = []
        for number, entry in enumerate(faults, 1):
            where = f"scheduled fault {number}"
            plan = ScheduledFault(**arguments(ScheduledFault.__init__, entry, where=where, noun="key"))
            try:
                modem = self.modem(plan.modem)
                make_fault(modem, plan.kind, None, plan.options)
            except KeyError as error:
                raise ValueError(f"{where}: {error.args[0]}") from None
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
            ready.append((plan, modem))
        for plan, modem in ready:
            self.later(plan.at_s, self._scheduled, modem, plan)

    def _scheduled(self, modem: SimModem, plan: ScheduledFault) -> None:
        modem.fault(plan.kind, for_s=plan.for_s, count=plan.count, **plan.options)
        if plan.every_s:
            self.later(plan.every_s, self._scheduled, modem, plan)

    def later(self, delay_s: float, action: Any, *args: Any) -> None:
        """Call something later, unless the simulation ends before."""
        timer: Any = None

        def run() -> None:
            self._timers.discard(timer)
            action(*args)

        timer = self.clock.call_later(delay_s, run)
        self._timers.add(timer)

    # phones

    def phone(self, number: str) -> Phone:
        """Return the phone with a number; it is created on first use."""
        number = self.network.normal(number)
        phone = self.phones.get(number)
        if phone is None:
            if number in self.modems:
                raise KeyError(f"{number} is a modem, not a phone")
            phone = Phone(number, self.network)
            self.network.join(phone)
            self.phones[number] = phone
        return phone

    def send(self, *, from_: str, to: str, text: str, **options: Any) -> int:
        """Send a text from a phone to a modem (name or number) or phone; return the number of segments.

        Raises RpError when the network refuses, KeyError when ``to`` is neither a modem nor a number.
        """
        if to in self.modems:
            to = self.modems[to].number
        elif not re.fullmatch(r"\+?[0-9*#]+", to):
            self.modem(to)
        return self.phone(from_).send(to, text, **options)

    # events

    @property
    def log(self) -> list[Event]:
        """All kept events, as in the log file."""
        return list(self.events.events)

    @property
    def submits(self) -> list[Event]:
        """The submissions of modems; texts of phones show as ``deliver`` only."""
        return self.events.of("submit")
