"""USSD, calls, clock, phonebook and small things (27.007 6 to 8)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ..at.reply import LATER, Call, Failure, Reply, cme
from .row import Row


def _ussd(call: Call) -> Reply:
    session = call.modem.ussd
    mode = call.number(0, 0, 0, 2)
    if mode == 2:
        session.cancel()
        return None
    session.presentation = mode
    if len(call.args) > 1 and call.args[1] is not None:
        if not call.modem.radio.registered:
            raise cme(30)
        rules = call.modem.profile.ussd
        code = session.read_request(call.text(1) if rules.request != "text" else call.string(1))
        if code is None:
            raise Failure()
        session.request(code)
    return None


def _presentation(call: Call) -> Reply:
    return [f"+CUSD: {call.modem.ussd.presentation}"]


def _dial(call: Call) -> Reply:
    """ATD: a voice call when a semicolon ends the number; data calls find nobody."""
    wanted = call.command.text.strip()
    number = re.sub(r"[^0-9+*#]", "", wanted)
    if not number:
        raise Failure("result", 3)
    if not wanted.endswith(";"):
        raise Failure("result", 3)
    if number.startswith(("*", "#")):
        call.modem.ussd.presentation = 1
        call.modem.ussd.request(number)
        return None
    if not call.modem.radio.registered:
        raise Failure("result", 3)
    call.modem.calls.dial(number, call.finish)
    return LATER


def _answer(call: Call) -> Reply:
    call.modem.calls.answer()
    return None


def _hang_up(call: Call) -> Reply:
    call.modem.calls.hang_up()
    return None


def _set_clip(call: Call) -> Reply:
    call.modem.calls.clip = call.number(0, 0, 0, 1)
    return None


def _clip(call: Call) -> Reply:
    return [f"+CLIP: {call.modem.calls.clip},1"]


def _set_extended(call: Call) -> Reply:
    call.modem.calls.extended = call.number(0, 0, 0, 1)
    return None


def _extended(call: Call) -> Reply:
    return [f"+CRC: {call.modem.calls.extended}"]


def _calls(call: Call) -> Reply:
    return call.modem.calls.listing()


def _activity(call: Call) -> Reply:
    state = call.modem.calls.state
    return [f"+CPAS: {0 if state is None else 3 if state == 4 else 4}"]


def _clock(call: Call) -> Reply:
    moment = call.modem.network.calendar.now() + call.modem.clock_offset
    return [f'+CCLK: "{moment:%y/%m/%d,%H:%M:%S}+00"']


def _set_clock(call: Call) -> Reply:
    match = re.fullmatch(r"(\d\d/\d\d/\d\d,\d\d:\d\d:\d\d)([+-]\d\d)?", call.text(0), re.ASCII)
    if match is None:
        raise cme(50)
    try:
        wanted = datetime.strptime(match[1] + "+0000", "%y/%m/%d,%H:%M:%S%z")
    except ValueError:
        raise cme(50) from None
    wanted -= timedelta(minutes=15 * int(match[2] or 0))
    call.modem.clock_offset = wanted - call.modem.network.calendar.now()
    return None


def _set_zone(call: Call) -> Reply:
    call.modem.zone[call.command.name] = call.number(0, 0, 0, 2)
    return None


def _zone(call: Call) -> Reply:
    name = call.command.name
    return [f"{name}: {call.modem.zone.get(name, 0)}"]


def _books(call: Call) -> Reply:
    return [f'+CPBS: "SM",{len(call.modem.card.phonebook)},{BOOK_SIZE}']


def _choose_book(call: Call) -> Reply:
    if call.text(0).upper() != "SM":
        raise cme(4)
    return None


BOOK_SIZE = 100  # entries; chosen here


def _entry(call: Call, place: int) -> str:
    number, name = call.modem.card.phonebook[place]
    return f'{place},"{call.port.encode(number)}",{145 if number.startswith("+") else 129},"{call.port.encode(name)}"'


def _read_book(call: Call) -> Reply:
    first = call.number(0, None, 1, BOOK_SIZE)
    last = call.number(1, first, 1, BOOK_SIZE)
    return [f"+CPBR: {_entry(call, place)}" for place in range(first, last + 1) if place in call.modem.card.phonebook]


def _find_book(call: Call) -> Reply:
    wanted = call.string(0).lower()
    book = call.modem.card.phonebook
    return [f"+CPBF: {_entry(call, p)}" for p in sorted(book) if book[p][1].lower().startswith(wanted)]


def _write_book(call: Call) -> Reply:
    book = call.modem.card.phonebook
    if call.args[0] is None:
        place = next((p for p in range(1, BOOK_SIZE + 1) if p not in book), 0)
        if not place:
            raise cme(20)
    else:
        place = call.number(0, None, 1, BOOK_SIZE)
    if len(call.args) == 1:
        book.pop(place, None)
    else:
        book[place] = (call.string(1), call.string(3, ""))
    return None


def _refuse_multiplexer(call: Call) -> Reply:
    """There is one channel per port; saying OK would leave the TE with a dead line."""
    raise cme(4)


def _nothing(call: Call) -> Reply:
    return None


def _last_cause(call: Call) -> Reply:
    return [f"+CEER: {call.modem.last_cause}"]


def _set_bearer(call: Call) -> Reply:
    call.modem.counters["+CGSMS"] = call.number(0, None, 0, 3)
    return None


def _bearer(call: Call) -> Reply:
    return [f"+CGSMS: {call.modem.counters.get('+CGSMS', 3)}"]


ROWS = (
    Row("+CUSD", "27.007 7.15", read=_presentation, test="(0-2)", set=_ussd, run=_nothing, needs="sim"),
    Row("D", "V.250 6.3.1, 27.007 6.2", run=_dial, needs="sim"),
    Row("A", "V.250 6.3.5", run=_answer, needs="sim"),
    Row("H", "V.250 6.3.6", run=_hang_up),
    Row("+CHUP", "27.007 6.5", run=_hang_up, test=""),
    Row("+CLIP", "27.007 7.6", read=_clip, test="(0,1)", set=_set_clip),
    Row("+CLIR", "27.007 7.7", read="0,4", test="(0-2)", set=_nothing),
    Row("+COLP", "27.007 7.8", read="0,1", test="(0,1)", set=_nothing),
    Row("+CRC", "27.007 6.11", read=_extended, test="(0,1)", set=_set_extended),
    Row("+CVHU", "27.007 6.20", read="0", test="(0-2)", set=_nothing),
    Row("+CLCC", "27.007 7.18", run=_calls, test=""),
    Row("+CPAS", "27.007 8.1", run=_activity, test="(0,3,4)"),
    Row("+VTS", "27.007 C.11", set=_nothing, test='("0-9,#,*,A-D")'),
    Row("+CEER", "27.007 6.10", run=_last_cause, test=""),
    Row("+CCLK", "27.007 8.15", read=_clock, test="", set=_set_clock),
    Row("+CTZU", "27.007 8.40", read=_zone, test="(0,1)", set=_set_zone),
    Row("+CTZR", "27.007 8.41", read=_zone, test="(0,1)", set=_set_zone),
    Row("+CPBS", "27.007 8.11", read=_books, test='("SM")', set=_choose_book, needs="sim"),
    Row("+CPBR", "27.007 8.12", test=f"(1-{BOOK_SIZE}),40,20", set=_read_book, needs="sim"),
    Row("+CPBF", "27.007 8.13", test="40,20", set=_find_book, needs="sim"),
    Row("+CPBW", "27.007 8.14", test=f"(1-{BOOK_SIZE}),40,(129,145),20", set=_write_book, needs="sim"),
    Row("+CMUX", "27.007 5.7", set=_refuse_multiplexer),
    Row("+CBC", "27.007 8.4", run="0,100", test="(0-3),(0-100)"),
    Row("+CMER", "27.007 8.10", read="0,0,0,0,0", test="(0-3),(0),(0),(0,1),(0,1)", set=_nothing),
    Row("+CGSMS", "27.007 10.1.21", read=_bearer, test="(0-3)", set=_set_bearer),
    Row("+CGATT", "27.007 10.1.9", read="1", test="(0,1)", set=_nothing, needs="sim"),
    Row("+CSAS", "27.005 3.3.5", run=_nothing, set=_nothing, test="(0)", needs="sim"),
    Row("+CRES", "27.005 3.3.6", run=_nothing, set=_nothing, test="(0)", needs="sim"),
)
