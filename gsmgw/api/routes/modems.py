"""/v1/modems"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from gsmgw.api.body import Body
from gsmgw.api.context import Context, ManagedModem
from gsmgw.api.dependencies import Caller, Ctx, Visible
from gsmgw.api.fields import Spelling
from gsmgw.api.openapi import media, problems
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.errors import ModemError
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.outbound import require_modem
from gsmgw.wire import resources
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/modems")

_UNKNOWN, _FAILED = problems(404), problems(404, 409)


class PinIn(BaseModel):
    """The PIN of the SIM."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    pin: Annotated[str, Spelling(r"^[0-9]{4,8}$", "must have 4 to 8 digits")] = Field(repr=False)


class UssdIn(Body):
    """A USSD code such as ``*100#``, or a reply in an open session."""

    code: str = Field(min_length=1, max_length=182)

    @field_validator("code")
    @classmethod
    def _printable(cls, code: str) -> str:
        if not code.isprintable():
            raise ValueError("may contain only printable characters, for example *100#")
        return code


class TapQuery(QueryModel):
    """Query parameters of a tap."""

    masked: bool = Field(False, description="Hide numbers, texts, IMSI, IMEI and ICCID")


async def _named(ctx: Ctx, caller: Caller, name: str) -> ManagedModem:
    require_modem(caller, name, ctx.pools)
    modem = ctx.modems.get(name)
    if modem is None:
        known = ", ".join(sorted(ctx.modems)) or "none"
        raise Problem(ProblemCode.NOT_FOUND, f"the modem {name!r} does not exist (known: {known})")
    return modem


Named = Annotated[ManagedModem, Depends(_named)]


async def _after(ctx: Context, modem: ManagedModem) -> JSONResponse:
    """Answer with the state that follows from an operation, as far as it comes within seconds."""
    await modem.settled()
    return _answer(ctx, modem)


def _answer(ctx: Context, modem: ManagedModem) -> JSONResponse:
    return JSONResponse(ctx.modem_resource(modem.name))


@router.get("", response_model=resources.ModemList)
async def index(ctx: Ctx, visible: Visible) -> Response:
    """List the modems with their states; for a restricted token only its own."""
    data = [ctx.modem_resource(name) for name in sorted(ctx.modems) if visible is None or name in visible.modems]
    return JSONResponse({"data": data})


@router.get("/{name}", response_model=resources.Modem, responses=_UNKNOWN)
async def show(ctx: Ctx, modem: Named) -> Response:
    """Show one modem."""
    return _answer(ctx, modem)


@router.get("/{name}/history", response_model=resources.ModemHistory, responses=_UNKNOWN)
async def history(ctx: Ctx, modem: Named) -> Response:
    """Show signal, temperature and state over the last day, one value a minute, and now. A restart forgets them."""
    return JSONResponse(ctx.modem_history(modem.name))


@router.post("/{name}/reset", response_model=resources.Modem, responses=_FAILED)
async def reset(ctx: Ctx, modem: Named) -> Response:
    """Restart the modem device. The answer comes when the modem is in use again, after 10 s at most."""
    try:
        await modem.reset()
    except ModemError as exc:
        raise Problem(ProblemCode.MODEM_FAILED, f"{modem.name}: {exc.title}") from None
    return await _after(ctx, modem)


@router.post("/{name}/enable", response_model=resources.Modem, responses=_UNKNOWN)
async def enable(ctx: Ctx, modem: Named) -> Response:
    """Enable a disabled or quarantined modem. The answer comes when it is in use, after 10 s at most."""
    modem.enable()
    return await _after(ctx, modem)


@router.post("/{name}/disable", response_model=resources.Modem, responses=_UNKNOWN)
async def disable(ctx: Ctx, modem: Named) -> Response:
    """Disable a modem. Its port is closed, after the message in transmission; that is waited for, 10 s at most."""
    modem.disable()
    return await _after(ctx, modem)


@router.post("/{name}/pin", response_model=resources.Modem, responses=_FAILED)
async def pin(ctx: Ctx, modem: Named, body: PinIn) -> Response:
    """Unlock the SIM. The gateway uses the PIN again until it is stopped; a refused PIN is never tried again.
    The answer comes when the modem is in use, after 10 s at most.
    """
    try:
        await modem.enter_pin(body.pin)
    except ModemError as exc:
        raise Problem(ProblemCode.MODEM_FAILED, f"{modem.name}: {exc.title}") from None
    return await _after(ctx, modem)


@router.post("/{name}/ussd", response_model=resources.UssdAnswer, responses=_FAILED)
async def ussd(ctx: Ctx, modem: Named, body: UssdIn) -> Response:
    """Send a USSD code and return the network's answer. If ``more`` is true, send the reply with the same call."""
    try:
        answer = await modem.ussd(body.code)
    except ModemError as exc:
        raise Problem(ProblemCode.MODEM_FAILED, f"{modem.name}: {exc.title}") from None
    return JSONResponse({"modem": modem.name, "answer": answer.text, "more": answer.more, "outcome": answer.outcome})


#: Lines that are buffered for a slow reader; further ones are dropped.
TAP_LIMIT = 2000


async def _until_gone(ctx: Context, caller: Caller, waiting: asyncio.Queue[str]) -> AsyncIterator[str]:
    """Yield lines as they come, until the caller's token is revoked or expires."""
    with ctx.access.presence(caller) as gone:
        leaving = asyncio.create_task(gone.wait(), name="tap until revoked")
        coming = asyncio.create_task(waiting.get(), name="tap")
        try:
            while not gone.is_set():
                await asyncio.wait({leaving, coming}, return_when=asyncio.FIRST_COMPLETED)
                if coming.done() and not gone.is_set():
                    row = coming.result()
                    coming = asyncio.create_task(waiting.get(), name="tap")
                    yield row
        finally:
            for task in (leaving, coming):
                task.cancel()


@router.get("/{name}/tap", response_class=StreamingResponse, responses={**media("text/plain"), **_UNKNOWN})
async def tap(ctx: Ctx, caller: Caller, modem: Named, query: Annotated[TapQuery, Query()]) -> StreamingResponse:
    """Stream everything that is sent and received on the modem's port, one line at a time. It never contains PINs."""
    started = ctx.clock.monotonic()

    async def lines() -> AsyncIterator[str]:
        waiting: asyncio.Queue[str] = asyncio.Queue(TAP_LIMIT)
        rows = ctx.transcript(query.masked)

        def note(direction: str, data: bytes) -> None:
            with contextlib.suppress(asyncio.QueueFull):
                for row in rows(ctx.clock.monotonic() - started, direction, data):
                    waiting.put_nowait(row)

        end = modem.tap(note)
        try:
            async for row in _until_gone(ctx, caller, waiting):
                yield f"{row}\n"
        finally:
            end()

    return StreamingResponse(lines(), media_type="text/plain", headers={"Cache-Control": "no-store"})
