"""Whole messages: the SUBMITs, or DELIVERs, of a planned text."""

from __future__ import annotations

from datetime import datetime

from gsmgw.pdu.address import Address
from gsmgw.pdu.dcs import dcs_octet
from gsmgw.pdu.plan import TextPlan
from gsmgw.pdu.times import build_timestamp
from gsmgw.pdu.tpdu import Deliver, Submit
from gsmgw.pdu.validity import Validity


def submits(
    plan: TextPlan,
    destination: Address,
    *,
    reference: int = 0,
    message_class: int | None = None,
    pid: int = 0,
    validity: Validity | None = None,
    status_report_request: bool = False,
    reply_path: bool = False,
) -> tuple[Submit, ...]:
    """Return the SUBMIT of each segment. ``reference`` is that of concatenation; TP-MR is left to the modem (0)."""
    dcs = dcs_octet(plan.encoding, message_class)
    return tuple(
        Submit(destination, user_data, 0, pid, dcs, validity, False, status_report_request, reply_path)
        for user_data in plan.user_data(reference)
    )


def delivers(
    plan: TextPlan,
    originator: Address,
    timestamp: datetime,
    *,
    reference: int = 0,
    message_class: int | None = None,
    pid: int = 0,
) -> tuple[Deliver, ...]:
    """Return the DELIVER of each segment as a service centre sends them; ``timestamp`` is aware."""
    dcs = dcs_octet(plan.encoding, message_class)
    raw = build_timestamp(timestamp)
    return tuple(Deliver(originator, raw, user_data, pid, dcs) for user_data in plan.user_data(reference))
