"""V.250 basic commands: echo, result codes, S-registers, reset; and +CMEE."""

from __future__ import annotations

from ..at.command import RunningCommand
from ..at.reply import Failure, Reply
from ..modem.modem import Modem
from .row import Row, accept, kept_row


def _flag(command: RunningCommand) -> bool:
    text = command.raw
    if text not in ("", "0", "1"):
        raise Failure()
    return text == "1"


def _echo(modem: Modem, command: RunningCommand) -> Reply:
    command.settings.echo = _flag(command)
    return None


def _verbose(modem: Modem, command: RunningCommand) -> Reply:
    command.settings.verbose = _flag(command)
    command.settings.update_framing()
    return None


def _quiet(modem: Modem, command: RunningCommand) -> Reply:
    command.settings.quiet = _flag(command)
    return None


def _reset(modem: Modem, command: RunningCommand) -> Reply:
    """Reset the port's settings and the message indications (Z and &F, V.250 6.1.1, 6.1.2)."""
    if command.raw not in ("", "0", "1"):
        raise Failure()
    command.settings.reset()
    modem.inbound.configure([0, 0, 0, 0, 0])
    return None


def _about(modem: Modem, command: RunningCommand) -> Reply:
    identity = modem.profile.identity
    return [*identity.manufacturer, *identity.model, *identity.revision]


def _register_row(number: int, low: int, high: int) -> Row:
    def read(modem: Modem, command: RunningCommand) -> Reply:
        return [f"{command.settings.registers[number]:03d}"]

    def store(modem: Modem, command: RunningCommand) -> Reply:
        command.settings.registers[number] = command.number(0, 0, low, high)
        command.settings.update_framing()
        return None

    return Row(f"S{number}", "V.250 5.3.2", run=accept, read=read, set=store)


def _level(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CMEE: {command.settings.cmee}"]


def _cmee(modem: Modem, command: RunningCommand) -> Reply:
    command.settings.cmee = command.number(0, 0, 0, 2)
    return None


def _capabilities(modem: Modem, command: RunningCommand) -> Reply:
    """List all commands (+CLAC, 27.007 8.37)."""
    framing = modem.profile.framing
    absent = modem.profile.absent
    names = [name for name in modem.commands.names if name not in absent]
    if framing.clac_prefix:
        return ["+CLAC:" + ",".join(names)]
    if framing.clac_end != "\r\n":
        return ["\r\r\n".join(names) + "\r"]
    return names


ROWS = (
    Row("E", "V.250 6.2.4", run=_echo),
    Row("V", "V.250 6.2.6", run=_verbose),
    Row("Q", "V.250 6.2.5", run=_quiet),
    Row("X", "V.250 6.2.7", run=accept),
    Row("L", "V.250 6.3.13", run=accept),
    Row("M", "V.250 6.3.14", run=accept),
    Row("Z", "V.250 6.1.1", run=_reset),
    Row("&F", "V.250 6.1.2", run=_reset),
    Row("&C", "V.250 6.2.8", run=accept),
    Row("&D", "V.250 6.2.9", run=accept),
    Row("&S", "modem manuals: DSR behaviour", run=accept),
    Row("&K", "modem manuals: flow control", run=accept),
    Row("&W", "modem manuals: store settings", run=accept),
    Row("\\Q", "modem manuals: flow control", run=accept),
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
    kept_row("+IPR", "V.250 6.2.10", "0", "(),(0,9600,19200,38400,57600,115200,230400,460800)"),
    kept_row("+IFC", "V.250 6.2.12", "0,0", "(0-2),(0-2)"),
    kept_row("+ICF", "V.250 6.2.11", "3,3", "(3),(3)"),
    Row("+GCAP", "V.250 6.1.9", run="+CGSM"),
    Row("+CMEE", "27.007 9.1", read=_level, test="(0-2)", set=_cmee),
    Row("+CLAC", "27.007 8.37", run=_capabilities, test=""),
)
