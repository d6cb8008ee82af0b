"""The SIM card: PIN, identity, own number, the record of its last message reference."""

from __future__ import annotations

from gsmgw.at import commands, responses
from gsmgw.at.responses import PinState
from gsmgw.modem.commands.client import BUSY_PAUSE_S, AtClient, is_busy
from gsmgw.modem.port.errors import CommandError

#: Errors of AT+CPIN? that stand for a state (TS 27.007 9.2, TS 27.005 3.2.5).
_STATE_OF_ERROR = {
    10: PinState.NO_SIM,
    310: PinState.NO_SIM,
    13: PinState.SIM_FAILURE,
    15: PinState.SIM_FAILURE,
    313: PinState.SIM_FAILURE,
    315: PinState.SIM_FAILURE,
    11: PinState.SIM_PIN,
    311: PinState.SIM_PIN,
    12: PinState.SIM_PUK,
    316: PinState.SIM_PUK,
}


async def pin_state(at: AtClient) -> PinState:
    """Ask whether the SIM is ready or needs a code. A modem that does not know AT+CPIN? counts as ready."""
    try:
        response = await at.run_when_ready(commands.PIN_STATE, at.profile.sim_ready_s)
    except CommandError as exc:
        code = exc.final.code
        if code in _STATE_OF_ERROR:
            return _STATE_OF_ERROR[code]
        return PinState.SIM_BUSY if is_busy(exc) else PinState.READY
    return responses.parse_pin_state(response.lines[-1]) if response.lines else PinState.READY


async def pin_attempts_left(at: AtClient) -> int | None:
    """Ask how many PIN attempts are left; None where the modem does not tell."""
    for line in at.profile.pin_tries:
        response = await at.attempt(commands.vendor(line))
        if response is not None and (left := responses.parse_tries_left(response.lines)) is not None:
            return left
    return None


async def wait_until_ready(at: AtClient) -> None:
    """Wait until the SIM is ready after its PIN was accepted: some need seconds (Huawei 3, Sierra 3 to 8)."""
    await at.clock.sleep(at.profile.after_pin_s)
    deadline = at.clock.monotonic() + at.profile.sim_ready_s
    while await pin_state(at) in (PinState.SIM_PIN, PinState.SIM_BUSY) and at.clock.monotonic() < deadline:
        await at.clock.sleep(BUSY_PAUSE_S)


async def iccid_and_imsi(at: AtClient) -> tuple[str | None, str | None]:
    """Read ICCID and IMSI, each None where it cannot be read."""
    iccid = None
    for line in at.profile.iccid:
        command = commands.sim_identity(line)
        response = await at.attempt(command)
        if response is not None:
            iccid = responses.parse_digits(response.lines, command.prefixes[0], 17, 22)
        if iccid is not None:
            break
    response = await at.attempt(commands.IMSI)
    imsi = responses.parse_digits(response.lines, "+CIMI:", 6, 15) if response else None
    return iccid, imsi


async def last_reference(at: AtClient) -> int | None:
    """Read the last TP-MR that the SIM recorded (EF_SMSS); None where it cannot be read."""
    if not at.profile.reads_smss:
        return None
    line = await at.attempt_line(commands.LAST_REFERENCE)
    return responses.parse_last_reference(line) if line is not None else None


async def own_number(at: AtClient) -> str | None:
    """Read the phone number that is stored on the SIM; often empty."""
    response = await at.attempt(commands.OWN_NUMBER)
    for line in response.lines if response else []:
        if (number := responses.parse_own_number(line)) is not None:
            return number
    return None
