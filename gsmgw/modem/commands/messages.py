"""The message service: PDU mode, service centre, routing of received messages, acknowledgement."""

from __future__ import annotations

import logging

from gsmgw.at import commands, responses
from gsmgw.at.fields import after_prefix
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.port.port_lock import PortPriority

log = logging.getLogger(__name__)


async def set_pdu_mode(at: AtClient) -> None:
    """Select PDU mode, which everything else needs. Raises :class:`CommandError`."""
    try:
        await at.run_when_ready(commands.PDU_MODE, at.profile.sim_ready_s)
    except CommandError:
        response = await at.attempt(commands.MESSAGE_FORMAT)
        if response is None or not any(after_prefix(line) == "0" for line in response.lines):
            raise  # it is not in PDU mode already either


async def wait_for_service(at: AtClient) -> None:
    """Wait until the message service has started: until then its commands are refused as busy."""
    for command in (commands.STORAGE_USE, commands.SMSC):
        try:
            await at.run_when_ready(command, at.profile.sms_ready_s)
        except CommandError as exc:
            log.debug("%s", exc)


async def set_smsc(at: AtClient, number: str) -> None:
    """Set the service centre's number, unless it is set already."""
    line = await at.attempt_line(commands.SMSC)
    if line is None or responses.parse_smsc(line) != number:
        await at.attempt(commands.set_smsc(number))


async def select_service(at: AtClient, level: int) -> bool:
    """Select the message service by AT+CSMS; return whether it was accepted."""
    return await at.attempt(commands.message_service(level)) is not None


async def set_indications(at: AtClient, settings: tuple[str, ...]) -> str | None:
    """Try AT+CNMI settings in order; return the one that was accepted, or None."""
    accepted = await at.first_accepted(commands.indications(setting) for setting in settings)
    return accepted.text.partition("=")[2] if accepted is not None else None


async def acknowledge(at: AtClient) -> None:
    """Acknowledge a message by AT+CNMA; a refusal (340, none was expected) is not an error."""
    try:
        await at.run(commands.ACKNOWLEDGE, PortPriority.ACKNOWLEDGE)
    except CommandError as exc:
        log.debug("%s", exc)
