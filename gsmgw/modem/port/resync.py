"""Resynchronisation of a port with its modem, after a response was given up or the last owner died in a prompt.

AT is sent until it is answered. Then nothing may come for a moment: so no late response counts for the next command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gsmgw.at.commands import AT
from gsmgw.at.dialogue import ESCAPE, Dialogue
from gsmgw.at.events import Stale
from gsmgw.modem.port.errors import CommandTimeout
from gsmgw.ports import Clock

#: How long nothing may come after the answer to AT before the port counts as in step, seconds.
QUIET_S = 0.15
#: How long lines may keep coming before the attempt is given up, seconds.
LONGEST_S = 10.0
#: How many times AT is tried before the port counts as silent, each as long as AT may take.
RESYNC_TRIES = 3


class Resync:
    """Resynchronises one port, for the holder of its lock. ``write`` writes to the port."""

    def __init__(self, clock: Clock, dialogue: Dialogue, write: Callable[[bytes], None]) -> None:
        self._clock = clock
        self._dialogue = dialogue
        self._write = write
        self._received: asyncio.Future[bool] | None = None
        self._final_wanted = False
        #: Set while a response was given up and the port is not known to be in step.
        self.dirty = asyncio.Event()

    def give_up(self) -> bytes:
        """Take all responses from now on as stale; return the bytes that end a prompt, if the modem may be in one."""
        self.dirty.set()
        return self._dialogue.abandon()

    def note(self, stale: Stale) -> None:
        """Note a line of a response that was given up."""
        received = self._received
        if received is not None and not received.done() and (stale.final is not None or not self._final_wanted):
            received.set_result(True)

    def end(self, cause: Exception) -> None:
        """End the wait: the channel has ended."""
        if self._received is not None and not self._received.done():
            self._received.set_exception(cause)

    async def run(self, tries: int = RESYNC_TRIES) -> None:
        """Send AT until it is answered, and wait until nothing more comes. Raises :class:`CommandTimeout`."""
        give_up_at = self._clock.monotonic() + LONGEST_S
        for _ in range(tries):
            self._write(AT.text.encode() + b"\r")
            if await self._receive(AT.timeout_s, final=True):
                while await self._receive(QUIET_S, final=False):
                    if self._clock.monotonic() >= give_up_at:
                        raise CommandTimeout(AT)
                self._dialogue.settled()
                self.dirty.clear()
                return
            self._write(ESCAPE)
        raise CommandTimeout(AT)

    async def _receive(self, seconds: float, *, final: bool) -> bool:
        """Wait for the next line (or final result) of a stale response; False when none came in time."""
        received: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._received, self._final_wanted = received, final
        timer = self._clock.call_later(seconds, lambda: _expire(received))
        try:
            return await received
        finally:
            self._received = None
            timer.cancel()


def _expire(received: asyncio.Future[bool]) -> None:
    if not received.done():
        received.set_result(False)
