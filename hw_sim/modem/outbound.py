"""The sending side of a modem: reference, radio time, the network's answer (27.005 3.5.6, 4.3; 23.040 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from ..at.error_texts import CMS_TEXT
from ..at.reply import Failure, cms
from ..codec.tpdu import Tpdu
from ..network.service_centre import Network, RpError
from ..network.subscriber import Subscriber
from .faultset import FaultSet
from .host import Host
from .radio import Radio

LINK_HOLD_S = 5.0  # 27.005 3.5.6: one to five seconds


class Outgoing(NamedTuple):
    """A message to send: the service centre field as the program wrote it, the TPDU, and the TPDU decoded."""

    smsc: bytes
    raw: bytes
    tpdu: Tpdu


#: Gets the message reference of a submission, or why it failed.
Outcome = Callable[[int | Failure], None]


class OutboundHost(Host, Subscriber, Protocol):
    """The modem as the sending side sees it."""

    network: Network
    radio: Radio
    faults: FaultSet

    @property
    def timed(self) -> bool:
        """The profile's times apply."""


class Outbound:
    """The sending side of one modem: one submission at a time."""

    def __init__(self, modem: OutboundHost) -> None:
        self._modem = modem
        #: The service centre of +CSCA.
        self.smsc = modem.card.smsc
        self.sending = False
        #: <n> of +CMMS.
        self.link_mode = 0
        #: The text of +CEER.
        self.last_cause = "no cause"
        self._link_used_at: float | None = None

    def reset(self) -> None:
        """Forget the submission under way: the modem restarted."""
        self.sending = False

    def submit(self, message: Outgoing, outcome: Outcome) -> None:
        """Send a message; ``outcome`` is called when the network has answered. Raises Failure."""
        modem = self._modem
        if not modem.radio.registered:
            raise cms(331)
        if len(message.smsc) <= 1 and not self.smsc:
            raise cms(330)
        if self.sending:
            raise cms(301)
        dropped = modem.faults.submit(message.tpdu)
        self.sending = True
        send = partial(self._transmit, message, outcome, dropped)
        delay_s = self._airtime_s()
        if delay_s > 0:
            modem.clock.call_later(delay_s, send)
        else:
            send()

    def _transmit(self, message: Outgoing, outcome: Outcome, dropped: bool) -> None:
        modem, tpdu = self._modem, message.tpdu
        if not modem.powered:
            return
        self.sending = False
        self._link_used_at = modem.clock.now() if self.link_mode else None
        if not modem.radio.registered:
            outcome(cms(331))
            return
        tpdu.mr = reference = modem.faults.reference(modem.card.next_mr())
        if tpdu.kind == "command":
            modem.network.command(modem, tpdu)
        elif not dropped:
            raw = message.smsc + bytes((message.raw[0], reference)) + message.raw[2:]
            try:
                modem.network.accept(modem, tpdu, raw)
            except RpError as refused:
                self.last_cause = CMS_TEXT.get(refused.cause, str(refused.cause))
                outcome(cms(refused.cause))
                return
        outcome(reference)

    def current_link_mode(self) -> int:
        """Return <n> of +CMMS; 1 has become 0 when nothing was sent for LINK_HOLD_S."""
        if self._link_used_at is not None and self._modem.clock.now() - self._link_used_at > LINK_HOLD_S:
            self._link_used_at = None
            if self.link_mode == 1:
                self.link_mode = 0
        return self.link_mode

    def _airtime_s(self) -> float:
        """Return the radio time of the next submission, less on a link that is still held (+CMMS)."""
        modem = self._modem
        if not modem.timed:
            return 0.0
        timing = modem.profile.timing
        held = self.current_link_mode() and self._link_used_at is not None
        low, high = timing.submit_held_s if held else timing.submit_s
        return modem.random.uniform(low, high) if high else 0.0
