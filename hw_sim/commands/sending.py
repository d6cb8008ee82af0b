"""Sending (27.005 3.5, 4.3): +CMGS, +CMGW, +CMSS, +CMGC, +CMMS, the service centre."""

from __future__ import annotations

from functools import partial

from ..at.command import RunningCommand
from ..at.reply import LATER, Failure, Prompt, Reply, cms
from ..codec.tpdu import CodecError, Tpdu, read_tpdu, split_smsc, write_tpdu
from ..modem.modem import Modem
from ..modem.outbound import Outgoing
from ..numeric import is_decimal
from ..storage import READ, SENT, UNREAD, UNSENT, Stored
from .row import Row
from .text import address, submission, text_command, text_prompt

_LONGEST_TPDU = 176  # bytes that +CMGS takes; chosen here, 164 are possible (23.040 9.2.2.2)
_LAST_INDEX = 100_000
_STATUS = {"REC UNREAD": UNREAD, "REC READ": READ, "STO UNSENT": UNSENT, "STO SENT": SENT}


def _split_payload(payload: bytes, length: int) -> tuple[bytes, bytes]:
    """Return service centre field and TPDU of a payload of hex digits. Raises +CMS ERROR 304."""
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


def _send(modem: Modem, command: RunningCommand) -> Reply:
    transmit = partial(_transmit, modem, command)
    if command.settings.text_mode:
        return text_prompt(command, transmit, submission(command))
    length = command.number(0, None, 1, 1000)
    if length > _LONGEST_TPDU:
        raise cms(304)
    return Prompt(lambda payload: transmit(*_split_payload(payload, length)))


def _transmit(modem: Modem, command: RunningCommand, smsc: bytes, tpdu: bytes) -> Reply:
    modem.outbound.submit(Outgoing(smsc, tpdu, _decode(tpdu)), partial(_finish, modem, command))
    return LATER


def _finish(modem: Modem, command: RunningCommand, result: int | Failure) -> None:
    if isinstance(result, Failure):
        command.finish(result)
    else:
        command.finish([f"{modem.profile.framing.before_cmgs}{command.name}: {result}"])


def _send_command(modem: Modem, command: RunningCommand) -> Reply:
    transmit = partial(_transmit, modem, command)
    if command.settings.text_mode:
        return text_command(command, transmit)
    length = command.number(0, None, 1, _LONGEST_TPDU)
    return Prompt(lambda payload: transmit(*_split_payload(payload, length)))


def _write(modem: Modem, command: RunningCommand) -> Reply:
    if command.settings.text_mode:
        status = _STATUS.get(command.text(2, "STO UNSENT").upper())
        if status is None:
            raise cms(305)
        return text_prompt(command, partial(_store, modem, status), submission(command))
    length, status = command.number(0, None, 1, _LONGEST_TPDU), command.number(1, UNSENT, 0, 3)
    return Prompt(lambda payload: _store(modem, status, *_split_payload(payload, length)))


def _store(modem: Modem, status: int, smsc: bytes, tpdu: bytes) -> Reply:
    kind = "deliver" if status in (UNREAD, READ) else "submit"
    index = modem.stores[modem.selected[1]].put(Stored(status, kind, smsc, tpdu))
    if index is None:
        raise cms(322)
    return [f"+CMGW: {index}"]


def _send_stored(modem: Modem, command: RunningCommand) -> Reply:
    message = modem.stores[modem.selected[1]].get(command.number(0, None, 0, _LAST_INDEX))
    if message is None or message.kind != "submit":
        raise cms(321)
    raw, tpdu = message.tpdu, _decode(message.tpdu)
    if len(command.args) > 1:  # another recipient than the stored one
        tpdu.address = address(command, 1)
        raw = write_tpdu(tpdu)

    def finish(result: int | Failure) -> None:
        if not isinstance(result, Failure):
            message.status = SENT
        _finish(modem, command, result)

    modem.outbound.submit(Outgoing(message.smsc, raw, tpdu), finish)
    return LATER


def _set_link_mode(modem: Modem, command: RunningCommand) -> Reply:
    modem.outbound.link_mode = command.number(0, 0, 0, 2)
    return None


def _link_mode(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CMMS: {modem.outbound.current_link_mode()}"]


def _set_smsc(modem: Modem, command: RunningCommand) -> Reply:
    number = command.string(0)
    kind = command.number(1, 145 if number.startswith("+") else 129, 0, 255)
    if not is_decimal(number.lstrip("+")) and number:
        raise cms(330)
    if kind == 145 and number and not number.startswith("+"):
        number = "+" + number
    modem.outbound.smsc = number
    return None


def _smsc(modem: Modem, command: RunningCommand) -> Reply:
    busy_s = modem.seconds(modem.profile.boot.csca_busy_s)
    if busy_s and modem.uptime_s < busy_s:
        raise Failure("cme", 14)
    number = modem.outbound.smsc
    return [f'+CSCA: "{command.settings.encode(number)}",{145 if number.startswith("+") else 129}']


ROWS = (
    Row("+CMGS", "27.005 3.5.1, 4.3", set=_send, test="", needs="sms"),
    Row("+CMGW", "27.005 3.5.3, 4.4", set=_write, test="", needs="sms"),
    Row("+CMSS", "27.005 3.5.2, 4.7", set=_send_stored, test="", needs="sms"),
    Row("+CMGC", "27.005 3.5.5, 4.5", set=_send_command, test="", needs="sms"),
    Row("+CMMS", "27.005 3.5.6", read=_link_mode, test="(0-2)", set=_set_link_mode, needs="sms"),
    Row("+CSCA", "27.005 3.3.1", read=_smsc, test="", set=_set_smsc, needs="sim"),
)
