"""Text mode (27.005 3): parameters, and texts turned into TPDUs."""

from __future__ import annotations

from collections.abc import Callable

from ..at.command import RunningCommand
from ..at.reply import Failure, Prompt, Reply, cms
from ..at.settings import PortSettings
from ..codec.alphabet import gsm7_encode, gsm7_fits
from ..codec.charset import decode_string
from ..codec.tpdu import Address, Tpdu, alphabet, write_smsc, write_tpdu
from ..codec.user_data import user_data
from ..modem.modem import Modem
from ..numeric import is_decimal
from .row import Row

#: Gets the service centre field and the TPDU of a text.
TakeTpdu = Callable[[bytes, bytes], Reply]
_DEFAULT_VALIDITY = 167  # 24 hours, 27.005 3.1 <vp>


def text_prompt(command: RunningCommand, take: TakeTpdu, tpdu: Tpdu) -> Prompt:
    """Return a prompt for a text; ``take`` gets the finished TPDU."""

    def on_payload(payload: bytes) -> Reply:
        tpdu.udl, tpdu.ud = _user_data(command.settings, tpdu, payload)
        return take(write_smsc(""), write_tpdu(tpdu))

    return Prompt(on_payload)


def _user_data(settings: PortSettings, tpdu: Tpdu, payload: bytes) -> tuple[int, bytes]:
    kind = alphabet(tpdu.dcs)
    raw = payload.decode("latin-1")
    if tpdu.udhi or kind != "gsm7":
        data = _from_hex(raw)
        if len(data) > 140:
            raise cms(305)
        return (len(data) * 8 // 7 if kind == "gsm7" else len(data)), data
    text = decode_string(raw, settings.charset).replace("\r\n", "\n").replace("\r", "\n")
    if settings.charset != "UCS2" and not gsm7_fits(text):
        text = "".join(char if gsm7_fits(char) else "?" for char in text)
    septets = gsm7_encode(text)
    if len(septets) > 160:
        raise cms(305)
    return user_data("gsm7", septets)


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        raise cms(305) from None


def address(command: RunningCommand, at: int) -> Address:
    """Return parameter ``at``, a <da>, with the optional <toda> after it."""
    number = command.string(at)
    if not number.lstrip("+") or not all(char in "0123456789*#abc" for char in number.lstrip("+").lower()):
        raise cms(305)
    kind = command.number(at + 1, 145 if number.startswith("+") else 129)
    return Address(number.lstrip("+"), kind)


def submission(command: RunningCommand) -> Tpdu:
    """Return an empty SUBMIT with the parameters of +CSMP, to the number in the first parameter."""
    settings = command.settings
    first, validity = settings.first_octet, settings.validity
    form = first >> 3 & 3
    vp = b""
    if form == 2:
        vp = bytes((int(validity) if is_decimal(validity) else _DEFAULT_VALIDITY,))
    elif form:
        raise cms(305)
    return Tpdu("submit", first, address=address(command, 0), pid=settings.pid, dcs=settings.dcs, vp=vp)


def text_command(command: RunningCommand, take: TakeTpdu) -> Prompt:
    """Return a prompt for +CMGC=<fo>,<ct>[,<pid>[,<mn>[,<da>[,<toda>]]]] (27.005 3.5.5): the data of a COMMAND."""
    tpdu = Tpdu(
        "command",
        command.number(0),
        command=command.number(1),
        pid=command.number(2, 0),
        number=command.number(3, 0),
        address=address(command, 4) if len(command.args) > 4 else Address("", 129),
    )

    def on_payload(payload: bytes) -> Reply:
        tpdu.ud = _from_hex(payload.decode("ascii", "replace"))
        tpdu.udl = len(tpdu.ud)
        return take(write_smsc(""), write_tpdu(tpdu))

    return Prompt(on_payload)


def _set_parameters(modem: Modem, command: RunningCommand) -> Reply:
    settings = command.settings
    command.at_most(4)
    settings.first_octet = command.number(0, settings.first_octet)
    validity = command.text(1, settings.validity)
    if is_decimal(validity) and int(validity) > 255:
        raise Failure()
    settings.validity = validity
    settings.pid = command.number(2, settings.pid)
    settings.dcs = command.number(3, settings.dcs)
    if modem.profile.messages.csmp_wipes_smsc:
        modem.outbound.smsc = ""
    return None


def _parameters(modem: Modem, command: RunningCommand) -> Reply:
    settings = command.settings
    validity = settings.validity if is_decimal(settings.validity) else f'"{settings.validity}"'
    return [f"+CSMP: {settings.first_octet},{validity},{settings.pid},{settings.dcs}"]


def _set_details(modem: Modem, command: RunningCommand) -> Reply:
    command.settings.show_details = command.number(0, 0, 0, 1) == 1
    return None


def _details(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CSDH: {int(command.settings.show_details)}"]


def _set_broadcast(modem: Modem, command: RunningCommand) -> Reply:
    command.at_most(3)
    modem.broadcast = (command.number(0, 0, 0, 1), command.text(1, ""), command.text(2, ""))
    return None


def _broadcast(modem: Modem, command: RunningCommand) -> Reply:
    mode, ids, schemes = modem.broadcast
    return [f'+CSCB: {mode},"{ids}","{schemes}"']


ROWS = (
    Row("+CSMP", "27.005 3.3.2", read=_parameters, test="", set=_set_parameters, needs="sim"),
    Row("+CSDH", "27.005 3.3.3", read=_details, test="(0,1)", set=_set_details),
    Row("+CSCB", "27.005 3.3.4", read=_broadcast, test="(0,1)", set=_set_broadcast, needs="sim"),
)
