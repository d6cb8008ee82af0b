"""Errors of the conversation with a modem."""

from __future__ import annotations

from gsmgw.at.commands import Command
from gsmgw.at.result_codes import FinalResult
from gsmgw.errors import Disposition, ModemError


class CommandError(ModemError):
    """The modem refused a command. ``final`` is its result code."""

    def __init__(self, command: Command, final: FinalResult) -> None:
        self.command = command
        self.final = final
        super().__init__(f"{command.shown} was refused: {final}")


class CommandTimeout(ModemError):
    """The modem did not answer. ``payload_sent``: the payload of a prompted command had left."""

    def __init__(self, command: Command, payload_sent: bool = False) -> None:
        self.command = command
        self.payload_sent = payload_sent
        super().__init__(
            f"{command.shown} was not answered", Disposition.UNKNOWN if payload_sent else Disposition.MODEM
        )


class NotAModem(ModemError):
    """The port answers, but nothing in its responses could only come from a modem."""

    def __init__(self) -> None:
        super().__init__("the port answers only OK, so it is not the AT port of a modem")


class ModemReset(ModemError):
    """The modem restarted by itself: all settings and the command in flight are lost."""


class PromptLost(ModemError):
    """The payload may be lost: AT is answered only after ESC, and no final result came."""


class ResultOverdue(ModemError):
    """No final result came in time for this modem. It may still come."""
