"""A second port of the same stick: listened to, and used for reading while a submission occupies the first one.

Many sticks send their URCs on a port of their own, or on all. One that is open and never read fills up until the stick
crashes. A URC that comes on both ports within a moment counts once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from gsmgw.at.events import Urc
from gsmgw.at.urcs import UrcKind
from gsmgw.errors import ModemError
from gsmgw.modem.commands import device, messages
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.commands.storage import MessageStorage
from gsmgw.modem.port.babble_guard import BabbleGuard, Babbling
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.profiles import Profile
from gsmgw.ports import Clock, Opener

log = logging.getLogger(__name__)

#: A URC that comes on the other port within that time is the same one, seconds.
SAME_URC_S = 2.0
#: How many URCs are remembered for that.
_REMEMBERED = 64
#: URCs that must not count twice. The others tell a state, and may come twice.
_ONCE = frozenset({UrcKind.MESSAGE, UrcKind.REPORT, UrcKind.STORED, UrcKind.USSD, UrcKind.FULL})


class UrcDeduplicator:
    """Hands on each URC of several ports once."""

    def __init__(self, clock: Clock, on_urc: Callable[[Urc], None]) -> None:
        self._clock = clock
        self._on_urc = on_urc
        self._seen: list[tuple[float, int, Urc]] = []

    def take(self, port: int, urc: Urc) -> None:
        """Take a URC of a port. The same one on the same port is another one: two messages may be alike."""
        if urc.kind in _ONCE:
            now = self._clock.monotonic()
            self._seen = [entry for entry in self._seen if now - entry[0] < SAME_URC_S][-_REMEMBERED:]
            for entry in self._seen:
                if entry[1] != port and entry[2] == urc:
                    self._seen.remove(entry)
                    return
            self._seen.append((now, port, urc))
        self._on_urc(urc)


class SecondPort:
    """The second port of a stick. Commands are sent on it only after :meth:`prepare_reading`."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        on_urc: Callable[[Urc], None],
        on_babbling: Callable[[Babbling], None],
        babble_guard: BabbleGuard,
    ) -> None:
        self._name = name
        self._clock = clock
        self._on_babbling = on_babbling
        self._channel = Channel(clock, on_urc, self._lost, babble_guard=babble_guard)
        #: The memories as this port reads them; None while it is only listened to.
        self.storage: MessageStorage | None = None

    async def open(self, opener: Opener) -> bool:
        """Listen; return whether the port could be opened. The modem works without it."""
        try:
            await self._channel.open(opener)
        except ModemError as exc:
            log.warning("%s: second port not opened: %s", self._name, exc)
            return False
        return True

    async def prepare_reading(self, profile: Profile, memory: str) -> None:
        """Make the port ready to read ``memory`` while a message is being sent on the first port."""
        self.storage = None
        if not self._channel.is_open:
            return
        at = AtClient(self._channel, self._clock, profile)
        storage = MessageStorage(at)
        self._channel.configure(noise=frozenset(profile.noise), pause_s=profile.pause_s)
        try:
            await self._channel.wake()
            await device.set_basics(at)
            await messages.set_pdu_mode(at)
            if not memory or await storage.select(memory):
                self.storage = storage
        except ModemError as exc:
            self.stop_reading(exc)

    def stop_reading(self, cause: Exception) -> None:
        """Only listen from now on: the port did not answer."""
        log.warning("%s: second port is only listened to: %s", self._name, cause)
        self.storage = None

    def _lost(self, cause: Exception) -> None:
        """The port is gone; the first port will tell what that means. Only babbling is passed on."""
        self.storage = None
        if isinstance(cause, Babbling):
            self._on_babbling(cause)

    async def close(self) -> None:
        """Close the port."""
        self.storage = None
        await self._channel.close()
