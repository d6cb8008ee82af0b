"""The SIM: identity, PIN and PUK, own number (27.007 5.6, 8.3, 7.1; vendor manuals for the ICCID)."""

from __future__ import annotations

from ..at.reply import Call, Failure, Reply, cme
from ..codec.charset import encode_string
from ..numeric import is_digits
from .row import Row


def _imsi(call: Call) -> Reply:
    return [call.modem.card.imsi]


def _iccid(call: Call) -> Reply:
    modem = call.modem
    if not modem.sim_inserted:
        raise cme(10)
    return [f"{call.command.name}: {modem.card.iccid}"]


def _own_number(call: Call) -> Reply:
    number = call.modem.card.number
    kind = 145 if number.startswith("+") else 129
    return [f'+CNUM: "","{encode_string(number, call.port.charset)}",{kind}']


def _present(call: Call) -> str:
    state = call.modem.sim_state
    if state == "absent":
        raise cme(10)
    if state == "dead":
        raise cme(13)
    if state == "busy":
        raise cme(14)
    return state


def _pin_state(call: Call) -> Reply:
    state = _present(call)
    call.silent = call.modem.profile.sim.cpin_without_ok
    return [f"+CPIN: {state}"]


def _enter_pin(call: Call) -> Reply:
    """One code opens a locked SIM; with a second one the first is the PUK and the second the new PIN."""
    modem, card = call.modem, call.modem.card
    state = _present(call)
    if state == "READY":
        raise cme(3)
    call.at_most(2)
    first = call.text(0)
    second = call.text(1, "")
    if state == "SIM PUK":
        if not second:
            raise cme(12)
        good = card.try_puk(first, second)
    else:
        good = card.try_pin(first)
    if not good:
        raise cme(13 if card.dead else 12 if card.blocked and state == "SIM PIN" else 16)
    modem.unlock()
    return None


def _lock(call: Call) -> Reply:
    """+CLCK: only the SIM's PIN query ("SC") can be switched."""
    modem, card = call.modem, call.modem.card
    facility, mode = call.text(0).upper(), call.number(1, None, 0, 2)
    if facility != "SC":
        if mode == 2:
            return ["+CLCK: 0"]
        raise cme(4)
    if mode == 2:
        return [f"+CLCK: {int(card.pin_enabled)}"]
    modem.require_sim()
    if not card.try_pin(call.text(2)):
        raise cme(12 if card.blocked else 16)
    card.pin_enabled = mode == 1
    return None


def _change_pin(call: Call) -> Reply:
    card = call.modem.card
    facility, old, new = call.text(0).upper(), call.text(1), call.text(2)
    if facility != "SC":
        raise cme(4)
    if not is_digits(new) or not 4 <= len(new) <= 8:
        raise Failure()
    if not card.try_pin(old):
        raise cme(12 if card.blocked else 16)
    card.pin_code = new
    return None


def _tries(call: Call) -> Reply:
    card = call.modem.card
    return [f"+CPINR: SIM PIN,{card.pin_left},3", f"+CPINR: SIM PUK,{card.puk_left},10"]


#: TS 27.007 8.18: READ BINARY and GET RESPONSE of TS 102 221 11.1; EF_SMSS is 6F43 (TS 31.102 4.2.28).
_READ_BINARY, _GET_RESPONSE, _EF_SMSS = 176, 192, 0x6F43
_SMSS_OCTETS = 2


def _restricted(call: Call) -> Reply:
    """+CRSM: of the SIM's files only EF_SMSS is there, the last TP-MR used and the flag of a full memory."""
    command, file, octets = call.number(0, None, 0, 255), call.number(1, 0, 0, 65535), call.number(4, 0, 0, 255)
    rules = call.modem.profile.sim
    if rules.smss == "refused":
        raise cme(4)
    if file != _EF_SMSS:
        return ["+CRSM: 106,130"]  # 6A82: file not found
    if command == _GET_RESPONSE:
        return [f'+CRSM: 144,0,"0000{_SMSS_OCTETS:04X}6F430400FFFFFF0102"']
    if command != _READ_BINARY:
        return ["+CRSM: 109,0"]  # 6D00: instruction not supported
    last = call.modem.smss_at_start if rules.smss == "stale" else call.modem.card.last_mr
    return [f'+CRSM: 144,0,"{bytes((last, 255))[: octets or _SMSS_OCTETS].hex().upper()}"']


ROWS = (
    Row("+CIMI", "27.007 5.6", run=_imsi, test="", needs="sim"),
    Row("+CCID", "vendor manuals: ICCID of the SIM", run=_iccid, read=_iccid, test=""),
    Row("+ICCID", "vendor manuals: ICCID of the SIM", run=_iccid, read=_iccid, test=""),
    Row("+CNUM", "27.007 7.1", run=_own_number, test="", needs="sim"),
    Row("+CPIN", "27.007 8.3", read=_pin_state, test="", set=_enter_pin),
    Row("+CPINR", "27.007 8.65", run=_tries, set=_tries, test=""),
    Row("+CLCK", "27.007 7.4", test='("SC")', set=_lock),
    Row("+CRSM", "27.007 8.18", set=_restricted, test="", needs="sim"),
    Row("+CPWD", "27.007 7.5", test='("SC",8)', set=_change_pin, needs="sim"),
)
