"""Functionality, registration, operator, signal (27.007 7.2, 7.3, 8.2, 8.5)."""

from __future__ import annotations

from ..call import Call, Failure, Reply
from ..radio import DOMAINS
from .row import Row


def _functionality(call: Call) -> Reply:
    """+CFUN=0, 1, 4; a second parameter of 1 resets the modem first."""
    call.at_most(2)
    value, reset = call.number(0, None, 0, 1 << 7), call.number(1, 0, 0, 1)
    modem = call.modem
    return modem.set_functionality(value, reset=bool(reset))


def _current(call: Call) -> Reply:
    return [f"+CFUN: {call.modem.radio.functionality}"]


def _registration(call: Call) -> Reply:
    radio = call.modem.radio
    name = call.command.name
    level = radio.reports[name]
    return [f"{name}: {level},{radio.registration(level)}"]


def _registration_reports(call: Call) -> Reply:
    call.at_most(1)
    call.modem.radio.reports[call.command.name] = call.number(0, 0, 0, 2)
    return None


def _operator(call: Call) -> Reply:
    radio = call.modem.radio
    if not radio.registered or radio.functionality != 1:
        return [f"+COPS: {radio.operator_mode}"]
    card = call.modem.card
    name = card.operator if radio.operator_format == 2 else card.operator_name
    return [f'+COPS: {radio.operator_mode},{radio.operator_format},"{name}",{radio.access}']


def _choose_operator(call: Call) -> Reply:
    mode = call.number(0, 0, 0, 4)
    radio = call.modem.radio
    if mode == 3:
        radio.operator_format = call.number(1, None, 0, 2)
        return None
    if mode in (1, 4):
        wanted = call.text(2)
        if wanted not in (call.modem.card.operator, call.modem.card.operator_name):
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
        test="(0,1,4),(0,1)",
        set=_functionality,
    ),
    Row("+COPS", "27.007 7.3", read=_operator, set=_choose_operator, needs="sim"),
    Row("+CSQ", "27.007 8.5", run=_signal, test="(0-31,99),(0-7,99)"),
    *(
        Row(name, "27.007 7.2", read=_registration, test="(0-2)", set=_registration_reports, run=_registration_reports)
        for name in DOMAINS
    ),
)
