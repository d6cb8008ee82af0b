"""/v1/optouts, /v1/suspects, /v1/consent and /v1/lists"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Literal, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import Field

from gsmgw.api.access.audit_log import audit_detail
from gsmgw.api.body import Body
from gsmgw.api.dependencies import Caller, Ctx
from gsmgw.api.fields import Flag, Limit, Spelling, Text, cursor_of
from gsmgw.api.openapi import problems
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.audience.consent.desk import ConsentError
from gsmgw.http.json_response import JSONResponse, page_response
from gsmgw.http.problems import Problem, pointer
from gsmgw.http.routes import Router
from gsmgw.model import EVERYTHING, ConsentState, format_id
from gsmgw.store.consent_lists import ConsentList
from gsmgw.store.consent_reads import OptOut, Person, Suspicion
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.problems import ProblemCode

T = TypeVar("T")
#: Numbers in one request of an import.
IMPORT_LIMIT = 10_000


async def _unrestricted(caller: Caller) -> None:
    """Consent belongs to numbers, not to modems: a restricted token neither sees nor changes it."""
    caller.require_unrestricted()


def _router(prefix: str) -> Router:
    return api_router(prefix, Depends(_unrestricted))


optouts, suspects, consent, lists = map(_router, ("/v1/optouts", "/v1/suspects", "/v1/consent", "/v1/lists"))

ListName = Annotated[
    str,
    Field(description='"*" is everything'),
    Spelling(
        r"^(\*|[A-Za-z0-9][A-Za-z0-9_.-]{0,62})$",
        'must be "*", or have 1 to 63 letters of A to Z, digits and _ . -, and begin with a letter or digit',
    ),
]
Reason = Annotated[Text, Field(min_length=1, max_length=500, description="Why, for the trail of the number")]
Number = Annotated[Text, Field(min_length=1, max_length=64)]


class OptOutQuery(QueryModel):
    """Query parameters of the opt-outs."""

    list: ListName | None = None
    limit: Limit = 50
    cursor: str | None = None


class SuspectQuery(QueryModel):
    """Query parameters of the suspects."""

    limit: Limit = 50
    cursor: str | None = None


class RemovalQuery(QueryModel):
    """Query parameters of the end of an opt-out."""

    list: ListName = EVERYTHING
    reason: Reason | None = None


class OptOutIn(Body):
    """An opt-out by hand."""

    number: Number
    list: ListName = EVERYTHING
    reason: Reason | None = None


class OptOutsIn(Body):
    """Opt-outs from elsewhere."""

    numbers: list[Number] = Field(min_length=1, max_length=IMPORT_LIMIT)
    list_name: ListName = Field(EVERYTHING, alias="list")
    reason: Reason | None = None
    dry_run: Flag = Field(False, description="Check the numbers and change nothing")


class DecisionIn(Body):
    """The decision about a suspect."""

    decision: Literal["opt_out", "dismiss"]
    reason: Reason | None = None


Language = Annotated[str, Spelling(r"^[a-z]{2}$", "is not a language; write two letters such as en or de")]
Texts = dict[Language, Annotated[Text, Field(min_length=1, max_length=480)]]


class ListIn(Body):
    """A consent list. Replies are by language; one that is missing is the default one."""

    keywords: list[Annotated[Text, Field(min_length=1, max_length=40)]] = Field(
        default_factory=list, max_length=20, description="Words after STOP and START that mean this list"
    )
    double_opt_in: Flag = Field(False, description="START asks a question, and only YES joins the list")
    stop_reply: Texts = Field(default_factory=dict, max_length=40)
    start_reply: Texts = Field(default_factory=dict, max_length=40)
    help_reply: Texts = Field(default_factory=dict, max_length=40)
    question: Texts = Field(default_factory=dict, max_length=40)


async def _done(work: Awaitable[T]) -> T:
    """Return the result of a call of the consent service; its error becomes a problem."""
    try:
        return await work
    except ConsentError as exc:
        errors = [{"pointer": pointer(exc.field), "detail": exc.detail}]
        raise Problem(exc.code, f"{exc.field}: {exc.detail}", errors=errors) from None


# -- opt-outs -----------------------------------------------------------------------------------------------------


@optouts.get("", response_model=resources.OptOutPage)
async def list_optouts(ctx: Ctx, query: Annotated[OptOutQuery, Query()]) -> Response:
    """List opt-outs, the newest number first."""
    found = await ctx.consent.optouts(query.list, cursor_of(query.cursor), query.limit + 1)
    more = format_id(found[query.limit - 1].id) if len(found) > query.limit else None
    return await page_response(found[: query.limit], _optout, more)


@optouts.post("", status_code=201, response_model=resources.Consent)
async def add(ctx: Ctx, request: Request, body: OptOutIn) -> Response:
    """Opt a number out and cancel the messages that wait for it."""
    audit_detail(request, list=body.list)
    return JSONResponse(person_resource(await _done(ctx.consent.add(body.number, body.list, body.reason))), 201)


@optouts.post("/import", response_model=resources.OptOutImport)
async def import_optouts(ctx: Ctx, request: Request, body: OptOutsIn) -> Response:
    """Import at most 10 000 opt-outs. Numbers that are not valid are reported, the others imported."""
    done = await _done(ctx.consent.import_numbers(body.numbers, body.list_name, body.reason, dry_run=body.dry_run))
    audit_detail(request, list=body.list_name, imported=done.imported)
    errors: list[resources.OptOutImportError] = [
        {"row": row, "number": body.numbers[row], "detail": detail} for row, detail in done.errors
    ]
    answer: resources.OptOutImport = {"imported": done.imported, "unchanged": done.unchanged, "errors": errors}
    return JSONResponse(answer)


@optouts.get("/{number}", response_model=resources.OptOutOfNumber, responses=problems(404))
async def get_optout(ctx: Ctx, number: str) -> Response:
    """Return the lists that a number has opted out of; 404 if there are none."""
    person = await _done(ctx.consent.person(number))
    found: list[resources.OptOut] = [
        {"number": person.number, "list": each.list, "at": stamp(each.changed_ms or 0)}
        for each in person.standings
        if each.state is ConsentState.OUT
    ]
    if not found:
        raise _not_out(number)
    return JSONResponse({"number": person.number, "lists": found})


@optouts.delete("/{number}", status_code=204, responses=problems(404))
async def remove(ctx: Ctx, request: Request, number: str, query: Annotated[RemovalQuery, Query()]) -> Response:
    """End an opt-out by hand, with a reason for the trail."""
    audit_detail(request, list=query.list)
    if await _done(ctx.consent.remove(number, query.list, query.reason)) is None:
        raise _not_out(number)
    return Response(status_code=204)


def _not_out(number: str) -> Problem:
    return Problem(ProblemCode.NOT_FOUND, f"the number {number!r} has not opted out")


# -- suspects and the trail ---------------------------------------------------------------------------------------


@suspects.get("", response_model=resources.SuspectPage)
async def list_suspects(ctx: Ctx, query: Annotated[SuspectQuery, Query()]) -> Response:
    """List numbers whose text may be an opt-out, the newest number first."""
    found = await ctx.consent.suspicions(cursor_of(query.cursor), query.limit + 1)
    more = format_id(found[query.limit - 1].id) if len(found) > query.limit else None
    return await page_response(found[: query.limit], _suspect, more)


@suspects.post("/{number}", response_model=resources.Consent, responses=problems(404))
async def decide(ctx: Ctx, number: str, body: DecisionIn) -> Response:
    """Decide about a suspect: opt it out, or send what is on hold."""
    person = await _done(ctx.consent.decide(number, opt_out=body.decision == "opt_out", reason=body.reason))
    if person is None:
        raise Problem(ProblemCode.NOT_FOUND, f"the number {number!r} is not a suspect")
    return JSONResponse(person_resource(person))


@consent.get("/{number}", response_model=resources.Consent)
async def get_consent(ctx: Ctx, number: str) -> Response:
    """Return the consent of a number, and how it came about."""
    return JSONResponse(person_resource(await _done(ctx.consent.person(number))))


# -- lists --------------------------------------------------------------------------------------------------------


@lists.get("", response_model=resources.ConsentLists)
async def list_lists(ctx: Ctx) -> Response:
    """List all consent lists."""
    return JSONResponse({"data": [_list(each) for each in await ctx.consent.lists()]})


@lists.get("/{name}", response_model=resources.ConsentList, responses=problems(404))
async def get_list(ctx: Ctx, name: str) -> Response:
    """Return a consent list."""
    found = await ctx.consent.get_list(name)
    if found is None:
        raise _no_list(name)
    return JSONResponse(_list(found))


@lists.put("/{name}", response_model=resources.ConsentList)
async def put_list(ctx: Ctx, name: str, body: ListIn) -> Response:
    """Create or replace a consent list."""
    wanted = ConsentList(
        name,
        tuple(body.keywords),
        body.double_opt_in,
        body.stop_reply,
        body.start_reply,
        body.help_reply,
        body.question,
    )
    return JSONResponse(_list(await _done(ctx.consent.put_list(wanted))))


@lists.delete("/{name}", status_code=204, responses=problems(404))
async def delete_list(ctx: Ctx, name: str) -> Response:
    """Delete a consent list. The opt-outs of it are kept."""
    if not await ctx.consent.delete_list(name):
        raise _no_list(name)
    return Response(status_code=204)


def _no_list(name: str) -> Problem:
    return Problem(ProblemCode.NOT_FOUND, f"the list {name!r} does not exist")


# -- resources ----------------------------------------------------------------------------------------------------


def _optout(found: OptOut) -> resources.OptOut:
    return {"number": found.number, "list": found.list, "at": stamp(found.at_ms)}


def _suspect(found: Suspicion) -> resources.Suspect:
    return {
        "number": found.number,
        "at": stamp(found.at_ms),
        "keyword": found.keyword,
        "text": found.text,
        "message_id": None if found.message_id is None else format_id(found.message_id),
    }


def person_resource(found: Person) -> resources.Consent:
    return {
        "number": found.number,
        "lists": [
            {
                "list": each.list,
                "state": each.state,
                "changed_at": stamp(each.changed_ms),
                "suspected_at": stamp(each.suspected_ms),
                "asked_at": stamp(each.asked_ms),
            }
            for each in found.standings
        ],
        "trail": [
            {
                "at": stamp(each.at_ms),
                "list": each.list,
                "action": each.action,
                "state": each.state,
                "source": each.source,
                "keyword": each.keyword,
                "text": each.text,
                "reason": each.reason,
                "message_id": None if each.message_id is None else format_id(each.message_id),
            }
            for each in found.trail
        ],
    }


def _list(found: ConsentList) -> resources.ConsentList:
    return {
        "name": found.name,
        "keywords": list(found.keywords),
        "double_opt_in": found.double_opt_in,
        "stop_reply": dict(found.stop_reply),
        "start_reply": dict(found.start_reply),
        "help_reply": dict(found.help_reply),
        "question": dict(found.question),
        "created_at": stamp(found.created_ms),
    }
