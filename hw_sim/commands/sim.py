"""The SIM: identity, PIN and PUK, own number (27.007 5.6, 8.3, 7.1; vendor manuals for the ICCID)."""

from __future__ import annotations

from ..at.command import RunningCommand
from ..at.reply import Failure, Reply, cme
from ..modem.modem import Modem
from ..numeric import is_decimal
from .row import Row


def _imsi(modem: Modem, command: RunningCommand) -> Reply:
    return [modem.card.imsi]


def _iccid(modem: Modem, command: RunningCommand) -> Reply:
    if not modem.sim.inserted:
        raise cme(10)
    return [f"{command.name}: {modem.card.iccid}"]


def _own_number(modem: Modem, command: RunningCommand) -> Reply:
    number = modem.card.number
    kind = 145 if number.startswith("+") else 129
    return [f'+CNUM: "","{command.settings.encode(number)}",{kind}']


def _pin_state(modem: Modem, command: RunningCommand) -> Reply:
    state = modem.sim.require_present()
    command.silent = modem.profile.sim.cpin_without_ok
    return [f"+CPIN: {state}"]


def _enter_pin(modem: Modem, command: RunningCommand) -> Reply:
    """Take a PIN, or a PUK with a new PIN."""
    card = modem.card
    state = modem.sim.require_present()
    if state == "READY":
        raise cme(3)
    command.at_most(2)
    first = command.text(0)
    second = command.text(1, "")
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


def _lock(modem: Modem, command: RunningCommand) -> Reply:
    """Switch or show the SIM's PIN query ("SC"), the only facility of +CLCK here."""
    card = modem.card
    facility, mode = command.text(0).upper(), command.number(1, None, 0, 2)
    if facility != "SC":
        if mode == 2:
            return ["+CLCK: 0"]
        raise cme(4)
    modem.sim.require_present()
    if mode == 2:
        return [f"+CLCK: {int(card.pin_enabled)}"]
    modem.sim.require()
    if not card.try_pin(command.text(2)):
        raise cme(12 if card.blocked else 16)
    card.pin_enabled = mode == 1
    return None


def _change_pin(modem: Modem, command: RunningCommand) -> Reply:
    card = modem.card
    facility, old, new = command.text(0).upper(), command.text(1), command.text(2)
    if facility != "SC":
        raise cme(4)
    if not is_decimal(new) or not 4 <= len(new) <= 8:
        raise Failure()
    if not card.try_pin(old):
        raise cme(12 if card.blocked else 16)
    card.pin_code = new
    return None


def _tries(modem: Modem, command: RunningCommand) -> Reply:
    """Show the tries left, of one code if it is named (27.007 8.65)."""
    modem.sim.require_present()
    card = modem.card
    found = [f"+CPINR: SIM PIN,{card.pin_left},3", f"+CPINR: SIM PUK,{card.puk_left},10"]
    wanted = command.text(0, "").upper() if command.form == "set" else ""
    return [line for line in found if line.startswith(f"+CPINR: {wanted}")]


#: TS 27.007 8.18: READ BINARY and GET RESPONSE of TS 102 221 11.1; EF_SMSS is 6F43 (TS 31.102 4.2.28).
_READ_BINARY, _GET_RESPONSE, _EF_SMSS = 176, 192, 0x6F43
_SMSS_BYTES = 2


def _restricted(modem: Modem, command: RunningCommand) -> Reply:
    """Read EF_SMSS, the only file of +CRSM here: the last TP-MR used, and the flag of a full memory."""
    instruction, file = command.number(0, None, 0, 255), command.number(1, 0, 0, 65535)
    count = command.number(4, 0, 0, 255)
    mode = modem.profile.sim.smss
    if mode == "refused":
        raise cme(4)
    if file != _EF_SMSS:
        return ["+CRSM: 106,130"]  # 6A82: file not found
    if instruction == _GET_RESPONSE:
        return [f'+CRSM: 144,0,"0000{_SMSS_BYTES:04X}6F430400FFFFFF0102"']
    if instruction != _READ_BINARY:
        return ["+CRSM: 109,0"]  # 6D00: instruction not supported
    last = modem.sim.last_mr_at_start if mode == "stale" else modem.card.last_mr
    return [f'+CRSM: 144,0,"{bytes((last, 255))[: count or _SMSS_BYTES].hex().upper()}"']


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
