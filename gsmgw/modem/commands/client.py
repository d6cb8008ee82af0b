"""Run AT commands on one channel: once, tolerantly, until the modem is ready, or the first of several that works."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from gsmgw.at.commands import Command
from gsmgw.at.events import Response
from gsmgw.at.result_codes import FinalResultKind
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.profiles import GENERIC, Profile
from gsmgw.ports import Clock

log = logging.getLogger(__name__)

#: Temporary errors: the SIM or the modem is still starting (TS 27.007 9.2, TS 27.005 3.2.5; 515 Wavecom).
_BUSY_CME = frozenset({14, 515})
_BUSY_CMS = frozenset({314, 515, 301})
#: Time between two tries of a command that was refused as busy, seconds.
BUSY_PAUSE_S = 1.0


class AtClient:
    """Commands to one modem. All methods raise :class:`gsmgw.errors.ModemError` when it does not answer or is gone."""

    def __init__(self, channel: Channel, clock: Clock, profile: Profile = GENERIC) -> None:
        self.channel = channel
        self.clock = clock
        #: The profile of the modem; the generic one until it is identified.
        self.profile = profile

    async def run(self, command: Command, priority: PortPriority = PortPriority.CONTROL) -> Response:
        """Run a command that must succeed. Raises :class:`CommandError` when it is refused."""
        return await self.channel.run(command, priority)

    async def attempt(self, command: Command, priority: PortPriority = PortPriority.CONTROL) -> Response | None:
        """Run a command that may be refused; None when it was."""
        try:
            return await self.channel.run(command, priority)
        except CommandError as exc:
            log.debug("%s", exc)
            return None

    async def attempt_line(self, command: Command) -> str | None:
        """Run a command that may be refused; the first line of its response, or None."""
        response = await self.attempt(command)
        return response.lines[0] if response is not None and response.lines else None

    async def run_when_ready(self, command: Command, seconds: float) -> Response:
        """Run a command, and repeat it for at most ``seconds`` while the modem answers that it is busy."""
        deadline = self.clock.monotonic() + seconds
        while True:
            try:
                return await self.channel.run(command)
            except CommandError as exc:
                if not is_busy(exc) or self.clock.monotonic() >= deadline:
                    raise
            await self.clock.sleep(BUSY_PAUSE_S)

    async def first_accepted(self, candidates: Iterable[Command]) -> Command | None:
        """Run commands until one is accepted, and return it."""
        for command in candidates:
            if await self.attempt(command) is not None:
                return command
        return None


def is_busy(error: CommandError) -> bool:
    """Return whether the command may succeed when it is repeated in a second."""
    final = error.final
    if final.kind is FinalResultKind.CME:
        return final.code in _BUSY_CME
    return final.kind is FinalResultKind.CMS and final.code in _BUSY_CMS
