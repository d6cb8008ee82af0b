"""The SMS codec: text and addresses to PDUs and back, after TS 23.040, TS 23.038 and TS 27.005. Pure: no I/O, no clock.

A received PDU::

    pdu = parse_pdu("07912143658709F1040B918100551512F20000111010214365000AE8329BFD4697D9EC37")
    pdu.tpdu.originator.number, pdu.tpdu.text

A text to send::

    plan = plan_text("Grüße")
    for submit in submits(plan, Address.parse_number("+4915112345678")):
        build_pdu(submit)
"""

from __future__ import annotations

from gsmgw.pdu.address import Address
from gsmgw.pdu.alphabet import Alphabet
from gsmgw.pdu.build import build_tpdu
from gsmgw.pdu.dcs import DCS, Dcs, Indication, dcs_octet
from gsmgw.pdu.envelope import Pdu, build_pdu, cmgs_length, from_hex, parse_pdu
from gsmgw.pdu.errors import PduError
from gsmgw.pdu.findings import Finding
from gsmgw.pdu.header import Concat, Element, Ports
from gsmgw.pdu.messages import delivers, submits
from gsmgw.pdu.parse import Rp, parse_tpdu
from gsmgw.pdu.plan import MAX_SEGMENTS, TextPlan, missing, plan_text
from gsmgw.pdu.status import StatusMeaning, status_meaning
from gsmgw.pdu.times import build_timestamp, parse_timestamp
from gsmgw.pdu.tpdu import Command, Deliver, DeliverReport, StatusReport, Submit, SubmitReport, Tpdu
from gsmgw.pdu.userdata import UserData, join_data, join_text
from gsmgw.pdu.validity import AbsoluteValidity, EnhancedValidity, RelativeValidity, Validity

__all__ = [
    "DCS",
    "MAX_SEGMENTS",
    "AbsoluteValidity",
    "Address",
    "Alphabet",
    "Command",
    "Concat",
    "Dcs",
    "Deliver",
    "DeliverReport",
    "Element",
    "EnhancedValidity",
    "Finding",
    "Indication",
    "Pdu",
    "PduError",
    "Ports",
    "RelativeValidity",
    "Rp",
    "StatusMeaning",
    "StatusReport",
    "Submit",
    "SubmitReport",
    "TextPlan",
    "Tpdu",
    "UserData",
    "Validity",
    "build_pdu",
    "build_timestamp",
    "build_tpdu",
    "cmgs_length",
    "dcs_octet",
    "delivers",
    "from_hex",
    "join_data",
    "join_text",
    "missing",
    "parse_pdu",
    "parse_timestamp",
    "parse_tpdu",
    "plan_text",
    "status_meaning",
    "submits",
]
