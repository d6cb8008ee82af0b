"""How a conversation with a modem fails."""

from __future__ import annotations

from gsmgw.at.commands import Command
from gsmgw.at.result_codes import FinalResult
from gsmgw.errors import Disposition, ModemError


class CommandError(ModemError):
    """The modem refused a command. ``final`` is what it said."""

    def __init__(self, command: Command, final: FinalResult) -> None:
        self.command = command
        self.final = final
        super().__init__(f"{command.shown} was refused: {final}")


class CommandTimeout(ModemError):
    """The modem did not answer. ``payload_sent`` when the payload of a prompted command had left."""

    def __init__(self, command: Command, payload_sent: bool = False) -> None:
        self.command = command
        self.payload_sent = payload_sent
        super().__init__(
            f"{command.shown} was not answered", Disposition.UNKNOWN if payload_sent else Disposition.MODEM
        )


class NotAModem(ModemError):
    """The port answers, and nothing that it says could come from a modem alone."""

    def __init__(self) -> None:
        super().__init__("the port answers OK and nothing else, so it is not the AT port of a modem")


class ModemReset(ModemError):
    """The modem started anew by itself: all settings and the command in flight are lost."""


class PromptLost(ModemError):
    """The payload may have been swallowed: AT is answered only after ESC, and no final result of the payload came."""


class ResultOverdue(ModemError):
    """No final result of a payload came for as long as this modem is waited for. It may still come."""
