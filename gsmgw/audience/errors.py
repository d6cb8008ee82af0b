"""Errors of contacts, groups, fields and segments."""

from __future__ import annotations

from gsmgw.outbound.errors import ServiceError
from gsmgw.wire.problems import ProblemCode


class NotFound(ServiceError):
    """A contact, a group, a field or an import does not exist."""

    code = ProblemCode.NOT_FOUND


class Conflict(ServiceError):
    """The current state does not allow it: a number or a name is taken, or a field has values."""

    code = ProblemCode.WRONG_STATE
