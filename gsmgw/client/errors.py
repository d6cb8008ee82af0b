"""What a call can raise, and how an answer becomes a value or one of these."""

from __future__ import annotations

import re
from typing import Any

import httpx

#: What Python puts before the system's words.
_NUMBER = re.compile(r"^\[Errno -?\d+\] ")


class ApiError(Exception):
    """The gateway answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code: str = problem.get("code", "http_error")
        self.detail: str = problem.get("detail") or problem.get("title") or f"HTTP {status}"
        super().__init__(self.detail)


class NoDaemon(Exception):
    """Nothing answers where the gateway should be."""

    def __init__(self, where: str, reason: str) -> None:
        self.where = where
        self.reason = _NUMBER.sub("", reason)
        super().__init__(f"no gateway answers at {where}: {self.reason}")


#: What a connection that breaks raises.
LOST = (httpx.TransportError, httpx.StreamError)


def checked(response: httpx.Response) -> Any:
    """The JSON of a good answer; :class:`ApiError` for any other. The body has been read."""
    if response.is_success:
        return response.json() if response.content else None
    try:
        problem = response.json()
    except ValueError:
        problem = {"detail": response.text[:200]}
    raise ApiError(response.status_code, problem if isinstance(problem, dict) else {"detail": str(problem)})
