"""/v1/modems"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from gsmgw.api.context import Context, ManagedModem
from gsmgw.api.dependencies import Caller, Ctx, Visible
from gsmgw.api.schemas import modem_out
from gsmgw.errors import ModemError
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.outbound import require_modem

router = APIRouter(prefix="/v1/modems", tags=["modems"])


class PinIn(BaseModel):
    """The PIN of the SIM."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    pin: str = Field(pattern=r"^[0-9]{4,8}$", repr=False)


class UssdIn(BaseModel):
    """A USSD code such as ``*100#``, or a reply in an open session."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=182)

    @field_validator("code")
    @classmethod
    def _printable(cls, code: str) -> str:
        if not code.isprintable():
            raise ValueError("may hold printable characters only, for example *100#")
        return code


async def _named(ctx: Ctx, caller: Caller, name: str) -> ManagedModem:
    require_modem(caller, name, ctx.pools)
    modem = ctx.modems.get(name)
    if modem is None:
        known = ", ".join(sorted(ctx.modems)) or "none"
        raise Problem("not_found", f"the modem {name!r} does not exist (known: {known})")
    return modem


Named = Annotated[ManagedModem, Depends(_named)]


def _answer(ctx: Context, modem: ManagedModem) -> JSONResponse:
    return JSONResponse(modem_out(modem.status, ctx.limits.get(modem.name, {})))


@router.get("")
async def index(ctx: Ctx, visible: Visible) -> Response:
    """All modems and how they are; those that a token is for, where it is held to some."""
    data = [
        modem_out(modem.status, ctx.limits.get(name, {}))
        for name, modem in sorted(ctx.modems.items())
        if visible is None or name in visible.modems
    ]
    return JSONResponse({"data": data})


@router.get("/{name}")
async def show(ctx: Ctx, modem: Named) -> Response:
    """One modem."""
    return _answer(ctx, modem)


@router.post("/{name}/reset")
async def reset(ctx: Ctx, modem: Named) -> Response:
    """Restart the modem itself."""
    try:
        await modem.reset()
    except ModemError as exc:
        raise Problem("modem_failed", f"{modem.name}: {exc.title}") from None
    return _answer(ctx, modem)


@router.post("/{name}/enable")
async def enable(ctx: Ctx, modem: Named) -> Response:
    """Let a disabled or quarantined modem work again."""
    modem.enable()
    return _answer(ctx, modem)


@router.post("/{name}/disable")
async def disable(ctx: Ctx, modem: Named) -> Response:
    """Take a modem out of service; its port is closed."""
    modem.disable()
    return _answer(ctx, modem)


@router.post("/{name}/pin")
async def pin(ctx: Ctx, modem: Named, body: PinIn) -> Response:
    """Unlock the SIM. A PIN that the SIM refused before is never tried again."""
    try:
        await modem.enter_pin(body.pin)
    except ModemError as exc:
        raise Problem("modem_failed", f"{modem.name}: {exc.title}") from None
    return _answer(ctx, modem)


@router.post("/{name}/ussd")
async def ussd(ctx: Ctx, modem: Named, body: UssdIn) -> Response:
    """Send a USSD code and return the network's answer; with ``more`` it waits for a reply, sent the same way."""
    try:
        answer = await modem.ussd(body.code)
    except ModemError as exc:
        raise Problem("modem_failed", f"{modem.name}: {exc.title}") from None
    return JSONResponse({"modem": modem.name, "answer": answer.text, "more": answer.more, "outcome": answer.outcome})


#: Rows of a conversation that may wait for a slow reader; more than that are left out.
TAP_LIMIT = 2000


async def _until_gone(ctx: Context, caller: Caller, waiting: asyncio.Queue[str]) -> AsyncIterator[str]:
    """What waits, as it comes, until the caller's token is revoked or has expired."""
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


@router.get("/{name}/tap", response_class=StreamingResponse)
async def tap(ctx: Ctx, caller: Caller, modem: Named, masked: bool = False) -> StreamingResponse:
    """All that is said on the modem's port, as it is said, a row for each line; PINs are never in it.

    ``masked`` hides numbers, texts, IMSI, IMEI and ICCID, so that it may be shown to others.
    """
    started = ctx.clock.monotonic()

    async def lines() -> AsyncIterator[str]:
        waiting: asyncio.Queue[str] = asyncio.Queue(TAP_LIMIT)
        rows = ctx.transcript(masked)

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
