"""POST /v1/messages, /batch and /batch/preview: from the bytes of a body to the bytes of a response.

They are called without FastAPI (``fast_path``), which would cost more than the rest of the request. The routes of the
same name describe them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from gsmgw.api.context import Context
from gsmgw.api.message_bodies import BatchIn, MessageIn, is_crowded, look_at_each
from gsmgw.http.problems import Problem, of_refusal, of_validation
from gsmgw.model import Outgoing, format_id
from gsmgw.model.questions import Ask
from gsmgw.model.routes import target_of
from gsmgw.outbound import SLICE, Accepted, Principal, Refusal, Submission
from gsmgw.prices import MICRO, Prices
from gsmgw.store import messages
from gsmgw.wire import resources
from gsmgw.wire.encoding import dumped
from gsmgw.wire.messages import accepted_json, message_resource
from gsmgw.wire.problems import ProblemCode
from gsmgw.zones import country_of_number

T = TypeVar("T")
R = TypeVar("R")
KEY_CHARS = 255
#: Words of pydantic's parser about an escape that is half of a surrogate pair.
_ESCAPE = "hex escape"
_DELETED = "the message of the earlier request was deleted"

_message_in = TypeAdapter(MessageIn)
_batch_in = TypeAdapter(BatchIn)
_messages_in = TypeAdapter(list[MessageIn])


@dataclass(frozen=True, slots=True)
class SubmitResponse:
    """A response in JSON. Its pieces are sent as they are: joined, they would be in memory twice."""

    status: int
    pieces: Sequence[bytes]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.pieces)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items()]
        size = sum(map(len, self.pieces))
        headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % size)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        *others, last = self.pieces
        for piece in others:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": last})


#: A call of this module.
Call = Callable[[Context, Principal, bytes, str | None], Awaitable[SubmitResponse]]


async def submit_one(ctx: Context, principal: Principal, raw: bytes, key: str | None) -> SubmitResponse:
    """POST /v1/messages"""
    submission = _parse(_message_in, raw).submission()
    if submission.ask is not None:
        await ctx.questions.check(submission.ask, principal)
    accepted = await ctx.service.submit(principal, submission, key)
    headers = {"Location": f"/v1/messages/{format_id(accepted.message_id)}"}
    if accepted.replayed:
        headers["Idempotent-Replayed"] = "true"
    (body,) = await _bodies(ctx, [accepted])
    if body is None:
        raise Problem(ProblemCode.NOT_FOUND, _DELETED)
    return SubmitResponse(202, [body], headers)


async def submit_batch(ctx: Context, principal: Principal, raw: bytes, key: str | None) -> SubmitResponse:
    """POST /v1/messages/batch"""
    async with ctx.batches:
        checked = await _with_good_asks(ctx, principal, await _read_batch(raw))
        results = await ctx.service.submit_batch(principal, _good(checked), key)
        taken = any(isinstance(result, Accepted) and not result.replayed for result in results)
        answers = _merged(checked, results)
        del checked, results
        pieces, known = await _batch_pieces(ctx, answers)
    headers = {"Idempotent-Replayed": "true"} if known and not taken else {}
    return SubmitResponse(202, pieces, headers)


async def preview_batch(ctx: Context, principal: Principal, raw: bytes) -> SubmitResponse:
    """POST /v1/messages/batch/preview"""
    async with ctx.batches:
        checked = await _read_batch(raw)
        previews = await ctx.service.preview_batch(principal, _good(checked))
        prices = ctx.prices()
        data = [
            _seen(ctx, prices, each) if isinstance(each, Outgoing) else _refused(each, number)
            for number, each in enumerate(_merged(checked, previews))
        ]
        return SubmitResponse(200, [dumped({"data": data})])


def _seen(ctx: Context, prices: Prices, message: Outgoing) -> resources.SeenMessage:
    micro = prices.of_segment(country_of_number(message.to), target_of(message.route)[0])
    return {
        "to": message.to,
        "encoding": message.encoding,
        "segments": message.segments,
        "cost": None if micro is None else micro * message.segments / MICRO,
        "currency": ctx.currency(),
    }


async def _read_batch(raw: bytes) -> list[Submission | Problem]:
    """Return the messages of a batch, or what is wrong with each.

    They are read in slices: all at once they would take tens of megabytes, and other tasks run in between.
    """
    items = _parse(_batch_in, raw).messages
    checked: list[Submission | Problem] = []
    while items:
        part = items[:SLICE]
        del items[:SLICE]
        checked += [
            each if isinstance(each, Problem) else each.submission() for each in _read_slice(part, len(checked))
        ]
        await asyncio.sleep(0)
    return checked


async def _with_good_asks(
    ctx: Context, principal: Principal, checked: list[Submission | Problem]
) -> list[Submission | Problem]:
    """Return the messages with a problem in place of those whose question is not valid."""
    known: dict[Ask, Refusal | None] = {}
    for number, each in enumerate(checked):
        if isinstance(each, Problem) or each.ask is None:
            continue
        if each.ask not in known:
            try:
                await ctx.questions.check(each.ask, principal)
                known[each.ask] = None
            except Refusal as exc:
                known[each.ask] = exc
        refusal = known[each.ask]
        if refusal is not None:
            checked[number] = of_refusal(refusal, "messages", number)
    return checked


def _read_slice(items: list[Any], first: int) -> Sequence[MessageIn | Problem]:
    try:
        if not any(map(is_crowded, items)):
            return _messages_in.validate_python(items)
    except ValidationError:
        pass  # at least one of them is not valid; find out which, one by one
    return look_at_each(items, first)


def _good(checked: Sequence[Submission | Problem]) -> list[Submission]:
    return [each for each in checked if isinstance(each, Submission)]


def _merged(checked: Sequence[Submission | Problem], results: Sequence[R]) -> list[R | Problem]:
    """Return the results in the order of the batch, with the problems of the other messages between them."""
    found = iter(results)
    return [each if isinstance(each, Problem) else next(found) for each in checked]


async def _batch_pieces(ctx: Context, answers: Sequence[Accepted | Refusal | Problem]) -> tuple[list[bytes], bool]:
    """Return the body of a batch in pieces, and whether it has any message."""
    pieces = [b'{"data":[']
    known = False
    for at in range(0, len(answers), SLICE):
        part = answers[at : at + SLICE]
        bodies = await _bodies(ctx, [answer for answer in part if isinstance(answer, Accepted)])
        known = known or any(body is not None for body in bodies)
        more = b"," if at + SLICE < len(answers) else b"]}"
        pieces.append(b",".join(_entries(part, at, iter(bodies))) + more)
        await asyncio.sleep(0)
    return pieces, known


def _entries(
    answers: Sequence[Accepted | Refusal | Problem], first: int, bodies: Iterator[bytes | None]
) -> Iterator[bytes]:
    """Return the entries of a batch's response. ``bodies`` are those of the accepted messages among them."""
    for number, answer in enumerate(answers, first):
        if not isinstance(answer, Accepted):
            yield dumped(_refused(answer, number))
        elif (body := next(bodies)) is None:
            yield dumped({"error": Problem(ProblemCode.NOT_FOUND, _DELETED).body()})
        elif answer.replayed:
            yield body[:-1] + b',"replayed":true}'
        else:
            yield body


