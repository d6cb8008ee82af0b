"""A second port of the same stick: listened to, and read by while a message occupies the first, where that is allowed.

Many sticks bring their URCs on a port of their own, or on all; and one that is open and never read fills up until the
stick crashes. What comes on both ports within a moment counts once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from gsmgw.at.dialogue import Urc
from gsmgw.at.urcs import UrcKind
from gsmgw.errors import ModemError
from gsmgw.modem.port.babble_guard import BabbleGuard, Babbling
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.driver import Driver
from gsmgw.modem.profiles import Profile
from gsmgw.ports import Clock, Opener

log = logging.getLogger(__name__)

#: The same line on the other port within that time is the same news.
SAME_NEWS_S = 2.0
#: How many lines are remembered for that.
_REMEMBERED = 64
#: What a second telling of would do harm. The others say how something is now, and may be said twice.
_ONCE = frozenset({UrcKind.MESSAGE, UrcKind.REPORT, UrcKind.STORED, UrcKind.USSD, UrcKind.FULL})


class UrcDeduplicator:
    """Passes each piece of news of several ports on once."""

    def __init__(self, clock: Clock, on_urc: Callable[[Urc], None]) -> None:
        self._clock = clock
        #: Passes a piece of news on, whatever came before.
        self.pass_on = on_urc
        self._heard: list[tuple[float, int, Urc]] = []

    def news(self, port: int, urc: Urc) -> None:
        """A URC came on a port. The same on the same port is news again: two texts may be alike."""
        if urc.kind in _ONCE:
            now = self._clock.monotonic()
            self._heard = [entry for entry in self._heard if now - entry[0] < SAME_NEWS_S][-_REMEMBERED:]
            for entry in self._heard:
                if entry[1] != port and entry[2] == urc:
                    self._heard.remove(entry)
                    return
            self._heard.append((now, port, urc))
        self.pass_on(urc)


class SecondPort:
    """The second port of a stick: listened to, and spoken to only where the profile allows it (:meth:`join`)."""

    def __init__(
        self,
        clock: Clock,
        on_urc: Callable[[Urc], None],
        on_babbling: Callable[[Babbling], None],
        babble_guard: BabbleGuard,
    ) -> None:
        self._clock = clock
        self._on_babbling = on_babbling
        self._channel = Channel(clock, on_urc, self._lost, babble_guard=babble_guard)
        #: The verbs on it, while it may be spoken to.
        self.driver: Driver | None = None

    async def open(self, opener: Opener) -> bool:
        """Listen; whether the port could be opened. The modem works without."""
        try:
            await self._channel.open(opener)
        except ModemError as exc:
            log.warning("the second port is not listened to: %s", exc)
            return False
        return True

    async def join(self, profile: Profile, memory: str) -> None:
        """Make the port ready to read ``memory`` by while a message is being sent on the first one."""
        self.driver = None
        if not self._channel.is_open:
            return
        driver = Driver(self._channel, self._clock, profile)
        self._channel.noise = frozenset(profile.noise)
        self._channel.pause_s = profile.pause_s
        try:
            await self._channel.wake()
            await driver.basics()
            await driver.pdu_mode()
            if not memory or await driver.select(memory):
                self.driver = driver
        except ModemError as exc:
            log.warning("the second port is only listened to: %s", exc)

    def part(self, cause: Exception) -> None:
        """It did not answer: from here on it is only listened to."""
        log.warning("the second port is only listened to: %s", cause)
        self.driver = None

    def _lost(self, cause: Exception) -> None:
        """The port is gone; the first port will tell what that means. One that babbles tells for itself."""
        self.driver = None
        if isinstance(cause, Babbling):
            self._on_babbling(cause)

    async def close(self) -> None:
        """Listen no more."""
        self.driver = None
        await self._channel.close()
