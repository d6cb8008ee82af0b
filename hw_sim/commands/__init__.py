"""The commands: a table with one row per command, and the interpreter that modems are given."""

from __future__ import annotations

from . import basic, identity, network, phonebook, receiving, sending, services, sim, storage, text, ussd, voice
from .interpreter import Interpreter
from .row import Row

TABLE: dict[str, Row] = {
    row.name: row
    for rows in (
        basic.ROWS,
        identity.ROWS,
        sim.ROWS,
        network.ROWS,
        sending.ROWS,
        storage.ROWS,
        receiving.ROWS,
        text.ROWS,
        ussd.ROWS,
        voice.ROWS,
        services.ROWS,
        phonebook.ROWS,
    )
    for row in rows
}

#: All commands that the simulator knows.
COMMANDS = Interpreter(TABLE.values())

__all__ = ["COMMANDS", "TABLE", "Row"]
