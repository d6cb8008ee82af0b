"""Finds the row of a command, and refuses what a modem cannot do now."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..at.command import RunningCommand
from ..at.reply import Failure, Reply, cme
from ..modem.modem import Modem
from .profile_answers import profile_answer
from .row import Row

_ALLOWED_BEFORE_PIN = ("+CPIN", "+CMEE", "E", "V", "Q")


class Interpreter:
    """The commands of a table, with what a modem's profile adds, changes and leaves out."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._table = {row.name: row for row in rows}

    @property
    def names(self) -> Collection[str]:
        """The names of all commands, in the order of the table."""
        return self._table.keys()

    def run(self, modem: Modem, command: RunningCommand) -> Reply:
        """Carry out a command. Raises Failure."""
        profile = modem.profile
        if profile.sim.refused_before_pin and not modem.sim.pin_passed:
            _refuse_before_pin(command.name, profile.sim.refused_before_pin)
        if profile.answers or profile.settings or profile.chatter:
            lines = profile_answer(modem, command)
            if lines is not None:
                return lines
        row = self._row(modem, command.name)
        _require(modem, row)
        handler = getattr(row, command.form)
        if handler is None:
            raise Failure()
        if isinstance(handler, str):
            return [f"{command.name}: {handler}"] if handler else None
        reply: Reply = handler(modem, command)
        return reply

    def _row(self, modem: Modem, name: str) -> Row:
        """Return the row of a command. Raises Failure for a command that the modem does not know."""
        row = self._table.get(name)
        if row is None and name in modem.profile.identity.iccid:
            row = self._table["+CCID"]
        if row is None or name in modem.profile.absent:
            raise Failure("unknown")
        return row


def _refuse_before_pin(name: str, refused: Collection[str]) -> None:
    if name in refused or ("*" in refused and name not in _ALLOWED_BEFORE_PIN):
        raise cme(11) if name.startswith("+") else Failure()


def _require(modem: Modem, row: Row) -> None:
    """Raise what stands against a command now: SIM missing, locked, busy, message service not up."""
    if row.needs == "sim":
        modem.sim.require()
    elif row.needs == "sms":
        modem.sim.require_sms(service_ready=modem.sms_ready, busy_error=modem.profile.boot.sms_busy_error)
