"""Answers that a profile gives itself: fixed lines, lines that show the modem's state, settings that are kept."""

from __future__ import annotations

from ..at.command import RunningCommand
from ..at.reply import Failure, cme, cms
from ..modem.modem import Modem
from ..modem.state import render

#: Names of values that only a SIM can tell.
_OF_THE_SIM = ("{tries_left}", "{tries_or_pin}", "{pin_left}", "{puk_left}")
_SUFFIX = {"run": "", "read": "?", "test": "=?"}


def profile_answer(modem: Modem, command: RunningCommand) -> list[str] | None:
    """Return the lines that the profile answers to a command, None when it has no answer. Raises Failure.

    Remembers the command: some commands end chatter or change how USSD strings are written.
    """
    typed = command.name + _SUFFIX.get(command.form, f"={command.raw}")
    lines = modem.profile.answers.get(typed)
    if lines is None:
        answer = _setting(modem, typed)
        modem.commands_seen.add(f"AT{typed}")
        return answer
    modem.commands_seen.add(f"AT{typed}")
    if not modem.sim.inserted and any(name in line for line in lines for name in _OF_THE_SIM):
        raise cme(10)
    if lines:
        _raise_error(lines[-1], modem.profile.framing.unknown)
    return [render(line, modem) for line in lines]


def _raise_error(line: str, unknown: str) -> None:
    """Raise the Failure that an answer's last line stands for, if it is one."""
    if line == "ERROR":
        raise Failure()
    if line == unknown:
        raise Failure("unknown")
    for prefix, failure in (("+CME ERROR: ", cme), ("+CMS ERROR: ", cms)):
        if line.startswith(prefix):
            raise failure(int(line.removeprefix(prefix)))


def _setting(modem: Modem, typed: str) -> list[str] | None:
    """Read or set one of the profile's settings: ``^CURC?`` and ``^CURC=0``, ``+X="y"`` and ``+X="y",1``."""
    for key, values in modem.profile.settings.items():
        name, has_key, sub_key = key.partition("=")
        query, assign = (key, f"{key},") if has_key else (f"{key}?", f"{key}=")
        if typed == query:
            shown = modem.kept_settings.get(key, values[0])
            return [f"{name}: {sub_key},{shown}" if has_key else f"{name}: {shown}"]
        if typed.startswith(assign) and not typed.endswith("=?"):
            if typed.removeprefix(assign) not in values:
                raise Failure()
            modem.kept_settings[key] = typed.removeprefix(assign)
            for value in values:
                modem.forget_command(f"AT{assign}{value}")
            return []
    return None
