"""The message service: PDU mode, service centre, routing of received messages, acknowledgement."""

from __future__ import annotations

import logging

from gsmgw.at import commands, responses
from gsmgw.at.fields import after_prefix
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.port.port_lock import PortPriority

log = logging.getLogger(__name__)

#: +CMS ERROR: no acknowledgement expected.
_NONE_EXPECTED = 340


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
    """Try AT+CNMI settings in order; return the one that was accepted, or None.

    One that is refused as busy is repeated: some modems refuse AT+CNMI alone until they have started.
    """
    deadline = at.clock.monotonic() + at.profile.sms_ready_s
    for setting in settings:
        try:
            await at.run_when_ready(commands.indications(setting), deadline - at.clock.monotonic())
        except CommandError as exc:
            log.debug("%s", exc)
        else:
            return setting
    return None


class Acknowledger:
    """Acknowledges messages by the form of AT+CNMA that the modem accepts (TS 27.005 3.4.4, 4.8)."""

    def __init__(self, at: AtClient) -> None:
        self._at = at
        self._forms = list(commands.ACKNOWLEDGE_FORMS)

    async def acknowledge(self) -> bool:
        """Acknowledge a message; return False when the modem refuses all forms. Error 340 counts as success."""
        for form in tuple(self._forms):
            try:
                await self._at.run(form, PortPriority.ACKNOWLEDGE)
            except CommandError as exc:
                log.debug("%s", exc)
                if exc.final.code != _NONE_EXPECTED:
                    continue
            self._forms.remove(form)
            self._forms.insert(0, form)
            return True
        return False
