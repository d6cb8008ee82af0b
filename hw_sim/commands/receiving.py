"""Indications and acknowledgement (27.005 3.2.1, 3.4.1, 3.4.4): +CSMS, +CNMI, +CNMA."""

from __future__ import annotations

from ..at.command import RunningCommand
from ..at.reply import Failure, Prompt, Reply, cms
from ..modem.modem import Modem
from .row import Row


def _service(modem: Modem, command: RunningCommand) -> Reply:
    modem.inbound.service = command.number(0, 0, 0, 1)
    return ["+CSMS: 1,1,1"]


def _services(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CSMS: {modem.inbound.service},1,1,1"]


def _indications(modem: Modem, command: RunningCommand) -> Reply:
    messages = modem.profile.messages
    inbound = modem.inbound
    command.at_most(5)
    if not messages.supported:
        raise Failure()
    allowed = (messages.mode, messages.mt, messages.bm, messages.ds, messages.bfr)
    given = [command.number(at, 0, 0, 9) for at in range(len(command.args))] if command.raw else []
    values = given + [0 if 0 in known else known[0] for known in allowed[len(given) :]]
    for value, known in zip(values, allowed, strict=True):
        if value not in known:
            raise Failure() if messages.plain_refusal else cms(messages.refusal)
    inbound.configure(values)
    return None


def _shown(modem: Modem, command: RunningCommand) -> Reply:
    if not modem.profile.messages.supported:
        raise Failure()
    return ["+CNMI: " + ",".join(map(str, modem.inbound.cnmi))]


def _choices(modem: Modem, command: RunningCommand) -> Reply:
    messages = modem.profile.messages
    if not messages.supported:
        raise Failure()
    if messages.test:
        return [messages.test]
    groups = (messages.mode, messages.mt, messages.bm, messages.ds, messages.bfr)
    return ["+CNMI: " + ",".join("(" + ",".join(map(str, group)) + ")" for group in groups)]


def _acknowledge(modem: Modem, command: RunningCommand) -> Reply:
    """Take +CNMA without parameters; in PDU mode 0 and 1 acknowledge, 2 is an error, and each may carry a PDU."""
    inbound = modem.inbound
    if not inbound.awaiting:
        raise cms(340)
    kind = command.number(0, 0, 0, 2) if command.form == "set" else 0
    length = command.number(1, 0, 0, 255) if command.form == "set" else 0
    if length:

        def on_payload(payload: bytes) -> Reply:
            inbound.acknowledge(kind != 2)
            return None

        return Prompt(on_payload)
    inbound.acknowledge(kind != 2)
    return None


ROWS = (
    Row(
        "+CSMS",
        "27.005 3.2.1",
        read=_services,
        test="(0,1)",
        set=_service,
        needs="sms",
    ),
    Row("+CNMI", "27.005 3.4.1", read=_shown, test=_choices, set=_indications, run=_indications),
    Row("+CNMA", "27.005 3.4.4, 4.6", run=_acknowledge, set=_acknowledge, test="(0-2)", needs="sms"),
)
