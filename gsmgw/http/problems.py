"""Errors as ``application/problem+json`` (RFC 9457), each with a stable code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from gsmgw.errors import StoreError
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.validation_messages import in_words
from gsmgw.outbound import QuotaExceeded, Refusal, ServiceError
from gsmgw.wire.problems import PROBLEMS, ProblemCode

_BY_HTTP_STATUS = {
    400: ProblemCode.INVALID_JSON,  # FastAPI's, for a body that cannot be parsed
    401: ProblemCode.UNAUTHORIZED,
    403: ProblemCode.FORBIDDEN,
    404: ProblemCode.NOT_FOUND,
    405: ProblemCode.METHOD_NOT_ALLOWED,
    413: ProblemCode.TOO_LARGE,
    415: ProblemCode.UNSUPPORTED_MEDIA_TYPE,
}


#: Errors that are reported in one response.
MAX_ERRORS = 100


class Problem(Exception):
    """An error response. ``errors`` names each bad field by a JSON pointer (RFC 6901)."""

    def __init__(
        self,
        code: ProblemCode,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str | int]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        super().__init__(detail)

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return PROBLEMS[self.code].status

    def body(self) -> dict[str, Any]:
        """Return the problem document."""
        status, title = PROBLEMS[self.code]
        body: dict[str, Any] = {
            "type": f"/docs/problems/{self.code}",
            "title": title,
            "status": status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors
        return body

    def response(self) -> JSONResponse:
        """Return the response."""
        return JSONResponse(self.body(), self.status, headers=self.headers, media_type="application/problem+json")


def pointer(*parts: object) -> str:
    """Return a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def of_refusal(refusal: Refusal, *prefix: object) -> Problem:
    """Return a refused message as a problem. ``prefix`` begins its pointer; a field may be a path with dots."""
    error = {"pointer": pointer(*prefix, *refusal.field.split(".")), "detail": refusal.detail}
    return Problem(refusal.code, f"{refusal.field}: {refusal.detail}", errors=[error])


def of_validation(found: Sequence[Any], body: object = None) -> Problem:
    """Return the problem for a body or a query that does not fit its schema, from pydantic's errors."""
    errors: list[dict[str, str]] = []
    for error in found:
        where, *path = error["loc"]
        if error["type"] == "json_invalid":
            where_in_it = f" at position {path[0]}" if path else ""
            detail = str(error.get("ctx", {}).get("error", "cannot be parsed")).removesuffix(" at")
            return Problem(ProblemCode.INVALID_JSON, detail + where_in_it)
        message = in_words(error)
        if where == "body":
            errors.append({"pointer": pointer(*_without_kinds(path, body)), "detail": message})
        else:
            errors.append({"parameter": str(path[0]) if path else str(where), "detail": message})
    first = errors[0] if errors else {"detail": "is not valid"}
    named = (first.get("pointer", "").lstrip("/") or first.get("parameter") or "body").replace("/", ".")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Problem(ProblemCode.INVALID_REQUEST, f"{named}: {first['detail']}{more}", errors=errors[:MAX_ERRORS])


def _without_kinds(path: Sequence[object], body: object) -> Iterator[object]:
    """Yield the parts of a path that the body has. Pydantic puts the kind of an object behind its place."""
    at: Any = body
    skipped: Any = None
    for part in path:
        if isinstance(at, dict) and at is not skipped and part not in at and at.get("kind") == part:
            skipped = at
            continue
        yield part
        has = (isinstance(at, dict) and part in at) or (
            isinstance(at, list) and isinstance(part, int) and part < len(at)
        )
        at = at[part] if has else None


def of_exception(exc: Exception) -> Problem:
    """Return the problem for an exception. An unexpected one is not shown to the client."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, Refusal):
        return of_refusal(exc)
    if isinstance(exc, QuotaExceeded):
        return Problem(exc.code, exc.detail, headers={"Retry-After": f"{exc.retry_after_s}"})
    if isinstance(exc, ServiceError):
        return Problem(exc.code, exc.detail, errors=exc.errors[:MAX_ERRORS])
    if isinstance(exc, StoreError):
        return Problem(ProblemCode.STORAGE_UNAVAILABLE, str(exc), headers={"Retry-After": "5"})
    if isinstance(exc, RequestValidationError):
        return of_validation(exc.errors(), exc.body)
    return Problem(ProblemCode.INTERNAL_ERROR, "an error in gsmgw; its log has the details")


def install(app: FastAPI, methods_at: Callable[[str], Sequence[str]]) -> None:
    """Answer every error of the application with a problem document. ``methods_at`` returns the methods of a path."""

    async def answer(_: Request, exc: Exception) -> Response:
        return of_exception(exc).response()

    for kind in (Problem, ServiceError, StoreError, RequestValidationError, Exception):
        app.add_exception_handler(kind, answer)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, exc: HTTPException) -> JSONResponse:
        code = _BY_HTTP_STATUS.get(exc.status_code, ProblemCode.HTTP_ERROR)
        path = request.scope["path"]
        detail = str(exc.detail)
        headers = dict(exc.headers or {})
        if code == ProblemCode.NOT_FOUND:
            near = path.rstrip("/")
            meant = f"; did you mean {near}?" if near != path and methods_at(near) else ""
            detail = f"the path {path} does not exist{meant}"
        elif code == ProblemCode.METHOD_NOT_ALLOWED and (methods := methods_at(path)):
            headers["Allow"] = ", ".join(methods)
            detail = f"{request.method} is not allowed at {path}; allowed are {headers['Allow']}"
        elif code == ProblemCode.INVALID_JSON:
            detail = "the body cannot be parsed: it is nested too deeply, or a number in it is too long"
        return Problem(code, detail, headers=headers).response()
