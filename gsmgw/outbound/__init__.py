"""Outbound: from a client's request to a segment at a modem, and what becomes of it."""

from gsmgw.outbound.calendar import SendingTimes, Window
from gsmgw.outbound.explain import Waiting, not_yet
from gsmgw.outbound.intake import SLICE, TEXT_LIMIT, Accepted, Intake, Refusal, Result, Submission
from gsmgw.outbound.pacing import Limits
from gsmgw.outbound.router import RouteTable, Rule, target_of, to_modem, to_pool
from gsmgw.outbound.scheduler import Scheduler

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
    "Waiting",
    "Window",
    "not_yet",
    "target_of",
    "to_modem",
    "to_pool",
]
