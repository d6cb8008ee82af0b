"""Outbound: from a client's request to a segment at a modem, and what becomes of it."""

from gsmgw.outbound.intake import SLICE, TEXT_LIMIT, Accepted, Intake, Refusal, Result, Submission
from gsmgw.outbound.limits.rate_limit import Limits
from gsmgw.outbound.limits.sending_hours import SendingTimes, Window
from gsmgw.outbound.queue.router import RouteTable, Rule
from gsmgw.outbound.queue.scheduler import Scheduler
from gsmgw.outbound.queue.wait_reason import not_yet

__all__ = [
    "SLICE",
    "TEXT_LIMIT",
    "Accepted",
    "Intake",
    "Limits",
    "Refusal",
    "Result",
    "RouteTable",
    "Rule",
    "Scheduler",
    "SendingTimes",
    "Submission",
    "Window",
    "not_yet",
]
