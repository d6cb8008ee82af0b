"""Outbound: from a client's request to a segment at a modem, and what becomes of it."""

from gsmgw.outbound.intake import TEXT_LIMIT, Accepted, Intake, Refusal, Request, Result
from gsmgw.outbound.scheduler import Scheduler, Waiting

__all__ = ["TEXT_LIMIT", "Accepted", "Intake", "Refusal", "Request", "Result", "Scheduler", "Waiting"]
