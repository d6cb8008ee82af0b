"""Getting a port back into step with its modem, after an answer was given up or its last owner died in a prompt.

AT is asked until it is answered, and then nothing may come for a moment: what was late is behind us, and cannot count
for the next command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gsmgw.at.commands import AT
from gsmgw.at.dialogue import ESCAPE, Dialogue, Stale
from gsmgw.modem.port.errors import CommandTimeout
from gsmgw.ports import Clock

#: How long nothing may come after the answer to AT before an interrupted port counts as in step again.
QUIET_S = 0.15
#: And how long something may go on coming before the port counts as one that cannot be brought into step.
LONGEST_S = 10.0
#: How many times AT is tried before an interrupted port counts as silent, each as long as AT may take.
RESYNC_TRIES = 3


class Resync:
    """For the holder of the turn of one channel. ``write`` writes to the port."""

    def __init__(self, clock: Clock, dialogue: Dialogue, write: Callable[[bytes], None]) -> None:
        self._clock = clock
        self._dialogue = dialogue
        self._write = write
        self._heard: asyncio.Future[bool] | None = None
        self._final_wanted = False
        #: Set while an answer was given up and the port is not known to be in step.
        self.dirty = asyncio.Event()

    def give_up(self) -> bytes:
        """Whatever comes from here on is stale; the bytes lead the modem out of its prompt, if it may be in one."""
        self.dirty.set()
        return self._dialogue.abandon()

    def note(self, stale: Stale) -> None:
        """A line of an answer that was given up came."""
        heard = self._heard
        if heard is not None and not heard.done() and (stale.final is not None or not self._final_wanted):
            heard.set_result(True)

    def die(self, cause: Exception) -> None:
        """The channel ended."""
        if self._heard is not None and not self._heard.done():
            self._heard.set_exception(cause)

    async def run(self, tries: int = RESYNC_TRIES) -> None:
        """Ask AT until it is answered, and wait until nothing more comes. Raises :class:`CommandTimeout`."""
        give_up_at = self._clock.monotonic() + LONGEST_S
        for _ in range(tries):
            self._write(AT.text.encode() + b"\r")
            if await self._hear(AT.timeout_s, final=True):
                while await self._hear(QUIET_S, final=False):
                    if self._clock.monotonic() >= give_up_at:
                        raise CommandTimeout(AT)
                self._dialogue.settled()
                self.dirty.clear()
                return
            self._write(ESCAPE)
        raise CommandTimeout(AT)

    async def _hear(self, seconds: float, *, final: bool) -> bool:
        """Wait for the next line (or final result) of a stale answer; False when none came in time."""
        heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._heard, self._final_wanted = heard, final
        timer = self._clock.call_later(seconds, lambda: _expire(heard))
        try:
            return await heard
        finally:
            self._heard = None
            timer.cancel()


def _expire(heard: asyncio.Future[bool]) -> None:
    if not heard.done():
        heard.set_result(False)
