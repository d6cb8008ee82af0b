"""Clock, time zone, bearer, battery and other small things (27.007 8 and 10)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ..at.command import RunningCommand
from ..at.reply import Reply, cme
from ..modem.modem import Modem
from ..modem.state import render
from .row import Row, accept, kept_row


def _clock(modem: Modem, command: RunningCommand) -> Reply:
    moment = modem.network.calendar.now() + modem.clock_offset
    return [f'+CCLK: "{moment:%y/%m/%d,%H:%M:%S}+00"']


def _set_clock(modem: Modem, command: RunningCommand) -> Reply:
    match = re.fullmatch(r"(\d\d/\d\d/\d\d,\d\d:\d\d:\d\d)([+-]\d\d)?", command.text(0), re.ASCII)
    if match is None:
        raise cme(50)
    try:
        wanted = datetime.strptime(match[1] + "+0000", "%y/%m/%d,%H:%M:%S%z")
    except ValueError:
        raise cme(50) from None
    wanted -= timedelta(minutes=15 * int(match[2] or 0))
    modem.clock_offset = wanted - modem.network.calendar.now()
    return None


def _set_zone_mode(modem: Modem, command: RunningCommand) -> Reply:
    modem.time_zone_modes[command.name] = command.number(0, 0, 0, 2)
    return None


def _zone_mode(modem: Modem, command: RunningCommand) -> Reply:
    return [f"{command.name}: {modem.time_zone_modes.get(command.name, 0)}"]


def _refuse_multiplexer(modem: Modem, command: RunningCommand) -> Reply:
    """Refuse +CMUX: there is one channel per port, and OK would leave the program with a dead line."""
    raise cme(4)


def _last_cause(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CEER: {modem.outbound.last_cause}"]


def _attached(modem: Modem, command: RunningCommand) -> Reply:
    wanted = modem.kept_settings.get("+CGATT", "1") == "1"
    return [f"+CGATT: {int(wanted and modem.radio.registered)}"]


def _attach(modem: Modem, command: RunningCommand) -> Reply:
    modem.kept_settings["+CGATT"] = str(command.number(0, 1, 0, 1))
    return None


def _set_bearer(modem: Modem, command: RunningCommand) -> Reply:
    modem.kept_settings["+CGSMS"] = str(command.number(0, None, 0, 3))
    return None


def _bearer(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CGSMS: {modem.kept_settings.get('+CGSMS', '3')}"]


def _battery(modem: Modem, command: RunningCommand) -> Reply:
    """Answer +CBC: powered by the battery, its charge."""
    return [render("+CBC: 0,{charge}", modem)]


ROWS = (
    Row("+CEER", "27.007 6.10", run=_last_cause, test=""),
    Row("+CCLK", "27.007 8.15", read=_clock, test="", set=_set_clock),
    Row("+CTZU", "27.007 8.40", read=_zone_mode, test="(0,1)", set=_set_zone_mode),
    Row("+CTZR", "27.007 8.41", read=_zone_mode, test="(0,1)", set=_set_zone_mode),
    Row("+CMUX", "27.007 5.7", set=_refuse_multiplexer),
    Row("+CBC", "27.007 8.4", run=_battery, test="(0-3),(0-100)"),
    kept_row("+CMER", "27.007 8.10", "0,0,0,0,0", "(0-3),(0),(0),(0,1),(0,1)"),
    Row("+CGSMS", "27.007 10.1.21", read=_bearer, test="(0-3)", set=_set_bearer),
    Row("+CGATT", "27.007 10.1.9", read=_attached, test="(0,1)", set=_attach, needs="sim"),
    Row("+CSAS", "27.005 3.3.5", run=accept, set=accept, test="(0)", needs="sim"),
    Row("+CRES", "27.005 3.3.6", run=accept, set=accept, test="(0)", needs="sim"),
)
