"""Problems: the stable code of each, with its HTTP status and title (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class ProblemCode(StrEnum):
    """The codes of problems."""

    INVALID_JSON = "invalid_json"
    INVALID_REQUEST = "invalid_request"
    INVALID_NUMBER = "invalid_number"
    INVALID_TEMPLATE = "invalid_template"
    EMPTY_MESSAGE = "empty_message"
    TOO_LONG = "too_long"
    INVALID_FILE = "invalid_file"
    INVALID_SEGMENT = "invalid_segment"
    NOT_ENCODABLE = "not_encodable"
    UNKNOWN_MODEM = "unknown_modem"
    NOT_YOUR_MODEM = "not_your_modem"
    UNKNOWN_POOL = "unknown_pool"
    UNKNOWN_LIST = "unknown_list"
    RECIPIENT_OPTED_OUT = "recipient_opted_out"
    CLIENT_REF_CONFLICT = "client_ref_conflict"
    TARGET_REFUSED = "target_refused"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    WRONG_STATE = "wrong_state"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    TOO_MANY_REQUESTS = "too_many_requests"
    INVALID_CONFIGURATION = "invalid_configuration"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    MODEM_FAILED = "modem_failed"
    REQUEST_TIMEOUT = "request_timeout"
    NO_MESSAGE = "no_message"
    HEADERS_TOO_LARGE = "headers_too_large"
    EVENT_GONE = "event_gone"
    INTERNAL_ERROR = "internal_error"
    BUSY = "busy"
    HTTP_ERROR = "http_error"


class ProblemType(NamedTuple):
    """The properties that all problems with the same code share."""

    status: int
    title: str


#: Each has a row in docs/reference/problems.md and a page below /docs/problems.
PROBLEMS: Mapping[ProblemCode, ProblemType] = {
    ProblemCode.INVALID_JSON: ProblemType(400, "The body is not valid JSON"),
    ProblemCode.INVALID_REQUEST: ProblemType(422, "The request is not valid"),
    ProblemCode.INVALID_NUMBER: ProblemType(422, "The number is not valid"),
    ProblemCode.INVALID_TEMPLATE: ProblemType(422, "The template is not valid"),
    ProblemCode.EMPTY_MESSAGE: ProblemType(422, "The message is empty"),
    ProblemCode.TOO_LONG: ProblemType(422, "The message is too long"),
    ProblemCode.INVALID_FILE: ProblemType(422, "The file cannot be imported"),
    ProblemCode.INVALID_SEGMENT: ProblemType(422, "The segment is not valid"),
    ProblemCode.NOT_ENCODABLE: ProblemType(422, "The text does not fit the requested encoding"),
    ProblemCode.UNKNOWN_MODEM: ProblemType(422, "The modem does not exist"),
    ProblemCode.NOT_YOUR_MODEM: ProblemType(403, "The token is restricted to other modems"),
    ProblemCode.UNKNOWN_POOL: ProblemType(422, "The pool does not exist"),
    ProblemCode.UNKNOWN_LIST: ProblemType(422, "The consent list does not exist"),
    ProblemCode.RECIPIENT_OPTED_OUT: ProblemType(409, "The recipient has opted out"),
    ProblemCode.CLIENT_REF_CONFLICT: ProblemType(409, "The client_ref was used for another message"),
    ProblemCode.TARGET_REFUSED: ProblemType(422, "Webhook target not allowed"),
    ProblemCode.IDEMPOTENCY_CONFLICT: ProblemType(409, "The Idempotency-Key was used for another request"),
    ProblemCode.NOT_FOUND: ProblemType(404, "The resource does not exist"),
    ProblemCode.METHOD_NOT_ALLOWED: ProblemType(405, "Method not allowed"),
    ProblemCode.WRONG_STATE: ProblemType(409, "The current state does not allow it"),
    ProblemCode.UNAUTHORIZED: ProblemType(401, "A valid token is required"),
    ProblemCode.FORBIDDEN: ProblemType(403, "Permission denied"),
    ProblemCode.TOO_LARGE: ProblemType(413, "The request is too large"),
    ProblemCode.UNSUPPORTED_MEDIA_TYPE: ProblemType(415, "The body must be application/json"),
    ProblemCode.TOO_MANY_REQUESTS: ProblemType(429, "Too many requests"),
    ProblemCode.INVALID_CONFIGURATION: ProblemType(409, "The configuration file is not valid"),
    ProblemCode.STORAGE_UNAVAILABLE: ProblemType(503, "Database writes are failing"),
    ProblemCode.MODEM_FAILED: ProblemType(409, "The modem refused the operation"),
    ProblemCode.REQUEST_TIMEOUT: ProblemType(408, "The request did not arrive in time"),
    ProblemCode.NO_MESSAGE: ProblemType(408, "No message arrived in time"),
    ProblemCode.HEADERS_TOO_LARGE: ProblemType(431, "The request headers are too large"),
    ProblemCode.EVENT_GONE: ProblemType(410, "The event is no longer kept"),
    ProblemCode.INTERNAL_ERROR: ProblemType(500, "Internal error"),
    ProblemCode.BUSY: ProblemType(503, "Too many connections"),
    ProblemCode.HTTP_ERROR: ProblemType(400, "The request is not valid HTTP"),
}
