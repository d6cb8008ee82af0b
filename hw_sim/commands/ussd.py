"""USSD (27.007 7.15): +CUSD."""

from __future__ import annotations

from ..at.command import RunningCommand
from ..at.reply import Failure, Reply, cme
from ..modem.modem import Modem
from .row import Row, accept


def _request(modem: Modem, command: RunningCommand) -> Reply:
    session = modem.ussd
    mode = command.number(0, 0, 0, 2)
    if mode == 2:
        session.cancel()
        return None
    session.presentation = mode
    if len(command.args) > 1 and command.args[1] is not None:
        if not modem.radio.registered:
            raise cme(30)
        written_in_charset = modem.profile.ussd.request == "text"
        code = session.read_request(command.string(1) if written_in_charset else command.text(1))
        if code is None:
            raise Failure()
        session.request(code)
    return None


def _presentation(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CUSD: {modem.ussd.presentation}"]


ROWS = (Row("+CUSD", "27.007 7.15", read=_presentation, test="(0-2)", set=_request, run=accept, needs="sim"),)
