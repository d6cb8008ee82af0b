"""Functionality, registration, operator, signal (27.007 7.2, 7.3, 8.2, 8.5)."""

from __future__ import annotations

from ..at.command import RunningCommand
from ..at.reply import LATER, Failure, Reply
from ..modem.modem import Modem
from ..modem.radio import DOMAINS
from .row import Row


def _functionality(modem: Modem, command: RunningCommand) -> Reply:
    """Set +CFUN; a second parameter of 1 resets the modem first."""
    command.at_most(2)
    value, reset = command.number(0, None, 0, 1 << 7), command.number(1, 0, 0, 1)
    modem.set_functionality(value, reset=bool(reset))
    return None


def _levels(modem: Modem, command: RunningCommand) -> Reply:
    return ["+CFUN: (" + ",".join(map(str, modem.profile.radio.functionality)) + "),(0,1)"]


def _current(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CFUN: {modem.radio.functionality}"]


def _registration(modem: Modem, command: RunningCommand) -> Reply:
    radio = modem.radio
    name = command.name
    level = radio.reports[name]
    return [f"{name}: {level},{radio.registration(name, level)}"]


def _registration_reports(modem: Modem, command: RunningCommand) -> Reply:
    command.at_most(1)
    modem.radio.reports[command.name] = command.number(0, 0, 0, 2)
    return None


def _operator(modem: Modem, command: RunningCommand) -> Reply:
    radio = modem.radio
    if not radio.registered or radio.functionality != 1:
        return [f"+COPS: {radio.operator_mode}"]
    name = modem.operator[radio.operator_format]
    return [f'+COPS: {radio.operator_mode},{radio.operator_format},"{name}",{radio.access}']


def _quality(modem: Modem, command: RunningCommand) -> Reply:
    """Answer +CESQ: GSM level in <rxlev>, or the LTE fields when the access technology is LTE (7)."""
    radio = modem.radio
    rssi, _ = radio.signal()
    if rssi == 99:
        return ["+CESQ: 99,99,255,255,255,255"]
    if radio.access == 7:
        return [f"+CESQ: 99,99,255,255,20,{min(97, rssi * 3)}"]
    return [f"+CESQ: {min(63, rssi * 2)},99,255,255,255,255"]


def _scan(modem: Modem, command: RunningCommand) -> Reply:
    """List the operators after the profile's scan time."""
    found = [_seen(modem, 2, *modem.operator)]
    found += [_seen(modem, 1, *operator) for operator in modem.network.operators if operator != modem.operator]
    answer = ["+COPS: " + ",".join(found) + ",,(0-4),(0-2)"]
    delay = modem.seconds(modem.profile.timing.scan_s)
    if delay <= 0:
        return answer
    command.abortable = True
    modem.clock.call_later(delay, command.finish, answer)
    return LATER


def _seen(modem: Modem, stat: int, long: str, short: str, numeric: str) -> str:
    return f'({stat},"{long}","{short}","{numeric}",{modem.radio.access})'


def _choose_operator(modem: Modem, command: RunningCommand) -> Reply:
    mode = command.number(0, 0, 0, 4)
    radio = modem.radio
    if mode == 3:
        radio.operator_format = command.number(1, None, 0, 2)
        return None
    if mode in (1, 4):
        wanted = command.text(2)
        if wanted not in modem.card.operator:
            raise Failure("cme", 30)
    radio.operator_mode = mode
    radio.search()
    return None


def _signal(modem: Modem, command: RunningCommand) -> Reply:
    rssi, ber = modem.radio.signal()
    return [f"+CSQ: {rssi},{ber}"]


ROWS = (
    Row(
        "+CFUN",
        "27.007 8.2",
        read=_current,
        test=_levels,
        set=_functionality,
    ),
    Row("+CESQ", "27.007 8.69", run=_quality, test="(0-63,99),(0-7,99),(255),(255),(0-34,255),(0-97,255)"),
    Row("+COPS", "27.007 7.3", read=_operator, test=_scan, set=_choose_operator, needs="sim"),
    Row("+CSQ", "27.007 8.5", run=_signal, test="(0-31,99),(0-7,99)"),
    *(
        Row(name, "27.007 7.2", read=_registration, test="(0-2)", set=_registration_reports, run=_registration_reports)
        for name in DOMAINS
    ),
)