def _refused(answer: Problem | Refusal, number: int) -> dict[str, Any]:
    problem = of_refusal(answer, "messages", number) if isinstance(answer, Refusal) else answer
    return {"error": problem.body()}


async def _bodies(ctx: Context, accepted: Sequence[Accepted]) -> list[bytes | None]:
    """Return the message resources as JSON. Those of earlier requests are read, and are None if they were deleted."""
    earlier = [entry.message_id for entry in accepted if entry.message is None]
    records = iter(await ctx.store.read(lambda db: messages.get_messages(db, earlier)) if earlier else ())
    waiting = iter(ctx.service.explain_all([entry.message for entry in accepted if entry.message is not None]))
    found: list[bytes | None] = []
    for entry in accepted:
        if entry.message is not None:
            found.append(accepted_json(entry.message, next(waiting)))
        else:
            record = next(records)
            found.append(None if record is None else dumped(message_resource(record, ctx.service.explain(record))))
    return found


def _parse(adapter: TypeAdapter[T], raw: bytes) -> T:
    """Return the value of a body. Raises :class:`Problem`, which says what is wrong and where."""
    try:
        return adapter.validate_json(raw)
    except ValidationError as exc:
        found = exc.errors(include_url=False)
    if found[0]["type"] == "json_invalid" and _ESCAPE in str(found[0].get("ctx", {}).get("error")):
        # Half of a surrogate pair, for example a cut emoji, is valid JSON (RFC 8259 8.2) and the fault of one field.
        try:
            return adapter.validate_python(json.loads(raw))
        except ValidationError as exc:
            found = exc.errors(include_url=False)
        except (ValueError, RecursionError):
            pass  # the first parser has said what is wrong
    raise of_validation([{**error, "loc": ("body", *error["loc"])} for error in found]) from None


def key_of(found: Sequence[str]) -> str | None:
    """Return the Idempotency-Key among the headers of that name. Raises :class:`Problem` if it is not valid."""
    if not found:
        return None
    wrong = None
    if len(found) > 1:
        wrong = f"is given {len(found)} times; give it once"
    elif not 1 <= len(found[0]) <= KEY_CHARS:
        wrong = f"must have 1 to {KEY_CHARS} characters"
    if wrong is not None:
        errors = [{"parameter": "Idempotency-Key", "detail": wrong}]
        raise Problem(ProblemCode.INVALID_REQUEST, f"Idempotency-Key: {wrong}", errors=errors)
    return found[0]
