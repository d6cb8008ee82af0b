"""A modem's USSD session: requests and answers as the profile writes them (27.007 7.15)."""

from __future__ import annotations

from typing import Protocol

from ..at.port import Port
from ..codec.alphabet import gsm7_decode, gsm7_encode, pack, ucs2_decode, ucs2_encode, unpack
from ..network.service_centre import Network
from ..network.ussd_services import MORE, UNSUPPORTED, Service, UssdReply
from .host import Host


class UssdHost(Host, Protocol):
    """The modem as a USSD session sees it."""

    network: Network
    commands_seen: set[str]

    @property
    def urc_port(self) -> Port: ...


class UssdSession:
    """The USSD session of one modem, at most one at a time."""

    def __init__(self, modem: UssdHost) -> None:
        self._modem = modem
        self.presentation = 0
        self._service: Service | None = None

    def reset(self) -> None:
        self.presentation, self._service = 0, None

    def cancel(self) -> None:
        """End the session (+CUSD=2)."""
        self._service = None

    def request(self, text: str) -> None:
        """Send a code, or an answer within a session; the reply comes as +CUSD after the network's delay."""
        modem = self._modem
        delay = modem.network.chance(modem.card.number).uniform(*modem.network.rules.ussd_delay_s)
        modem.clock.call_later(delay, self._reply, text)

    def _reply(self, text: str) -> None:
        modem = self._modem
        if not modem.powered:
            return
        service = self._service or modem.network.ussd_services.get(text)
        reply = UssdReply(UNSUPPORTED) if service is None else service(modem, text)
        self._service = service if reply.state == MORE else None
        self.present(reply)

    def present(self, reply: UssdReply) -> None:
        """Write a +CUSD line, if they are switched on; also for messages that the network starts."""
        if self.presentation == 1:
            self._modem.urc(f"+CUSD: {self.shown(reply)}")

    def shown(self, reply: UssdReply) -> str:
        rules = self._modem.profile.ussd
        if reply.text is None:
            return str(reply.state)
        if rules.answer == "packed":
            string = pack_ussd(reply.text).hex().upper()
        elif rules.answer == "ucs2":
            string = ucs2_encode(reply.text).hex().upper() + rules.tail
        else:
            string = self._modem.urc_port.settings.encode(reply.text)
        if not rules.quoted:
            return f"{reply.state}, {string}"
        return f'{reply.state},"{string}"' + ("" if rules.dcs is None else f",{rules.dcs}")

    def read_request(self, string: str) -> str | None:
        """Return the code in the program's string, None when the modem needs it in another form."""
        rules = self._modem.profile.ussd
        if rules.request == "packed" and rules.text_mode_command not in self._modem.commands_seen:
            try:
                packed = bytes.fromhex(string)
            except ValueError:
                return None
            return unpack_ussd(packed)
        if rules.request == "ucs2":
            try:
                return ucs2_decode(bytes.fromhex(string))
            except ValueError:
                return None
        return string


def pack_ussd(text: str) -> bytes:
    """Return a text packed to septets, with a CR where seven bits would be left over (TS 23.038 6.1.2.3.1)."""
    septets = gsm7_encode(text)
    return pack(septets + b"\r" if len(septets) % 8 == 7 else septets)


def unpack_ussd(packed: bytes) -> str:
    """Return the text of packed septets; a CR that fills the last septet is dropped."""
    count = len(packed) * 8 // 7
    text = gsm7_decode(unpack(packed, count))
    return text[:-1] if count % 8 == 0 and text.endswith("\r") else text
