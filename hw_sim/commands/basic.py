"""V.250 basic commands: echo, result codes, S-registers, reset; and +CMEE."""

from __future__ import annotations

from ..at.reply import Call, Failure, Reply
from .row import Row


def _flag(call: Call) -> bool:
    text = call.command.text
    if text not in ("", "0", "1"):
        raise Failure()
    return text == "1"


def _echo(call: Call) -> Reply:
    call.port.echo = _flag(call)
    return None


def _verbose(call: Call) -> Reply:
    call.port.verbose = _flag(call)
    call.port.framing()
    return None


def _quiet(call: Call) -> Reply:
    call.port.quiet = _flag(call)
    return None


def _nothing(call: Call) -> Reply:
    return None


def _reset(call: Call) -> Reply:
    """Z and &F: the port's settings, and the message indications, as after power-on (V.250 6.1.1, 6.1.2)."""
    if call.command.text not in ("", "0", "1"):
        raise Failure()
    call.port.factory()
    call.modem.inbound.configure([0, 0, 0, 0, 0])
    return None


def _about(call: Call) -> Reply:
    identity = call.modem.profile.identity
    return [*identity.manufacturer, *identity.model, *identity.revision]


def _register_row(number: int, low: int, high: int) -> Row:
    def read(call: Call) -> Reply:
        return [f"{call.port.registers[number]:03d}"]

    def store(call: Call) -> Reply:
        call.port.registers[number] = call.number(0, 0, low, high)
        call.port.framing()
        return None

    return Row(f"S{number}", "V.250 5.3.2", run=_nothing, read=read, set=store)


def _level(call: Call) -> Reply:
    return [f"+CMEE: {call.port.cmee}"]


def _cmee(call: Call) -> Reply:
    call.port.cmee = call.number(0, 0, 0, 2)
    return None


def _capabilities(call: Call) -> Reply:
    """+CLAC (27.007 8.37): every command, one a line."""
    from . import TABLE

    framing = call.modem.profile.framing
    absent = call.modem.profile.absent
    names = [name for name in TABLE if name not in absent]
    if framing.clac_prefix:
        return ["+CLAC:" + ",".join(names)]
    if framing.clac_end != "\r\n":
        return ["\r\r\n".join(names) + "\r"]
    return names


ROWS = (
    Row("E", "V.250 6.2.4", run=_echo),
    Row("V", "V.250 6.2.6", run=_verbose),
    Row("Q", "V.250 6.2.5", run=_quiet),
    Row("X", "V.250 6.2.7", run=_nothing),
    Row("L", "V.250 6.3.13", run=_nothing),
    Row("M", "V.250 6.3.14", run=_nothing),
    Row("Z", "V.250 6.1.1", run=_reset),
    Row("&F", "V.250 6.1.2", run=_reset),
    Row("&C", "V.250 6.2.8", run=_nothing),
    Row("&D", "V.250 6.2.9", run=_nothing),
    Row("&S", "modem manuals: DSR behaviour", run=_nothing),
    Row("&K", "modem manuals: flow control", run=_nothing),
    Row("&W", "modem manuals: store settings", run=_nothing),
    Row("\\Q", "modem manuals: flow control", run=_nothing),
    Row("I", "V.250 6.1.3", run=_about),
    *(
        _register_row(number, low, high)
        for number, low, high in (
            (0, 0, 255),
            (3, 0, 127),
            (4, 0, 127),
            (5, 0, 127),
            (6, 2, 10),
            (7, 1, 255),
            (8, 0, 255),
            (10, 1, 254),
            (12, 0, 255),
        )
    ),
    Row("+IPR", "V.250 6.2.10", read="0", test="(),(0,9600,19200,38400,57600,115200,230400,460800)", set=_nothing),
    Row("+IFC", "V.250 6.2.12", read="0,0", test="(0-2),(0-2)", set=_nothing),
    Row("+ICF", "V.250 6.2.11", read="3,3", test="(3),(3)", set=_nothing),
    Row("+GCAP", "V.250 6.1.9", run="+CGSM"),
    Row("+CMEE", "27.007 9.1", read=_level, test="(0-2)", set=_cmee),
    Row("+CLAC", "27.007 8.37", run=_capabilities, test=""),
)
