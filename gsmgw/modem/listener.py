"""A second port of the same stick that is only listened to.

Many sticks bring their URCs on a port of their own, or on all; and one that is open and never read fills up until the
stick crashes. What comes on both ports within a moment counts once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from gsmgw.at.dialogue import Dialogue, Urc
from gsmgw.at.urcs import UrcKind
from gsmgw.errors import ModemError
from gsmgw.ports import ByteStream, Clock, Opener

log = logging.getLogger(__name__)

#: The same line on the other port within that time is the same news.
SAME_NEWS_S = 2.0
#: How many lines are remembered for that.
_REMEMBERED = 64
#: What a second telling of would do harm. The others say how something is now, and may be said twice.
_ONCE = frozenset({UrcKind.MESSAGE, UrcKind.REPORT, UrcKind.STORED, UrcKind.USSD, UrcKind.FULL})


class Once:
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


class Listener:
    """A :class:`gsmgw.ports.ByteReceiver` that sends nothing."""

    def __init__(self, on_urc: Callable[[Urc], None]) -> None:
        self._dialogue = Dialogue()
        self._on_urc = on_urc
        self._stream: ByteStream | None = None

    async def open(self, opener: Opener) -> bool:
        """Listen; whether the port could be opened. The modem works without."""
        try:
            self._stream = await opener(self)
        except ModemError as exc:
            log.warning("the second port is not listened to: %s", exc)
            return False
        return True

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        for event in self._dialogue.feed(data):
            if type(event) is Urc:
                self._on_urc(event)

    def connection_lost(self, cause: Exception | None) -> None:
        """The port is gone; the first port will tell what that means."""

    async def close(self) -> None:
        """Listen no more."""
        if self._stream is not None:
            await self._stream.close()
