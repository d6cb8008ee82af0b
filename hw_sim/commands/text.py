"""Text mode (27.005 3): parameters, and texts turned into TPDUs."""

from __future__ import annotations

from collections.abc import Callable

from ..at.reply import Call, Failure, Prompt, Reply, cms
from ..codec.alphabet import gsm7_encode, gsm7_fits
from ..codec.charset import decode_string
from ..codec.tpdu import Address, Tpdu, alphabet, write_smsc, write_tpdu
from ..codec.user_data import user_data
from ..numeric import is_digits
from .row import Row

TextTaken = Callable[[Call, bytes, bytes], Reply]


def text_prompt(taken: TextTaken, tpdu: Tpdu) -> Prompt:
    """A prompt for a text; ``taken`` gets the service centre field and the finished TPDU."""

    def finish(call: Call, payload: bytes) -> Reply:
        tpdu.udl, tpdu.ud = _user_data(call, tpdu, payload)
        return taken(call, write_smsc(""), write_tpdu(tpdu))

    return Prompt(finish)


def _user_data(call: Call, tpdu: Tpdu, payload: bytes) -> tuple[int, bytes]:
    kind = alphabet(tpdu.dcs)
    raw = payload.decode("latin-1")
    if tpdu.udhi or kind != "gsm7":
        try:
            octets = bytes.fromhex(raw.strip())
        except ValueError:
            raise cms(305) from None
        if len(octets) > 140:
            raise cms(305)
        return (len(octets) * 8 // 7 if kind == "gsm7" else len(octets)), octets
    text = decode_string(raw, call.port.charset).replace("\r\n", "\n").replace("\r", "\n")
    if call.port.charset != "UCS2" and not gsm7_fits(text):
        text = "".join(char if gsm7_fits(char) else "?" for char in text)
    septets = gsm7_encode(text)
    if len(septets) > 160:
        raise cms(305)
    return user_data("gsm7", septets)


def address(call: Call, at: int) -> Address:
    """A <da> with its optional <toda> after it."""
    number = call.string(at)
    if not number.lstrip("+") or not all(char in "0123456789*#abc" for char in number.lstrip("+").lower()):
        raise cms(305)
    kind = call.number(at + 1, 145 if number.startswith("+") else 129)
    return Address(number.lstrip("+"), kind)


def submission(call: Call, at: int = 0) -> Tpdu:
    """An empty SUBMIT with the parameters of +CSMP, to the number in argument ``at``."""
    port = call.port
    first, validity = port.first_octet, port.validity
    form = first >> 3 & 3
    vp = b""
    if form == 2:
        vp = bytes((int(validity) if is_digits(validity) else 167,))
    elif form:
        raise cms(305)
    return Tpdu("submit", first, address=address(call, at), pid=port.pid, dcs=port.dcs, vp=vp)


def _set_parameters(call: Call) -> Reply:
    port = call.port
    call.at_most(4)
    port.first_octet = call.number(0, port.first_octet)
    validity = call.text(1, port.validity)
    if is_digits(validity) and int(validity) > 255:
        raise Failure()
    port.validity = validity
    port.pid = call.number(2, port.pid)
    port.dcs = call.number(3, port.dcs)
    if call.modem.profile.messages.csmp_wipes_smsc:
        call.modem.smsc = ""
    return None


def _parameters(call: Call) -> Reply:
    port = call.port
    validity = port.validity if is_digits(port.validity) else f'"{port.validity}"'
    return [f"+CSMP: {port.first_octet},{validity},{port.pid},{port.dcs}"]


def _set_details(call: Call) -> Reply:
    call.port.show_details = call.number(0, 0, 0, 1) == 1
    return None


def _details(call: Call) -> Reply:
    return [f"+CSDH: {int(call.port.show_details)}"]


def _set_broadcast(call: Call) -> Reply:
    call.at_most(3)
    call.modem.broadcast = (call.number(0, 0, 0, 1), call.text(1, ""), call.text(2, ""))
    return None


def _broadcast(call: Call) -> Reply:
    mode, ids, schemes = call.modem.broadcast
    return [f'+CSCB: {mode},"{ids}","{schemes}"']


def text_command(call: Call, taken: TextTaken) -> Reply:
    """+CMGC=<fo>,<ct>[,<pid>[,<mn>[,<da>[,<toda>]]]] (27.005 3.5.5): a COMMAND, its data from the prompt."""
    tpdu = Tpdu(
        "command",
        call.number(0),
        command=call.number(1),
        pid=call.number(2, 0),
        number=call.number(3, 0),
        address=address(call, 4) if len(call.args) > 4 else Address("", 129),
    )

    def finish(call: Call, payload: bytes) -> Reply:
        try:
            tpdu.ud = bytes.fromhex(payload.decode("ascii").strip())
        except ValueError:
            raise cms(305) from None
        tpdu.udl = len(tpdu.ud)
        return taken(call, write_smsc(""), write_tpdu(tpdu))

    return Prompt(finish)


ROWS = (
    Row("+CSMP", "27.005 3.3.2", read=_parameters, test="", set=_set_parameters, needs="sim"),
    Row("+CSDH", "27.005 3.3.3", read=_details, test="(0,1)", set=_set_details),
    Row("+CSCB", "27.005 3.3.4", read=_broadcast, test="(0,1)", set=_set_broadcast, needs="sim"),
)
