"""Taking messages: the two calls that have to be fast, and the one that only looks. They work on a body's octets.

They are called past FastAPI (``front``), which would cost more than all the rest of a request; the routes of the same
name describe them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from gsmgw.api.context import Context
from gsmgw.api.schemas import BatchIn, MessageIn, is_crowded, look_at_each
from gsmgw.dispatch.bodies import accepted_json, dumped, message_out
from gsmgw.http.identity import Caller
from gsmgw.http.problems import Problem, of_refusal, of_validation
from gsmgw.model import Outgoing, Waiting, format_id
from gsmgw.outbound import SLICE, Accepted, Refusal, Result, Submission, not_yet
from gsmgw.store import idempotency, messages

T = TypeVar("T")
KEY_CHARS = 255
#: What pydantic's parser says of such an escape.
_ESCAPE = "hex escape"
_FORGOTTEN = "the message of the earlier request was deleted"

_message_in = TypeAdapter(MessageIn)
_batch_in = TypeAdapter(BatchIn)
_messages_in = TypeAdapter(list[MessageIn])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call is answered with: JSON, whose pieces are sent as they are, for joined they would be there twice."""

    status: int
    pieces: Sequence[bytes]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """All of it."""
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


async def accept_one(ctx: Context, caller: Caller, raw: bytes, key: str | None) -> Answer:
    """POST /v1/messages"""
    key = _own(caller, key)
    request = routed(caller, _parse(_message_in, raw).request(caller.token, caller.owner))
    async with within_limits(ctx, caller, [request], key) as note:
        accepted = await ctx.intake.accept(request, key)
        note([accepted])
    headers = {"Location": f"/v1/messages/{format_id(accepted.message_id)}"}
    if accepted.replayed:
        headers["Idempotent-Replayed"] = "true"
    (body,) = await _bodies(ctx, [accepted])
    if body is None:
        raise Problem("not_found", _FORGOTTEN)
    return Answer(202, [body], headers)


async def accept_batch(ctx: Context, caller: Caller, raw: bytes, key: str | None) -> Answer:
    """POST /v1/messages/batch"""
    async with ctx.batches:
        return await _accept_many(ctx, caller, raw, _own(caller, key))


async def _accept_many(ctx: Context, caller: Caller, raw: bytes, key: str | None) -> Answer:
    checked = await _requests(caller, raw)
    wanted = [item for item in checked if isinstance(item, Submission)]
    async with within_limits(ctx, caller, wanted, key) as note:
        results = await ctx.intake.accept_many(wanted, key)
        note(results)
    taken = any(isinstance(result, Accepted) and not result.replayed for result in results)
    found = iter(results)
    answers = [item if isinstance(item, Problem) else next(found) for item in checked]
    del checked, wanted, results, found
    pieces = [b'{"data":[']
    known = False
    for at in range(0, len(answers), SLICE):
        portion = answers[at : at + SLICE]
        bodies = await _bodies(ctx, [answer for answer in portion if isinstance(answer, Accepted)])
        known = known or any(body is not None for body in bodies)
        more = b"," if at + SLICE < len(answers) else b"]}"
        pieces.append(b",".join(_entries(portion, at, iter(bodies))) + more)
        await asyncio.sleep(0)
    headers = {"Idempotent-Replayed": "true"} if known and not taken else {}
    return Answer(202, pieces, headers)


def _entries(answers: Sequence[Result | Problem], first: int, bodies: Iterator[bytes | None]) -> Iterator[bytes]:
    """What a batch is answered for some of its messages; ``bodies`` are those of the accepted ones among them."""
    for number, answer in enumerate(answers, first):
        if not isinstance(answer, Accepted):
            yield dumped(_refused(answer, number))
        elif (body := next(bodies)) is None:
            yield dumped({"error": Problem("not_found", _FORGOTTEN).body()})
        elif answer.replayed:
            yield body[:-1] + b',"replayed":true}'
        else:
            yield body


async def look_at_batch(ctx: Context, caller: Caller, raw: bytes) -> Answer:
    """POST /v1/messages/batch/preview"""
    async with ctx.batches:
        data: list[dict[str, Any]] = []
        for number, item in enumerate(await _requests(caller, raw)):
            if number and number % SLICE == 0:
                await asyncio.sleep(0)
            seen = item if isinstance(item, Problem) else ctx.intake.look(item)
            if isinstance(seen, Outgoing):
                data.append({"to": seen.to, "encoding": seen.encoding, "segments": seen.segments})
            else:
                data.append(_refused(seen, number))
        return Answer(200, [dumped({"data": data})])


@asynccontextmanager
async def within_limits(
    ctx: Context, caller: Caller, wanted: Sequence[Submission], key: str | None
) -> AsyncIterator[Callable[[Sequence[Result]], None]]:
    """Count messages against the limits of the caller's token; :class:`Problem` when they are too many.

    What was accepted before does not count. What is yielded is to be told the results: the rest is given back.
    """
    limits = caller.limits
    if limits.per_minute is None and limits.per_day is None:
        yield lambda results: None
        return
    refs = [idempotency.ref_of(request.owner, request.client_ref) for request in wanted if request.client_ref]
    whole = [] if key is None else [f"key:{key}"]
    known = await ctx.store.read(lambda db: idempotency.known_of(db, [*whole, *refs]))
    repeated = not known.isdisjoint(whole)
    count = 0 if repeated else len(wanted) - sum(ref in known for ref in refs)
    quota = await ctx.access.take(caller, count)
    taken = 0

    def note(results: Sequence[Result]) -> None:
        nonlocal taken
        taken = sum(isinstance(result, Accepted) and not result.replayed for result in results)

    try:
        yield note
    finally:
        if quota is not None:
            quota.give_back(count - taken)


