"""``GET`` and ``POST /cgi-bin/sendsms``. ``username`` and ``password`` are the name and the secret of a token."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request, Response

from gsmgw.bridges.callbacks import CallbackRequest, submit
from gsmgw.bridges.context import BridgeContext
from gsmgw.bridges.credentials import authenticate
from gsmgw.bridges.kannel.dialect import DLR_BITS
from gsmgw.bridges.kannel.fields import Fields, Rejected
from gsmgw.bridges.values import MAX_RECIPIENTS, valid_for, with_plus
from gsmgw.errors import StoreError
from gsmgw.http.problems import Problem, of_exception
from gsmgw.http.routes import Router
from gsmgw.model import Priority
from gsmgw.outbound import Refusal, Result, ServiceError, Submission
from gsmgw.wire.problems import ProblemCode

ACCEPTED = "0: Accepted for delivery"
QUEUED = "3: Queued for later delivery"
#: Parameters that change the message on the air and that have no counterpart here.
_UNSUPPORTED = ("udh", "mwi", "pid", "alt-dcs", "altdcs", "rpi", "compress", "binfo", "meta-data")
#: Those of them for which 0 means the same as leaving them out.
_NEUTRAL_ZERO = frozenset({"pid", "alt-dcs", "altdcs", "rpi", "compress"})
_MINUTE_S = 60
#: How far ahead a message may be deferred: 100 years.
_LONGEST_MIN = 100 * 366 * 24 * 60
#: Bits of ``dlr-mask`` that ask for a delivery report of the network: delivered, undelivered.
_REPORT_BITS = 3


class KannelRoutes:
    """The routes of the bridge."""

    def __init__(self, ctx: BridgeContext) -> None:
        self._ctx = ctx
        self.router = Router(in_schema=False)
        self.router.add("/cgi-bin/sendsms", self.sendsms, "GET", "POST")

    async def sendsms(self, request: Request) -> Response:
        """Submit a message to one recipient or to several, separated by spaces."""
        fields = Fields(request.scope["query_string"], await request.body() if request.method == "POST" else b"")
        try:
            name, secret = fields.get("username", "user"), fields.get("password", "pass")
            caller = await authenticate(self._ctx, request, name, secret, "send")
            submissions = _submissions(self._ctx, fields)
            results = await submit(self._ctx, caller, submissions, _callback(fields))
        except Rejected as exc:
            return _response(exc.words, exc.status)
        except (Problem, ServiceError, StoreError) as exc:
            return _failure(of_exception(exc))
        return _success(submissions, results)


def _success(submissions: list[Submission], results: list[Result]) -> Response:
    refused = [result for result in results if isinstance(result, Refusal)]
    if len(refused) == len(results):
        return _response(f"{refused[0]}, rejected", 400)
    words = QUEUED if submissions[0].send_at_ms is not None else ACCEPTED
    if refused:
        both = zip(submissions, results, strict=True)
        bad = " ".join(submission.to for submission, result in both if isinstance(result, Refusal))
        words += f"\nIncorrect receiver(s): {bad}"
    return _response(words, 202)


def _failure(problem: Problem) -> Response:
    if problem.code in (ProblemCode.UNAUTHORIZED, ProblemCode.FORBIDDEN):
        return _response("Authorization failed for sendsms", 403)
    if problem.code == ProblemCode.TOO_MANY_REQUESTS:
        return _response("Throttled, try again later.", 503, problem.headers)
    if problem.code == ProblemCode.STORAGE_UNAVAILABLE:
        return _response("Temporal failure, try again later.", 503)
    return _response(f"{problem.detail}, rejected", 400)


def _response(words: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(words, status, headers, "text/plain; charset=utf-8")


def _submissions(ctx: BridgeContext, fields: Fields) -> list[Submission]:
    recipients = fields.get("to").split()
    if not recipients:
        raise Rejected("Missing receiver number, rejected")
    if len(recipients) > MAX_RECIPIENTS:
        raise Rejected(f"More than {MAX_RECIPIENTS} receivers, rejected")
    for name in _UNSUPPORTED:
        if fields.get(name) and not (name in _NEUTRAL_ZERO and fields.get(name) == "0"):
            raise Rejected(f"{name} is not supported, rejected")
    coding = fields.number("coding")
    if coding not in (None, 0, 2):
        raise Rejected("coding must be 0 (7 bits) or 2 (UCS-2), rejected")
    text = fields.text("text", fields.get("charset"), "UTF-16BE" if coding == 2 else "UTF-8")
    if not text:
        raise Rejected("Empty text not allowed, rejected")
    deferred, validity, modem = fields.number("deferred"), fields.number("validity"), fields.get("smsc")
    if deferred is not None and deferred > _LONGEST_MIN:
        raise Rejected("deferred is too far ahead, rejected")
    message = Submission(
        to="",
        text=text,
        modem=modem if modem in ctx.modems else None,
        priority=_priority(fields),
        send_at_ms=ctx.clock.wall_ms() + deferred * _MINUTE_S * 1000 if deferred else None,
        valid_for=valid_for(validity * _MINUTE_S) if validity else None,
        report=bool(_mask(fields) & _REPORT_BITS) or None,
        encoding="ucs2" if coding == 2 else "auto",
        message_class=_message_class(fields),
    )
    return [message._replace(to=with_plus(to)) for to in recipients]


def _priority(fields: Fields) -> Priority:
    priority = fields.number("priority")
    if priority is not None and priority > 3:
        raise Rejected("priority must be 0 to 3, rejected")
    return Priority.URGENT if priority is not None and priority >= 2 else Priority.NORMAL


def _message_class(fields: Fields) -> int | None:
    message_class = fields.number("mclass")
    if message_class is not None and message_class > 3:
        raise Rejected("mclass must be 0 to 3, rejected")
    if message_class is None and fields.number("flash"):  # the older name
        return 0
    return message_class


def _mask(fields: Fields) -> int:
    return fields.number("dlr-mask", "dlrmask") or 0


def _callback(fields: Fields) -> CallbackRequest | None:
    mask, url = _mask(fields), fields.get("dlr-url", "dlrurl")
    if not url or not any(bit & mask for bit in DLR_BITS.values()):
        return None
    return CallbackRequest("kannel", url, tuple(DLR_BITS), mask)
