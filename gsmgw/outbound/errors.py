"""Errors of the message service. Each has a stable ``code`` and says in ``detail`` what is wrong.

They know nothing of HTTP: the API and every bridge translate them into their own protocol.
"""

from __future__ import annotations

from gsmgw.errors import GsmgwError
from gsmgw.model import format_id


class ServiceError(GsmgwError):
    """The message service does not carry out a request."""

    code: str

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class Refusal(ServiceError):
    """A message is not accepted because of one of its fields."""

    def __init__(self, code: str, field: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}"


class Forbidden(ServiceError):
    """The caller may not do it."""

    code = "forbidden"


class RouteForbidden(ServiceError):
    """The caller may not send through the modems of the message."""

    code = "not_your_modem"


class MessageNotFound(ServiceError):
    """The message does not exist, or the caller may not see it."""

    code = "not_found"

    def __init__(self, message_id: int) -> None:
        super().__init__(f"the message {format_id(message_id)!r} does not exist")


class WrongState(ServiceError):
    """The state of the message does not allow it."""

    code = "wrong_state"


class QuotaExceeded(ServiceError):
    """The caller sends more texts than its token allows."""

    code = "too_many_requests"

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class IdempotencyConflict(ServiceError):
    """The Idempotency-Key was used before for another request."""

    code = "idempotency_conflict"

    def __init__(self, key: str) -> None:
        super().__init__(f"{key!r} was used before for another request")
