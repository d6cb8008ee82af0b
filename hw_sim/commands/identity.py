"""Identity of the modem (27.007 5) and the character set."""

from __future__ import annotations

from ..at.command import RunningCommand
from ..at.reply import Failure, Reply
from ..codec.charset import CHARSETS
from ..modem.modem import Modem
from .row import Handler, Row


def _lines(pick: str) -> Handler:
    def answer(modem: Modem, command: RunningCommand) -> Reply:
        identity = modem.profile.identity
        lines: tuple[str, ...] = getattr(identity, pick)
        if identity.prefixed:
            return [f'{command.name}: "{line}"' for line in lines]
        return list(lines)

    return answer


def _serial(modem: Modem, command: RunningCommand) -> Reply:
    if modem.profile.identity.prefixed:
        return [f'{command.name}: "{modem.imei}"']
    return [modem.imei]


def _shown_charset(modem: Modem, command: RunningCommand) -> Reply:
    return [f'+CSCS: "{command.settings.charset}"']


def _charset(modem: Modem, command: RunningCommand) -> Reply:
    name = command.text(0).upper()
    if name not in CHARSETS:
        raise Failure()
    command.settings.charset = name
    return None


ROWS = (
    Row("+CGMI", "27.007 5.1", run=_lines("manufacturer"), test=""),
    Row("+CGMM", "27.007 5.2", run=_lines("model"), test=""),
    Row("+CGMR", "27.007 5.3", run=_lines("revision"), test=""),
    Row("+CGSN", "27.007 5.4", run=_serial, test=""),
    Row("+GMI", "V.250 6.1.4", run=_lines("manufacturer"), test=""),
    Row("+GMM", "V.250 6.1.5", run=_lines("model"), test=""),
    Row("+GMR", "V.250 6.1.6", run=_lines("revision"), test=""),
    Row("+GSN", "V.250 6.1.7", run=_serial, test=""),
    Row(
        "+CSCS",
        "27.007 5.5",
        read=_shown_charset,
        test="(" + ",".join(f'"{name}"' for name in CHARSETS) + ")",
        set=_charset,
    ),
)
