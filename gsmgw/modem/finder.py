"""Finds the ports of modems that are configured by IMEI or USB path, and of modems that are not configured.

A stick is probed once each time it is plugged in: AT on its likeliest port first, then its IMEI. A port that belongs to
a configured modem is never opened here.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from gsmgw.at import commands, responses
from gsmgw.config import Config, MatchSection, ModemSection
from gsmgw.errors import ModemError, PortUnavailable, StoreError
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.wakeup import Wakeup
from gsmgw.ports import Clock, Opener
from gsmgw.transport.discovery import Hotplug, Stick, scan, second_port
from gsmgw.transport.opening import opener_for

log = logging.getLogger(__name__)

#: The pause after a udev event, seconds: the ports of a stick appear one after the other.
SETTLE_S = 0.3
#: How often sysfs is scanned without udev, and as a safety net with udev, seconds.
LOOK_S = 2.0
SAFETY_LOOK_S = 60.0
#: A stick that did not answer is probed again after that time, growing, seconds: some need half a minute to start.
ASK_AGAIN_S = 10.0
ASK_AGAIN_AT_LEAST_EVERY_S = 60.0
#: How often AT is sent to one port, a second each.
PROBE_TRIES = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A stick whose port is known."""

    stick: Stick
    port: str
    imei: str | None


@dataclass(frozen=True, slots=True)
class _NextProbe:
    """The next probe of a stick that did not answer. ``problem`` is why its port cannot be opened, or empty."""

    at: float
    pause_s: float
    problem: str


async def probe(opener: Opener, clock: Clock) -> tuple[bool, str | None]:
    """Probe a port: return whether it answers AT, and the IMEI. Sends only ESC, AT and AT+CGSN.

    Raises :class:`PortUnavailable` for a port that exists and cannot be opened.
    """
    channel = Channel(clock, lambda urc: None, lambda cause: None)
    try:
        await channel.open(opener)
    except PortUnavailable:
        raise
    except ModemError as exc:
        log.debug("probe: %s", exc)
        return False, None
    try:
        await channel.wake(PROBE_TRIES)
        try:
            answer = await channel.run(commands.IMEI)
        except CommandError:
            return True, None
        return True, responses.parse_digits(answer.lines, "+CGSN:", 14, 16)
    except ModemError:
        return False, None
    finally:
        await channel.close()


#: The stick, candidate names in order of preference, configured names -> the name of the stick from then on.
NameOf = Callable[[str, Sequence[str], Collection[str]], Awaitable[str]]


