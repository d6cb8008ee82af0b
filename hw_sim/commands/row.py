"""A row of the command table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..at.command import RunningCommand
from ..at.reply import Reply
from ..modem.modem import Modem

Handler = Callable[[Modem, RunningCommand], Reply]
#: A function, a text that stands after the name and a colon, or None for ERROR.
Form = Handler | str | None
Needs = Literal["power", "sim", "sms"]


@dataclass(frozen=True, slots=True)
class Row:
    """One command: its clause, and what answers each of its four forms.

    ``needs``: ``power`` always works, ``sim`` needs an unlocked SIM (CME errors), ``sms`` the message service too
    (CMS errors).
    """

    name: str
    clause: str
    run: Form = None
    read: Form = None
    test: Form = None
    set: Form = None
    needs: Needs = "power"


def accept(modem: Modem, command: RunningCommand) -> Reply:
    """Answer OK and do nothing."""
    return None


def kept_row(name: str, clause: str, default: str, test: str, *, suffix: str = "", needs: Needs = "power") -> Row:
    """Return a row of a setting that has no effect here: ``read`` shows what was set last, then ``suffix``."""

    def read(modem: Modem, command: RunningCommand) -> Reply:
        return [f"{name}: {modem.kept_settings.get(name, default)}{suffix}"]

    def store(modem: Modem, command: RunningCommand) -> Reply:
        modem.kept_settings[name] = command.raw
        return None

    return Row(name, clause, read=read, test=test, set=store, needs=needs)
