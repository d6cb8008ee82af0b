"""The network: registration, signal, operator, incoming calls."""

from __future__ import annotations

from gsmgw.at import commands, responses
from gsmgw.modem.commands.client import AtClient


async def enable_registration_urcs(at: AtClient) -> tuple[str, ...]:
    """Enable the registration URCs of each domain; return the names of the commands that the modem knows."""
    known = []
    for name in ("CREG", "CGREG", "CEREG"):
        for level in (2, 1):
            if await at.attempt(commands.registration_reports(name, level)) is not None:
                known.append(name)
                break
    return tuple(known)


async def registration(at: AtClient, name: str) -> int | None:
    """Read <stat> of +CREG, +CGREG or +CEREG; None where refused or not readable."""
    response = await at.attempt(commands.registration(name))
    for line in reversed(response.lines if response else []):
        if (found := responses.parse_registration(line, urc=False)) is not None:
            return found
    return None


async def signal_dbm(at: AtClient) -> int | None:
    """Read the signal strength; None when unknown."""
    line = await at.attempt_line(commands.SIGNAL)
    return responses.parse_signal_dbm(line) if line is not None else None


async def operator(at: AtClient) -> tuple[str | None, int | None]:
    """Read the operator's name and the access technology (TS 27.007 7.3)."""
    line = await at.attempt_line(commands.OPERATOR)
    return responses.parse_operator(line) if line is not None else (None, None)


async def hang_up(at: AtClient) -> None:
    """End an incoming call: AT+CHUP (TS 27.007 6.5), else ATH."""
    if await at.attempt(commands.REJECT) is None:
        await at.attempt(commands.HANG_UP)
