"""Requests to send: a payload becomes messages."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from gsmgw.errors import GsmgwError
from gsmgw.model import Priority
from gsmgw.outbound import Submission

#: Names of the recipient and of the text in the order in which they are looked for.
TO, TEXT = ("to", "number", "target"), ("text", "message")
_OTHERS = ("ref", "modem", "pool", "priority", "flash")
_PRIORITIES = {priority.word: priority for priority in Priority}
#: Recipients of one request; bytes of its payload; characters of a ref.
MAX_RECIPIENTS, MAX_BYTES, MAX_REF = 1000, 65_536, 150

_EXAMPLE = '{"to": "+4915112345678", "text": "..."}'


class BadRequest(GsmgwError):
    """The payload is not a valid request. ``code`` is that of the API for the same."""

    def __init__(self, detail: str, code: str = "invalid_request") -> None:
        self.detail = detail
        self.code = code
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A request: recipients as they were written, and what all messages have in common."""

    to: tuple[str, ...]
    message: Submission
    ref: str | None = None

    def submissions(self, numbers: list[str]) -> list[Submission]:
        """Return a message for each number. Of several, each has the ref and its number as ``client_ref``."""
        one = len(self.to) == len(numbers) == 1
        return [
            self.message._replace(
                to=number, client_ref=None if self.ref is None else self.ref if one else f"{self.ref}:{number}"
            )
            for number in numbers
        ]


def digest_of(topic: str, payload: bytes) -> str:
    """Return what stands for a request without a ref that is delivered again."""
    return hashlib.sha256(topic.encode() + b"\0" + payload).hexdigest()[:24]


def parse_request(payload: bytes) -> SendRequest:
    """Parse ``{"to": ..., "text": ..., "ref": ...}``. Raises :class:`BadRequest`."""
    if len(payload) > MAX_BYTES:
        raise BadRequest(f"the payload has {len(payload)} bytes; at most {MAX_BYTES} are allowed")
    try:
        body = json.loads(payload)
    except ValueError:
        raise BadRequest(
            'the payload is not JSON; write {"to": "+4915112345678", "text": "..."}', "invalid_json"
        ) from None
    except RecursionError:
        raise BadRequest("the payload is nested too deeply", "invalid_json") from None
    if not isinstance(body, dict):
        raise BadRequest(f"the payload must be an object: {_EXAMPLE}")
    _check_names(body)
    ref = _optional(body, "ref")
    if ref is not None and not 0 < len(ref) <= MAX_REF:
        raise BadRequest(f"ref must have 1 to {MAX_REF} characters")
    priority = _optional(body, "priority") or "normal"
    if priority not in _PRIORITIES:
        raise BadRequest(f"priority must be {', '.join(_PRIORITIES)}; it is {priority!r}")
    flash = body.get("flash", False)
    if not isinstance(flash, bool):
        raise BadRequest("flash must be true or false")
    message = Submission(
        to="",
        text=_text(body),
        modem=_optional(body, "modem"),
        pool=_optional(body, "pool"),
        priority=_PRIORITIES[priority],
        message_class=0 if flash else None,
    )
    return SendRequest(_recipients(body), message, ref)


def notification(to: str, payload: bytes) -> SendRequest:
    """Return the request of a notify entity: the payload is the text. Raises :class:`BadRequest`."""
    if len(payload) > MAX_BYTES:
        raise BadRequest(f"the text has {len(payload)} bytes; at most {MAX_BYTES} are allowed")
    try:
        text = payload.decode()
    except UnicodeDecodeError as exc:
        raise BadRequest(f"the text is not valid UTF-8: byte {exc.start + 1}") from None
    if not text.strip():
        raise BadRequest("the text is empty")
    return SendRequest((to,), Submission(to="", text=text))


def _check_names(body: Mapping[str, object]) -> None:
    known = (*TO, *TEXT, *_OTHERS)
    for name in body:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            raise BadRequest(f"{name[:40]!r} is not a known field{hint}")
    for names in (TO, TEXT):
        given = [name for name in names if body.get(name) is not None]
        if len(given) > 1:
            raise BadRequest(f"{given[0]} and {given[1]} mean the same; write one of them")
        if not given:
            raise BadRequest(f"{names[0]} is missing")


def _recipients(body: Mapping[str, object]) -> tuple[str, ...]:
    name, value = next((name, body[name]) for name in TO if body.get(name) is not None)
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) and each.strip() for each in found):
        raise BadRequest(f"{name} must be a phone number or a name as a text, or a list of them")
    if not 0 < len(found) <= MAX_RECIPIENTS:
        raise BadRequest(f"{name} must have 1 to {MAX_RECIPIENTS} recipients")
    return tuple(dict.fromkeys(str(each).strip() for each in found))


def _text(body: Mapping[str, object]) -> str:
    name, value = next((name, body[name]) for name in TEXT if body.get(name) is not None)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{name} must be a text that is not empty")
    return value


def _optional(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name} must be a text")
    return value
