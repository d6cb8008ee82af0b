"""Outbound: from a client's request to a segment at a modem, and what becomes of it."""

from gsmgw.outbound.errors import (
    Forbidden,
    IdempotencyConflict,
    MessageNotFound,
    QuotaExceeded,
    Refusal,
    RouteForbidden,
    ServiceError,
    WrongState,
)
from gsmgw.outbound.limits.capacity import Allowance
from gsmgw.outbound.limits.rate_limit import Limits
from gsmgw.outbound.limits.sending_hours import SendingTimes, Window
from gsmgw.outbound.permissions import require_modem
from gsmgw.outbound.principal import Principal, credential_of_session, owner_of_user, principal_of_token
from gsmgw.outbound.queue.router import RouteTable, Rule
from gsmgw.outbound.queue.scheduler import Scheduler
from gsmgw.outbound.service import SLICE, MessageService
from gsmgw.outbound.submission import Accepted, Result, Submission
from gsmgw.outbound.validation import TEXT_LIMIT, Defaults

__all__ = [
    "SLICE",
    "TEXT_LIMIT",
    "Accepted",
    "Allowance",
    "Defaults",
    "Forbidden",
    "IdempotencyConflict",
    "Limits",
    "MessageNotFound",
    "MessageService",
    "Principal",
    "QuotaExceeded",
    "Refusal",
    "Result",
    "RouteForbidden",
    "RouteTable",
    "Rule",
    "Scheduler",
    "SendingTimes",
    "ServiceError",
    "Submission",
    "Window",
    "WrongState",
    "credential_of_session",
    "owner_of_user",
    "principal_of_token",
    "require_modem",
]
