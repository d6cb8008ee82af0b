"""The SIM's phonebook (27.007 8.11 to 8.14)."""

from __future__ import annotations

from ..at.command import RunningCommand
from ..at.reply import Reply, cme
from ..modem.modem import Modem
from .row import Row

SIZE = 100  # entries; chosen here


def _usage(modem: Modem, command: RunningCommand) -> Reply:
    return [f'+CPBS: "SM",{len(modem.card.phonebook)},{SIZE}']


def _select(modem: Modem, command: RunningCommand) -> Reply:
    if command.text(0).upper() != "SM":
        raise cme(4)
    return None


def _entry(modem: Modem, command: RunningCommand, place: int) -> str:
    number, name = modem.card.phonebook[place]
    encode = command.settings.encode
    return f'{command.name}: {place},"{encode(number)}",{145 if number.startswith("+") else 129},"{encode(name)}"'


def _read(modem: Modem, command: RunningCommand) -> Reply:
    first = command.number(0, None, 1, SIZE)
    last = command.number(1, first, 1, SIZE)
    return [_entry(modem, command, place) for place in range(first, last + 1) if place in modem.card.phonebook]


def _find(modem: Modem, command: RunningCommand) -> Reply:
    wanted = command.string(0).lower()
    book = modem.card.phonebook
    return [_entry(modem, command, place) for place in sorted(book) if book[place][1].lower().startswith(wanted)]


def _write(modem: Modem, command: RunningCommand) -> Reply:
    book = modem.card.phonebook
    if command.args[0] is None:
        place = next((place for place in range(1, SIZE + 1) if place not in book), 0)
        if not place:
            raise cme(20)
    else:
        place = command.number(0, None, 1, SIZE)
    if len(command.args) == 1:
        book.pop(place, None)
    else:
        book[place] = (command.string(1), command.string(3, ""))
    return None


ROWS = (
    Row("+CPBS", "27.007 8.11", read=_usage, test='("SM")', set=_select, needs="sim"),
    Row("+CPBR", "27.007 8.12", test=f"(1-{SIZE}),40,20", set=_read, needs="sim"),
    Row("+CPBF", "27.007 8.13", test="40,20", set=_find, needs="sim"),
    Row("+CPBW", "27.007 8.14", test=f"(1-{SIZE}),40,(129,145),20", set=_write, needs="sim"),
)
