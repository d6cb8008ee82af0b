"""Exceptions of the client, and the conversion of answers."""

from __future__ import annotations

import errno
import os
import re
from typing import Any

import httpx

#: Python's prefix before the system's error message.
_NUMBER = re.compile(r"^\[Errno -?[0-9]+\] ")


class ApiError(Exception):
    """The gateway answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code: str = problem.get("code", "http_error")
        self.detail: str = problem.get("detail") or problem.get("title") or f"HTTP {status}"
        super().__init__(self.detail)


class EmptyName(ApiError, ValueError):
    """A name or ID is empty. It cannot be part of an address, and nothing was sent."""

    def __init__(self) -> None:
        detail = "the name or ID must not be empty"
        errors = [{"pointer": "/name", "detail": detail}]
        super().__init__(422, {"status": 422, "code": "invalid_request", "detail": detail, "errors": errors})


class NoDaemon(Exception):
    """The gateway is not reachable."""

    def __init__(self, where: str, reason: str) -> None:
        self.where = where
        self.reason = _NUMBER.sub("", reason)
        super().__init__(f"gateway not reachable at {where}: {self.reason}")

    @property
    def forbidden(self) -> bool:
        """True if the user has no permission to use the socket."""
        return self.reason == os.strerror(errno.EACCES)


class NoAnswer(NoDaemon):
    """The gateway accepted the request but did not answer in time; it may have completed the request."""


#: Exceptions of a lost connection.
LOST = (httpx.TransportError, httpx.StreamError)


def checked(response: httpx.Response, where: str) -> Any:
    """Return the JSON of a successful answer whose body has been read. Raises :class:`ApiError` for a problem document.

    Any other answer comes from a proxy or another program: raises :class:`NoDaemon`.
    """
    if response.is_success and not response.content:
        return None
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.is_success and body is not None:
        return body
    if not response.is_success and isinstance(body, dict) and isinstance(body.get("code"), str):
        raise ApiError(response.status_code, body)
    if response.status_code == 503 and isinstance(body, dict) and body.get("status") == "unavailable":
        return body  # an answer of /health/ready, not a problem
    kind = response.headers.get("content-type", "").partition(";")[0] or "no content type"
    raise NoDaemon(where, f"not a gateway: it answered with HTTP {response.status_code}, {kind}")
