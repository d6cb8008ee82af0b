"""/v1/tokens, and the guard of the TCP listener that asks for one."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from gsmgw.api.context import Context, context_of
from gsmgw.api.problems import Problem
from gsmgw.api.schemas import stamp
from gsmgw.store import Tx, tokens
from gsmgw.store.tokens import Token

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])
Ctx = Annotated[Context, Depends(context_of)]

#: Wrong tokens from one address within a minute, after which it has to wait.
TRIES_PER_MINUTE = 10
#: Addresses remembered at the most.
ADDRESSES = 10_000


class TokenIn(BaseModel):
    """A new token."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")
    scopes: list[Literal["send", "read", "manage"]] = Field(min_length=1, max_length=3)
    expires_in: int | None = Field(None, ge=60, description="Seconds until it expires; never, where left out")


def _out(token: Token) -> dict[str, Any]:
    return {
        "name": token.name,
        "scopes": list(token.scopes),
        "created_at": stamp(token.created_ms),
        "expires_at": stamp(token.expires_ms),
        "last_used_at": stamp(token.last_used_ms),
    }


@router.post("", status_code=201)
async def create(ctx: Ctx, body: TokenIn) -> Response:
    """Make a token. The answer's ``token`` is shown this once."""
    now_ms = ctx.clock.wall_ms()
    expires_ms = None if body.expires_in is None else now_ms + body.expires_in * 1000
    scopes = tuple(scope for scope in tokens.SCOPES if scope in body.scopes)

    def make(tx: Tx) -> tuple[Token, str] | None:
        if tokens.exists(tx, body.name):
            return None
        return tokens.create(tx, now_ms, body.name, scopes, expires_ms)

    made = await ctx.store.write(make)
    if made is None:
        raise Problem("wrong_state", f"there is a token named {body.name!r} already")
    token, secret = made
    return JSONResponse({**_out(token), "token": secret}, 201)


@router.get("")
async def index(ctx: Ctx) -> Response:
    """All tokens, without their secrets."""
    found = await ctx.store.read(tokens.all_tokens)
    return JSONResponse({"data": [_out(token) for token in found]})


@router.delete("/{name}", status_code=204)
async def delete(ctx: Ctx, name: str) -> Response:
    """Revoke a token."""
    if not await ctx.store.write(lambda tx: tokens.delete(tx, name)):
        raise Problem("not_found", f"there is no token named {name!r}")
    return Response(status_code=204)


def scope_needed(method: str, path: str) -> str | None:
    """The scope that a request needs; None for what anybody may ask."""
    if path.startswith("/health/"):
        return None
    if method in ("GET", "HEAD"):
        closed = path.startswith(("/v1/tokens", "/v1/webhooks", "/v1/backups")) or path.endswith("/tap")
        return "manage" if closed else "read"
    if method == "POST" and path.startswith("/v1/messages"):
        return "send"
    return "manage"


class TokenGuard:
    """Lets requests of the TCP listener through that carry a token with the scope they need."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            try:
                await self._check(scope)
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope) -> None:
        needed = scope_needed(scope["method"], scope["path"])
        if needed is None:
            return
        address = scope["client"][0] if scope.get("client") else ""
        self._throttle(address)
        header = next((value for name, value in scope["headers"] if name == b"authorization"), b"").decode("latin-1")
        kind, _, secret = header.partition(" ")
        challenge = {"WWW-Authenticate": 'Bearer realm="gsmgw"'}
        if kind.lower() != "bearer" or not secret:
            raise Problem("unauthorized", "the header Authorization: Bearer TOKEN is missing", headers=challenge)
        context, now_ms = self._context, self._context.clock.wall_ms()
        token = await context.store.read(lambda db: tokens.find(db, secret.strip()))
        if token is None or not token.is_valid(now_ms):
            self._note_failure(address)
            why = "the token has expired" if token is not None else "the token is not known"
            raise Problem("unauthorized", why, headers=challenge)
        if needed not in token.scopes and "manage" not in token.scopes:
            raise Problem("forbidden", f"the token {token.name!r} has no scope {needed!r}")
        scope["gsmgw.client"] = token.name
        if token.last_used_ms is None or now_ms - token.last_used_ms > tokens.USE_NOTED_MS:
            await context.store.write(lambda tx: tokens.note_use(tx, now_ms, token.id))

    def _throttle(self, address: str) -> None:
        now = time.monotonic()
        recent = [moment for moment in self._failures.get(address, []) if now - moment < 60]
        if len(recent) >= TRIES_PER_MINUTE:
            pause_s = round(60 - (now - recent[0])) + 1
            raise Problem(
                "too_many_requests", "too many wrong tokens from this address", headers={"Retry-After": f"{pause_s}"}
            )

    def _note_failure(self, address: str) -> None:
        now = time.monotonic()
        recent = [moment for moment in self._failures.pop(address, []) if now - moment < 60]
        self._failures[address] = [*recent, now]
        while len(self._failures) > ADDRESSES:
            self._failures.popitem(last=False)