def _refused(answer: Problem | Refusal, number: int) -> dict[str, Any]:
    problem = of_refusal(answer, "messages", number) if isinstance(answer, Refusal) else answer
    return {"error": problem.body()}


async def _requests(caller: Caller, raw: bytes) -> list[Submission | Problem]:
    """The messages of a batch. They are read in portions: as pydantic has them, all at once are tens of megabytes, and
    others have a turn in between.
    """
    items = _parse(_batch_in, raw).messages
    checked: list[Submission | Problem] = []
    while items:
        portion = items[:SLICE]
        del items[:SLICE]
        checked += [_request(caller, item, at) for at, item in enumerate(_read(portion, len(checked)), len(checked))]
        await asyncio.sleep(0)
    return checked


def _read(portion: list[Any], first: int) -> Sequence[MessageIn | Problem]:
    try:
        if not any(map(is_crowded, portion)):
            return _messages_in.validate_python(portion)
    except ValidationError:
        pass  # one of them at least; which ones is looked at one by one
    return look_at_each(portion, first)


def _request(caller: Caller, item: MessageIn | Problem, number: int) -> Submission | Problem:
    if isinstance(item, Problem):
        return item
    try:
        return routed(caller, item.request(caller.token, caller.owner))
    except Refusal as exc:
        return of_refusal(exc, "messages", number)


def _parse(adapter: TypeAdapter[T], raw: bytes) -> T:
    """The value of a body; :class:`Problem` says what is wrong with it and where."""
    try:
        return adapter.validate_json(raw)
    except ValidationError as exc:
        found = exc.errors(include_url=False)
    if found[0]["type"] == "json_invalid" and _ESCAPE in str(found[0].get("ctx", {}).get("error")):
        # Half a surrogate pair, what is left of an emoji that was cut: JSON (RFC 8259 8.2), and the fault of one field.
        try:
            return adapter.validate_python(json.loads(raw))
        except ValidationError as exc:
            found = exc.errors(include_url=False)
        except (ValueError, RecursionError):
            pass  # the first parser has said what it is
    raise of_validation([{**error, "loc": ("body", *error["loc"])} for error in found]) from None


def key_of(found: Sequence[str]) -> str | None:
    """The Idempotency-Key of a request, by the headers of that name; :class:`Problem` where it cannot be one."""
    if not found:
        return None
    wrong = None
    if len(found) > 1:
        wrong = f"is there {len(found)} times: which one is meant?"
    elif not 1 <= len(found[0]) <= KEY_CHARS:
        wrong = f"must have 1 to {KEY_CHARS} characters"
    if wrong is not None:
        errors = [{"parameter": "Idempotency-Key", "detail": wrong}]
        raise Problem("invalid_request", f"Idempotency-Key: {wrong}", errors=errors)
    return found[0]


def _own(caller: Caller, key: str | None) -> str | None:
    """A key among those of its token: two clients who number their orders do not know of each other."""
    return None if key is None else idempotency.key_of(caller.owner, key)


def routed(caller: Caller, request: Submission) -> Submission:
    """A request held to the modems and pools of the caller's token: what it names, or the only one there is."""
    modems, pools = caller.limits.modems, caller.limits.pools
    if not modems and not pools:
        return request
    if request.modem is None and request.pool is None:
        if len(modems) + len(pools) == 1:
            return request._replace(modem=next(iter(modems), None), pool=next(iter(pools), None))
        raise Refusal("not_your_modem", "modem", f"the token {caller.token!r} has to name one of {_named(caller)}")
    for field_name, named, allowed in (("modem", request.modem, modems), ("pool", request.pool, pools)):
        if named is not None and named not in allowed:
            detail = f"the token {caller.token!r} sends through {_named(caller)} only"
            raise Refusal("not_your_modem", field_name, detail)
    return request


def _named(caller: Caller) -> str:
    names = [f"modem {name!r}" for name in caller.limits.modems] + [f"pool {name!r}" for name in caller.limits.pools]
    return ", ".join(names)


async def _bodies(ctx: Context, accepted: Sequence[Accepted]) -> list[bytes | None]:
    """The message resources as JSON; those of earlier requests are asked of the database, and may be gone."""
    earlier = [entry.message_id for entry in accepted if entry.message is None]
    records = iter(await ctx.store.read(lambda db: messages.get_messages(db, earlier)) if earlier else ())
    found: list[bytes | None] = []
    cases: dict[tuple[str, bool], Waiting] = {}
    for entry in accepted:
        fresh = entry.message
        if fresh is None:
            record = next(records)
            found.append(None if record is None else dumped(message_out(record, ctx.scheduler.explain(record))))
        elif fresh.send_at_ms is not None and fresh.send_at_ms > fresh.created_ms:
            found.append(accepted_json(fresh, not_yet(fresh.send_at_ms)))
        else:
            found.append(accepted_json(fresh, ctx.scheduler.explain_queued(fresh.route, fresh.to, cases)))
    return found
