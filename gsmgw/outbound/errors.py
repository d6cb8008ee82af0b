"""Errors of the message service. Each has a stable ``code`` and says in ``detail`` what is wrong.

They know nothing of HTTP: the API and every bridge translate them into their own protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gsmgw.errors import GsmgwError
from gsmgw.model import format_id
from gsmgw.wire.problems import ProblemCode


class ServiceError(GsmgwError):
    """The message service does not carry out a request."""

    code: ProblemCode
    #: Single errors with their places: ``pointer``, or ``line`` and ``column`` of a file, and ``detail``.
    errors: Sequence[Mapping[str, str | int]] = ()

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class Refusal(ServiceError):
    """A message is not accepted because of one of its fields."""

    def __init__(self, code: ProblemCode, field: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}"


class Forbidden(ServiceError):
    """The caller may not do it."""

    code = ProblemCode.FORBIDDEN


class RouteForbidden(ServiceError):
    """The caller may not send through the modems of the message."""

    code = ProblemCode.NOT_YOUR_MODEM


class MessageNotFound(ServiceError):
    """The message does not exist, or the caller may not see it."""

    code = ProblemCode.NOT_FOUND

    def __init__(self, message_id: int) -> None:
        super().__init__(f"the message {format_id(message_id)!r} does not exist")


class WrongState(ServiceError):
    """The state of the message does not allow it."""

    code = ProblemCode.WRONG_STATE


class QuotaExceeded(ServiceError):
    """The caller sends more texts than its token allows."""

    code = ProblemCode.TOO_MANY_REQUESTS

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class IdempotencyConflict(ServiceError):
    """The Idempotency-Key was used before for another request."""

    code = ProblemCode.IDEMPOTENCY_CONFLICT

    def __init__(self, key: str) -> None:
        super().__init__(f"{key!r} was used before for another request")
