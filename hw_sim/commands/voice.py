"""Voice calls (27.007 6 and 7, V.250 6.3): dial, answer, hang up, caller identification."""

from __future__ import annotations

import re

from ..at.command import RunningCommand
from ..at.reply import LATER, Failure, Reply
from ..modem.modem import Modem
from ..modem.voice import INCOMING
from .row import Row, accept, kept_row

_NO_CARRIER = 3


def _dial(modem: Modem, command: RunningCommand) -> Reply:
    """Dial: a voice call when a semicolon ends the number. Data calls reach nobody; *100# is a USSD request."""
    wanted = command.raw.strip()
    number = re.sub(r"[^0-9+*#]", "", wanted)
    if not number or not wanted.endswith(";"):
        raise Failure("result", _NO_CARRIER)
    if number.startswith(("*", "#")):
        modem.ussd.presentation = 1
        modem.ussd.request(number)
        return None
    if not modem.radio.registered:
        raise Failure("result", _NO_CARRIER)
    modem.voice.dial(number, command.finish)
    return LATER


def _answer(modem: Modem, command: RunningCommand) -> Reply:
    modem.voice.answer()
    return None


def _hang_up(modem: Modem, command: RunningCommand) -> Reply:
    modem.voice.hang_up()
    return None


def _set_clip(modem: Modem, command: RunningCommand) -> Reply:
    modem.voice.clip = command.number(0, 0, 0, 1)
    return None


def _clip(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CLIP: {modem.voice.clip},1"]


def _set_extended(modem: Modem, command: RunningCommand) -> Reply:
    modem.voice.extended = command.number(0, 0, 0, 1)
    return None


def _extended(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CRC: {modem.voice.extended}"]


def _list(modem: Modem, command: RunningCommand) -> Reply:
    return modem.voice.listing()


def _activity(modem: Modem, command: RunningCommand) -> Reply:
    """Answer +CPAS: 0 ready, 3 ringing, 4 call in progress."""
    state = modem.voice.state
    return [f"+CPAS: {0 if state is None else 3 if state == INCOMING else 4}"]


ROWS = (
    Row("D", "V.250 6.3.1, 27.007 6.2", run=_dial, needs="sim"),
    Row("A", "V.250 6.3.5", run=_answer, needs="sim"),
    Row("H", "V.250 6.3.6", run=_hang_up),
    Row("+CHUP", "27.007 6.5", run=_hang_up, test=""),
    Row("+CLIP", "27.007 7.6", read=_clip, test="(0,1)", set=_set_clip),
    kept_row("+CLIR", "27.007 7.7", "0", "(0-2)", suffix=",4"),
    kept_row("+COLP", "27.007 7.8", "0", "(0,1)", suffix=",1"),
    Row("+CRC", "27.007 6.11", read=_extended, test="(0,1)", set=_set_extended),
    kept_row("+CVHU", "27.007 6.20", "0", "(0-2)"),
    Row("+CLCC", "27.007 7.18", run=_list, test=""),
    Row("+CPAS", "27.007 8.1", run=_activity, test="(0,3,4)"),
    Row("+VTS", "27.007 C.11", set=accept, test='("0-9,#,*,A-D")'),
)
