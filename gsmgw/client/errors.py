"""What a call can raise, and how an answer becomes a value or one of these."""

from __future__ import annotations

import re
from typing import Any

import httpx

#: What Python puts before the system's words.
_NUMBER = re.compile(r"^\[Errno -?[0-9]+\] ")


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


class NoAnswer(NoDaemon):
    """The gateway took the request and did not answer in time; what was asked for may have been done."""


#: What a connection that breaks raises.
LOST = (httpx.TransportError, httpx.StreamError)


def checked(response: httpx.Response, where: str) -> Any:
    """The JSON of a good answer; :class:`ApiError` for a problem document. The body has been read.

    Anything else is no answer of a gateway, but of a proxy before it or of another program: :class:`NoDaemon`.
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
    kind = response.headers.get("content-type", "").partition(";")[0] or "no content type"
    raise NoDaemon(where, f"what answers there is no gateway: HTTP {response.status_code}, {kind}")
