"""Checks a submission and turns it into a message: number, route, encoding, segments, validity."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from gsmgw.model import OnUnknown, Outgoing, Purpose
from gsmgw.model.routes import to_modem, to_pool
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound.errors import Refusal
from gsmgw.outbound.principal import Principal
from gsmgw.outbound.queue.router import RouteTable
from gsmgw.outbound.segmenting import plan, split_data
from gsmgw.outbound.submission import Submission
from gsmgw.pdu import MAX_SEGMENTS, Address, PduError
from gsmgw.wire.problems import ProblemCode
from gsmgw.zones import country_of_number

#: TP-VP's longest period (TS 23.040 9.2.3.12.1).
MAX_VALID_FOR_S = 63 * 7 * 86400
#: The longest text that 255 segments can carry: GSM-7, behind a 16-bit concatenation header.
TEXT_LIMIT = 255 * 152
#: The encoding of 8-bit data.
DATA = "data"


@dataclass(frozen=True, slots=True)
class Defaults:
    """Values for what a submission leaves open. ``valid_for_s`` is in seconds."""

    country: str | None
    valid_for_s: int
    report: bool
    on_unknown: OnUnknown
    #: By the name of the client's token.
    on_unknown_of: Mapping[str, OnUnknown] = field(default_factory=dict)


class Validator:
    """Checks submissions against the configuration. Does no I/O."""

    def __init__(self, modems: Callable[[], Collection[str]], table: RouteTable, defaults: Defaults) -> None:
        self._modems = modems
        self._table = table
        self._wants_country = table.wants_country
        self._defaults = defaults

    def message(self, principal: Principal, submission: Submission, now_ms: int) -> Outgoing | Refusal:
        """Return the message, with 0 as its id, or why it is refused."""
        try:
            return self._message(principal, submission, now_ms)
        except Refusal as refusal:
            return refusal

    def _message(self, principal: Principal, submission: Submission, now_ms: int) -> Outgoing:
        defaults = self._defaults
        to = self._recipient(submission)
        _check_characters(submission)
        route = self._route(principal, submission, to)
        valid_for_s = submission.valid_for if submission.valid_for is not None else defaults.valid_for_s
        segments, encoding = _measure(submission)
        if submission.client_ref and "\0" in submission.client_ref:
            raise Refusal(ProblemCode.INVALID_REQUEST, "client_ref", "contains a NUL character")
        if submission.list is not None and submission.purpose is not Purpose.MARKETING:
            raise Refusal(ProblemCode.INVALID_REQUEST, "list", 'needs the purpose "marketing"')
        starts_ms = max(now_ms, submission.send_at_ms or 0)
        on_unknown = submission.on_unknown or defaults.on_unknown_of.get(principal.token, defaults.on_unknown)
        return Outgoing(
            id=0,
            to=to,
            text=submission.text,
            priority=submission.priority,
            segments=segments,
            created_ms=now_ms,
            data=submission.data,
            port=submission.port,
            encoding=encoding,
            message_class=submission.message_class,
            report=defaults.report if submission.report is None else submission.report,
            route=route,
            client=principal.token,
            owner=principal.owner,
            send_at_ms=submission.send_at_ms,
            expires_ms=starts_ms + valid_for_s * 1000,
            client_ref=submission.client_ref,
            tags=submission.tags,
            on_unknown=on_unknown,
            purpose=submission.purpose,
            list=submission.list,
            exempt=submission.exempt,
        )

    def _recipient(self, submission: Submission) -> str:
        try:
            to = parse_recipient(submission.to, self._defaults.country)
            Address.parse_number(to)
        except NumberError as exc:
            raise Refusal(ProblemCode.INVALID_NUMBER, "to", f"{submission.to!r} {exc}") from None
        except PduError as exc:
            raise Refusal(ProblemCode.INVALID_NUMBER, "to", f"{submission.to!r}: {exc.title}") from None
        return to

    def _route(self, principal: Principal, submission: Submission, to: str) -> str:
        """Return the route that the client names, else that of the first rule that matches."""
        if submission.modem is not None:
            if submission.pool is not None:
                raise Refusal(ProblemCode.INVALID_REQUEST, "pool", "a message has either a modem or a pool, not both")
            if submission.modem not in (known := self._modems()):
                raise Refusal(ProblemCode.UNKNOWN_MODEM, "modem", _unknown("modem", submission.modem, known))
            return to_modem(submission.modem)
        if submission.pool is not None:
            pools = self._table.pools or {}
            if submission.pool not in pools:
                raise Refusal(ProblemCode.UNKNOWN_POOL, "pool", _unknown("pool", submission.pool, pools))
            return to_pool(submission.pool)
        country = country_of_number(to) if self._wants_country else None
        return self._table.choose(to, country, submission.tags, principal.token)


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    return f"the {kind} {name!r} does not exist (known: {', '.join(sorted(known)) or 'none'})"


def _measure(submission: Submission) -> tuple[int, str]:
    """Return the number of segments and the encoding."""
    if submission.data is not None:
        return _measure_data(submission)
    if not submission.text:
        raise Refusal(ProblemCode.EMPTY_MESSAGE, "text", "is empty")
    if len(submission.text) > TEXT_LIMIT:
        raise Refusal(
            ProblemCode.TOO_LONG, "text", f"has {len(submission.text)} characters; at most {TEXT_LIMIT} are possible"
        )
    try:
        return _measure_text(submission.text, submission.encoding)
    except PduError as exc:
        code = (
            ProblemCode.NOT_ENCODABLE
            if submission.encoding == "gsm7" and "segments" not in exc.title
            else ProblemCode.TOO_LONG
        )
        raise Refusal(code, "text", exc.title) from None


def _measure_data(submission: Submission) -> tuple[int, str]:
    if submission.text is not None:
        raise Refusal(ProblemCode.INVALID_REQUEST, "data", "a message has either text or data, not both")
    if not submission.data:
        raise Refusal(ProblemCode.EMPTY_MESSAGE, "data", "is empty")
    if submission.port is None and not submission.bare:
        raise Refusal(ProblemCode.INVALID_REQUEST, "port", "is missing: data needs an application port")
    count = len(split_data(submission.data, submission.port))
    if count > MAX_SEGMENTS:
        raise Refusal(ProblemCode.TOO_LONG, "data", f"takes {count} segments; at most {MAX_SEGMENTS} are possible")
    return count, DATA


@lru_cache(maxsize=4096)
def _measure_text(text: str, encoding: str) -> tuple[int, str]:
    planned = plan(text, encoding)
    if planned.segment_count > 1:  # the reference that is free when it leaves may be of either size
        plan(text, encoding, bits=16)
    return planned.segment_count, planned.encoding.value


def _check_characters(submission: Submission) -> None:
    """Refuse half of a surrogate pair: neither the database nor an answer can hold it (RFC 3629 3)."""
    tags = (("tags", tag) for tag in submission.tags)
    for name, value in (("text", submission.text), ("client_ref", submission.client_ref), *tags):
        if value is not None and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as exc:
                detail = f"contains half of a surrogate pair at position {exc.start}"
                raise Refusal(ProblemCode.INVALID_REQUEST, name, detail) from None
