"""Functionality, registration, operator, signal (27.007 7.2, 7.3, 8.2, 8.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..at.reply import LATER, Call, Failure, Reply
from ..modem.radio import DOMAINS
from .row import Row

if TYPE_CHECKING:
    from ..modem.modem import Modem


def _functionality(call: Call) -> Reply:
    """+CFUN=0, 1, 4; a second parameter of 1 resets the modem first."""
    call.at_most(2)
    value, reset = call.number(0, None, 0, 1 << 7), call.number(1, 0, 0, 1)
    modem = call.modem
    return modem.set_functionality(value, reset=bool(reset))


def _levels(call: Call) -> Reply:
    return ["+CFUN: (" + ",".join(map(str, call.modem.profile.radio.functionality)) + "),(0,1)"]


def _current(call: Call) -> Reply:
    return [f"+CFUN: {call.modem.radio.functionality}"]


def _registration(call: Call) -> Reply:
    radio = call.modem.radio
    name = call.command.name
    level = radio.reports[name]
    return [f"{name}: {level},{radio.registration(name, level)}"]


def _registration_reports(call: Call) -> Reply:
    call.at_most(1)
    call.modem.radio.reports[call.command.name] = call.number(0, 0, 0, 2)
    return None


def _operator(call: Call) -> Reply:
    radio = call.modem.radio
    if not radio.registered or radio.functionality != 1:
        return [f"+COPS: {radio.operator_mode}"]
    name = call.modem.card_operator[radio.operator_format]
    return [f'+COPS: {radio.operator_mode},{radio.operator_format},"{name}",{radio.access}']


def _quality(call: Call) -> Reply:
    """+CESQ: GSM level in <rxlev>; the LTE fields when the access technology is LTE (7)."""
    radio = call.modem.radio
    rssi, _ = radio.signal()
    if rssi == 99:
        return ["+CESQ: 99,99,255,255,255,255"]
    if radio.access == 7:
        return [f"+CESQ: 99,99,255,255,20,{min(97, rssi * 3)}"]
    return [f"+CESQ: {min(63, rssi * 2)},99,255,255,255,255"]


def _scan(call: Call) -> Reply:
    """Look for operators: takes the profile's scan time."""
    modem = call.modem
    found = [_seen(modem, 2, *modem.card_operator)]
    found += [_seen(modem, 1, *operator) for operator in modem.network.operators if operator != modem.card_operator]
    answer = ["+COPS: " + ",".join(found) + ",,(0-4),(0-2)"]
    delay = modem.seconds(modem.profile.timing.scan_s)
    if delay <= 0:
        return answer
    call.abortable = True
    modem.clock.call_later(delay, call.finish, answer)
    return LATER


def _seen(modem: Modem, stat: int, long: str, short: str, numeric: str) -> str:
    return f'({stat},"{long}","{short}","{numeric}",{modem.radio.access})'


def _choose_operator(call: Call) -> Reply:
    mode = call.number(0, 0, 0, 4)
    radio = call.modem.radio
    if mode == 3:
        radio.operator_format = call.number(1, None, 0, 2)
        return None
    if mode in (1, 4):
        wanted = call.text(2)
        if wanted not in call.modem.card_operator:
            raise Failure("cme", 30)
    radio.operator_mode = mode
    radio.search()
    return None


def _signal(call: Call) -> Reply:
    rssi, ber = call.modem.radio.signal()
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
