"""USSD: requests to the operator's services, and their answers in all forms that modems use (TS 27.007 7.15)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gsmgw.at import commands
from gsmgw.at.events import Urc
from gsmgw.at.responses import UssdIndication, parse_ussd
from gsmgw.errors import ModemError
from gsmgw.model.events import UssdReceived
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.services.network_text import decode_text, is_printable
from gsmgw.modem.settings import Settings
from gsmgw.modem.status import StatusReporter
from gsmgw.pdu.alphabet import DEFAULT
from gsmgw.pdu.septets import pack

#: How long the network may take to answer.
ANSWER_S = 60.0
#: TS 23.038 5: the default alphabet, language unspecified.
_DCS_DEFAULT = 15
_CR = 0x0D
#: A USSD string has at most 160 bytes, which carry 182 septets (TS 23.038 6.1.2.3).
MAX_SEPTETS = 182

_OUTCOMES = {
    2: "the network ended the session",
    3: "another program on the SIM answered",
    4: "the network does not support the request",
    5: "the network did not answer in time",
}


@dataclass(frozen=True, slots=True)
class UssdReply:
    """The answer of the network. ``more``: it waits for a reply in the same session."""

    text: str | None
    more: bool
    outcome: str = "done"


def encode_request(request: str, form: str) -> str:
    """Return the string of AT+CUSD: as it is, or packed into hexadecimal with a CR in spare bits (TS 23.038 6.1.2.3.1).

    Raises :class:`ModemError` for what a USSD string cannot carry: printable characters of the default alphabet, at
    most 182 septets (TS 22.090, TS 23.038 6.1.2.3).
    """
    septets = DEFAULT.encode(request)
    if septets is None or not is_printable(request) or any(char in "\r\n\t\f" for char in request):
        raise ModemError("the USSD code may only have printable characters of the GSM alphabet, for example *100#")
    if not 0 < len(septets) <= MAX_SEPTETS:
        raise ModemError(f"the USSD code is {len(septets)} characters long; at least 1 and at most {MAX_SEPTETS} fit")
    if form == "plain":
        return request
    if len(septets) % 8 == 7:
        septets += bytes((_CR,))
    return pack(septets).hex().upper()


class Ussd:
    """The one USSD session that a modem can have."""

    def __init__(self, at: AtClient, settings: Settings, reporter: StatusReporter) -> None:
        self._at = at
        self._settings = settings
        self._clock = at.clock
        self._reporter = reporter
        self._awaited: asyncio.Future[UssdIndication] | None = None

    def ussd_urc(self, urc: Urc) -> None:
        """Take a +CUSD: the answer to a request, or a text that nobody asked for."""
        found = parse_ussd(urc.line)
        if found is None:
            return
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(found)
        elif found.text is not None:
            self._reporter.event(UssdReceived(text=self._decoded(found.text, found.dcs)))

    def close(self) -> None:
        """End the session: the modem is gone."""
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_exception(ModemError("the modem disconnected before the network answered"))

    async def request(self, text: str) -> UssdReply:
        """Send a code, or a reply in an open session. Raises :class:`ModemError`."""
        if self._awaited is not None:
            raise ModemError("another USSD request is running")
        awaited: asyncio.Future[UssdIndication] = asyncio.get_running_loop().create_future()
        self._awaited = awaited
        try:
            await self._send(text)
            timer = self._clock.call_later(ANSWER_S, lambda: _expire(awaited))
            try:
                answer = await awaited
            finally:
                timer.cancel()
        finally:
            self._awaited = None
        if answer.status in _OUTCOMES and answer.text is None and answer.status != 2:
            raise ModemError(_OUTCOMES[answer.status])
        shown = None if answer.text is None else self._decoded(answer.text, answer.dcs)
        return UssdReply(shown, answer.status == 1, _OUTCOMES.get(answer.status, "done"))

    def _decoded(self, text: str, dcs: int | None) -> str:
        return decode_text(text, dcs, charset=self._settings.charset)

    async def _send(self, text: str) -> None:
        refusal: ModemError | None = None
        for form in self._at.profile.ussd_forms:
            string = encode_request(text, form)
            try:
                await self._at.run(commands.ussd(string, _DCS_DEFAULT))
                return
            except CommandError as exc:
                refusal = exc
        raise ModemError(f"the modem refused the request: {refusal.title if refusal else 'it does not support USSD'}")


def _expire(awaited: asyncio.Future[UssdIndication]) -> None:
    if not awaited.done():
        awaited.set_exception(ModemError("the network did not answer in time"))
