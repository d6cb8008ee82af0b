"""Sending (27.005 3.5, 4.3): +CMGS, +CMGW, +CMSS, +CMMS, the service centre."""

from __future__ import annotations

from functools import partial

from ..at.reply import LATER, Call, Failure, Prompt, Reply, cms
from ..codec.charset import encode_string
from ..codec.tpdu import CodecError, Tpdu, read_tpdu, split_smsc, write_tpdu
from ..modem.sending import Outgoing, submit
from ..numeric import is_digits
from ..storage import READ, SENT, UNREAD, UNSENT, Stored
from .row import Row
from .text import address, submission, text_command, text_prompt


def _pdu(call: Call, payload: bytes, length: int) -> tuple[bytes, bytes]:
    """Service centre field and TPDU out of a payload of hex digits; +CMS ERROR 304 when it is wrong."""
    try:
        raw = bytes.fromhex(payload.decode("ascii").strip())
        _, tpdu = split_smsc(raw)
    except (ValueError, CodecError):
        raise cms(304) from None
    if len(tpdu) != length or not tpdu:
        raise cms(304)
    return raw[: len(raw) - len(tpdu)], tpdu


def _decode(tpdu: bytes) -> Tpdu:
    try:
        return read_tpdu(tpdu, from_modem=True)
    except CodecError:
        raise cms(304) from None


def _send(call: Call) -> Reply:
    if call.port.text_mode:
        return text_prompt(_transmit, submission(call))
    length = call.number(0, None, 1, 1000)
    if length > 176:
        raise cms(304)
    return Prompt(partial(_sent_pdu, length))


def _sent_pdu(length: int, call: Call, payload: bytes) -> Reply:
    return _transmit(call, *_pdu(call, payload, length))


def _transmit(call: Call, smsc: bytes, tpdu: bytes) -> Reply:
    submit(call.modem, Outgoing(smsc, tpdu, _decode(tpdu)), partial(_answer, call))
    return LATER


def _answer(call: Call, result: int | Failure) -> None:
    if isinstance(result, Failure):
        call.finish(result)
    else:
        call.finish([f"{call.modem.profile.framing.before_cmgs}{call.command.name}: {result}"])


def _command(call: Call) -> Reply:
    if call.port.text_mode:
        return text_command(call, _transmit)
    return Prompt(partial(_sent_pdu, call.number(0, None, 1, 176)))


_STATUS = {"REC UNREAD": UNREAD, "REC READ": READ, "STO UNSENT": UNSENT, "STO SENT": SENT}


def _write(call: Call) -> Reply:
    if call.port.text_mode:
        status = _STATUS.get(call.text(2, "STO UNSENT").upper())
        if status is None:
            raise cms(305)
        return text_prompt(partial(_keep, status), submission(call))
    length, status = call.number(0, None, 1, 176), call.number(1, UNSENT, 0, 3)
    return Prompt(partial(_written, length, status))


def _written(length: int, status: int, call: Call, payload: bytes) -> Reply:
    return _keep(status, call, *_pdu(call, payload, length))


def _keep(status: int, call: Call, smsc: bytes, tpdu: bytes) -> Reply:
    kind = "deliver" if status in (UNREAD, READ) else "submit"
    index = call.modem.stores[call.modem.selected[1]].put(Stored(status, kind, smsc, tpdu))
    if index is None:
        raise cms(322)
    return [f"+CMGW: {index}"]


def _send_stored(call: Call) -> Reply:
    modem = call.modem
    message = modem.stores[modem.selected[1]].get(call.number(0, None, 0, 100_000))
    if message is None or message.kind != "submit":
        raise cms(321)
    raw, tpdu = message.tpdu, _decode(message.tpdu)
    if len(call.args) > 1:  # another receiver than the stored one
        tpdu.address = address(call, 1)
        raw = write_tpdu(tpdu)

    def answer(result: int | Failure) -> None:
        if not isinstance(result, Failure):
            message.status = SENT
        _answer(call, result)

    submit(modem, Outgoing(message.smsc, raw, tpdu), answer)
    return LATER


def _more(call: Call) -> Reply:
    call.modem.link_held = call.number(0, 0, 0, 2)
    return None


def _held(call: Call) -> Reply:
    return [f"+CMMS: {call.modem.check_link()}"]


def _set_smsc(call: Call) -> Reply:
    number = call.string(0)
    kind = call.number(1, 145 if number.startswith("+") else 129, 0, 255)
    if not is_digits(number.lstrip("+")) and number:
        raise cms(330)
    if kind == 145 and number and not number.startswith("+"):
        number = "+" + number
    call.modem.smsc = number
    return None


def _smsc(call: Call) -> Reply:
    modem = call.modem
    modem.check_smsc_readable()
    number = modem.smsc
    return [f'+CSCA: "{encode_string(number, call.port.charset)}",{145 if number.startswith("+") else 129}']


ROWS = (
    Row("+CMGS", "27.005 3.5.1, 4.3", set=_send, test="", needs="sms"),
    Row("+CMGW", "27.005 3.5.3, 4.4", set=_write, test="", needs="sms"),
    Row("+CMSS", "27.005 3.5.2, 4.7", set=_send_stored, test="", needs="sms"),
    Row("+CMGC", "27.005 3.5.5, 4.5", set=_command, test="", needs="sms"),
    Row("+CMMS", "27.005 3.5.6", read=_held, test="(0-2)", set=_more, needs="sms"),
    Row("+CSCA", "27.005 3.3.1", read=_smsc, test="", set=_set_smsc, needs="sim"),
)
