"""Submitting over the air: reference, radio time, the network's verdict (27.005 4.3, 23.040 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..at.error_texts import CMS_TEXT
from ..at.reply import Failure, cms
from ..codec.tpdu import Tpdu
from ..network.service_centre import RpError

if TYPE_CHECKING:
    from .modem import Modem


class Outgoing(NamedTuple):
    """What goes on the air: the service centre field as the TE wrote it, the TPDU, and the TPDU read."""

    smsc: bytes
    raw: bytes
    tpdu: Tpdu


Verdict = Callable[[int | Failure], None]


def submit(modem: Modem, message: Outgoing, answer: Verdict) -> None:
    """Send; ``answer`` gets the message reference or the failure once the network has spoken. Raises Failure."""
    if not modem.radio.registered:
        raise cms(331)
    if len(message.smsc) <= 1 and not modem.smsc:
        raise cms(330)
    if modem.sending:
        raise cms(301)
    swallowed = modem.faults.submit(message.tpdu)
    modem.sending = True
    delay = modem.airtime()
    if delay > 0:
        modem.clock.call_later(delay, _on_air, modem, message, answer, swallowed)
    else:
        _on_air(modem, message, answer, swallowed)


def _on_air(modem: Modem, message: Outgoing, answer: Verdict, swallowed: bool) -> None:
    if not modem.powered:
        return
    modem.sending = False
    modem.link_used_at = modem.clock.now() if modem.link_held else None
    if not modem.radio.registered:
        answer(cms(331))
        return
    tpdu = message.tpdu
    tpdu.mr = reference = modem.faults.reference(modem.card.next_mr())
    if tpdu.kind == "command":
        modem.network.command(modem, tpdu)
        answer(reference)
        return
    if not swallowed:
        raw = message.smsc + bytes((message.raw[0], reference)) + message.raw[2:]
        try:
            modem.network.accept(modem, tpdu, raw)
        except RpError as refused:
            modem.last_cause = CMS_TEXT.get(refused.cause, str(refused.cause))
            answer(cms(refused.cause))
            return
    answer(reference)