class MemoryNames:
    """Gives names that are unique in this process. Those of the gateway are stored (store.names)."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    async def __call__(self, stick: str, candidates: Sequence[str], taken: Collection[str]) -> str:
        """Return the name of a stick."""
        used = {*taken, *self._known.values()}
        if stick not in self._known:
            self._known[stick] = next((name for name in candidates if name not in used), f"{candidates[-1]}-2")
        return self._known[stick]


class Finder:
    """Tracks the sticks that are plugged in. ``on_new`` is called once for each modem that is not configured.

    ``look`` lists the sticks, ``make_opener`` opens a node; tests replace both.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        on_new: Callable[[ModemSection], None],
        *,
        name_of: NameOf | None = None,
        look: Callable[[], list[Stick]] = scan,
        make_opener: Callable[[str], Opener] = opener_for,
    ) -> None:
        self._config = config
        self._clock = clock
        self._on_new = on_new
        self._name_of = name_of or MemoryNames()
        self._look = look
        self._make_opener = make_opener
        self._found: dict[str, Found] = {}
        #: When a stick that did not answer is probed again, the pause before that, and why it did not, by ``plugged``.
        self._next_probe: dict[str, _NextProbe] = {}
        self._announced: set[str] = set()
        self._wakeup = Wakeup(clock)
        self._hotplug = Hotplug(self._wakeup.set)

    @property
    def found(self) -> tuple[Found, ...]:
        """The sticks whose port is known."""
        return tuple(self._found.values())

    def locate(self, match: MatchSection) -> str | None:
        """Return the port of the modem that a ``match`` describes; None while it is absent."""
        for found in self._found.values():
            if match.usb is not None and found.stick.usb == match.usb:
                return found.port
            if match.imei is not None and found.imei is not None and found.imei[:14] == match.imei[:14]:
                return found.port
        return None

    def second_of(self, port: str) -> str | None:
        """Return another AT port of the same stick; None where none is known."""
        return second_port(os.path.realpath(port), self._look())

    async def run(self) -> None:
        """Scan after each udev event. Returns only by cancellation."""
        self._hotplug.start()
        try:
            while True:
                all_known = await self.refresh()
                safety_s = SAFETY_LOOK_S if all_known else ASK_AGAIN_S
                if await self._wakeup.wait(safety_s if self._hotplug.works else LOOK_S):
                    await self._clock.sleep(SETTLE_S)
        finally:
            self._hotplug.stop()

    async def refresh(self) -> bool:
        """Scan, and probe new sticks; return whether no stick is left to be probed."""
        sticks = {stick.plugged: stick for stick in self._look()}
        for plugged in [key for key in self._found if key not in sticks]:
            log.info("finder: stick unplugged usb=%s", self._found.pop(plugged).stick.usb)
        now = self._clock.monotonic()
        new = []
        for plugged, stick in sticks.items():
            if plugged in self._found or not self._wanted(stick):
                continue
            if plugged not in self._next_probe or now >= self._next_probe[plugged].at:
                new.append(stick)
        self._next_probe = {plugged: probe for plugged, probe in self._next_probe.items() if plugged in sticks}
        async with asyncio.TaskGroup() as group:
            for stick in new:
                group.create_task(self._ask(stick))
        await self._announce()
        return all(plugged in self._found or not self._wanted(stick) for plugged, stick in sticks.items())

    def _wanted(self, stick: Stick) -> bool:
        """Return whether a stick is to be probed: a ``match`` may mean it, or it is a known modem to be discovered; and
        none of its ports is configured by path.
        """
        taken = {os.path.realpath(modem.port) for modem in self._config.modem if modem.port is not None}
        if any(os.path.realpath(port.node) in taken for port in stick.ports):
            return False
        if any(modem.match is not None and modem.match.usb == stick.usb for modem in self._config.modem):
            return True
        by_imei = any(modem.match is not None and modem.match.imei is not None for modem in self._config.modem)
        return stick.is_modem and (self._config.modems.discover or by_imei)

    async def _ask(self, stick: Stick) -> None:
        problems = []
        for node in stick.candidates():
            try:
                speaks, imei = await probe(self._make_opener(node), self._clock)
            except PortUnavailable as exc:
                problems.append(f"{exc.title}. {exc.cure}")
                continue
            if speaks:
                log.info("finder: %s answers usb=%s port=%s", stick.title, stick.usb, node)
                self._found[stick.plugged] = Found(stick, node, imei)
                self._next_probe.pop(stick.plugged, None)
                return
        self._ask_later(stick, problems[0] if problems else "")

    def _ask_later(self, stick: Stick, problem: str) -> None:
        """Probe a stick again after a pause; log why it did not answer when that has changed."""
        before = self._next_probe.get(stick.plugged)
        pause_s = ASK_AGAIN_S if before is None else min(2 * before.pause_s, ASK_AGAIN_AT_LEAST_EVERY_S)
        self._next_probe[stick.plugged] = _NextProbe(self._clock.monotonic() + pause_s, pause_s, problem)
        if before is not None and before.problem == problem:
            return
        if problem:
            log.warning("finder: %s cannot be used usb=%s: %s", stick.title, stick.usb, problem)
        else:
            log.info("finder: %s does not answer on any port usb=%s", stick.title, stick.usb)

    async def _announce(self) -> None:
        if not self._config.modems.discover:
            return
        matches = [modem.match for modem in self._config.modem if modem.match is not None]
        taken = frozenset(modem.name for modem in self._config.modem)
        unknown = [found for found in self._found.values() if not any(self._is_at(found, match) for match in matches)]
        for found in sorted(unknown, key=lambda found: (found.imei or "", found.stick.usb)):
            # The IMEI is the same in any USB port. A modem without one, or with a duplicate, is known by its USB path.
            imei = found.imei if self._is_first_of_its_imei(found) else None
            key = imei or found.stick.usb
            if key in self._announced:
                continue
            candidates = (f"modem-{imei[-6:]}", f"modem-{imei[-8:]}", f"modem-{imei}") if imei else (f"usb-{key}",)
            try:
                name = await self._name_of(key, candidates, taken)
            except StoreError as exc:  # at the next scan
                log.warning("finder: no name for a stick usb=%s: %s", found.stick.usb, exc)
                continue
            self._announced.add(key)
            match = {"imei": imei} if imei else {"usb": found.stick.usb}
            self._on_new(ModemSection.model_validate({"name": name, "match": match}))

    def _is_first_of_its_imei(self, found: Found) -> bool:
        return found.imei is not None and self._is_at(found, MatchSection.model_validate({"imei": found.imei}))

    def _is_at(self, found: Found, match: MatchSection) -> bool:
        return self.locate(match) == found.port
