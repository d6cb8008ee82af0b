"""Indications and acknowledgement (27.005 3.2.1, 3.4.1, 3.4.4): +CSMS, +CNMI, +CNMA."""

from __future__ import annotations

from ..at.reply import Call, Failure, Prompt, Reply, cms
from .row import Row


def _service(call: Call) -> Reply:
    call.modem.inbound.service = call.number(0, 0, 0, 1)
    return ["+CSMS: 1,1,1"]


def _services(call: Call) -> Reply:
    return [f"+CSMS: {call.modem.inbound.service},1,1,1"]


def _indications(call: Call) -> Reply:
    rules = call.modem.profile.messages
    inbound = call.modem.inbound
    call.at_most(5)
    if not rules.supported:
        raise Failure()
    allowed = (rules.mode, rules.mt, rules.bm, rules.ds, rules.bfr)
    given = [call.number(at, 0, 0, 9) for at in range(len(call.args))] if call.command.text else []
    values = given + [0 if 0 in known else known[0] for known in allowed[len(given) :]]
    for value, known in zip(values, allowed, strict=True):
        if value not in known:
            raise Failure() if rules.plain_refusal else cms(rules.refusal)
    inbound.configure(values)
    return None


def _shown(call: Call) -> Reply:
    if not call.modem.profile.messages.supported:
        raise Failure()
    return ["+CNMI: " + ",".join(map(str, call.modem.inbound.cnmi))]


def _choices(call: Call) -> Reply:
    rules = call.modem.profile.messages
    if not rules.supported:
        raise Failure()
    if rules.test:
        return [rules.test]
    groups = (rules.mode, rules.mt, rules.bm, rules.ds, rules.bfr)
    return ["+CNMI: " + ",".join("(" + ",".join(map(str, group)) + ")" for group in groups)]


def _acknowledge(call: Call) -> Reply:
    """+CNMA in text mode and without parameters; in PDU mode 0 and 1 are good, 2 is an error, both may carry a PDU."""
    inbound = call.modem.inbound
    if not inbound.awaiting:
        raise cms(340)
    kind = call.number(0, 0, 0, 2) if call.command.form == "set" else 0
    length = call.number(1, 0, 0, 255) if call.command.form == "set" else 0
    if length:

        def taken(call: Call, payload: bytes) -> Reply:
            inbound.acknowledge(kind != 2)
            return None

        return Prompt(taken)
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
