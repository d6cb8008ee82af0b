"""Errors in Twilio's form (twilio.com/docs/usage/twilios-response#exceptions)."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Response

from gsmgw.bridges.twilio import words
from gsmgw.errors import StoreError
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem, of_exception
from gsmgw.outbound import ServiceError


class Rejected(Exception):
    """The request is not accepted. ``code`` is Twilio's, ``words`` its message."""

    def __init__(self, code: int, words: str, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.words = words
        self.status = status
        self.headers = dict(headers or {})
        super().__init__(words)


#: The errors that a route of the bridge may raise.
EXPECTED = (Rejected, Problem, ServiceError, StoreError)


def not_found(what: str) -> Rejected:
    """Return the error of a resource that does not exist."""
    return Rejected(words.NOT_FOUND, f"The requested resource {what} was not found", 404)


def error_response(exc: Exception) -> Response:
    """Return the response of an error."""
    if not isinstance(exc, Rejected):
        problem = of_exception(exc)
        code = words.PROBLEM_CODES.get(problem.code, words.BAD_REQUEST)
        exc = Rejected(code, problem.detail, problem.status if problem.status != 422 else 400, problem.headers)
    more_info = f"https://www.twilio.com/docs/errors/{exc.code}"
    body = {"code": exc.code, "message": exc.words, "more_info": more_info, "status": exc.status}
    return JSONResponse(body, exc.status, exc.headers)
