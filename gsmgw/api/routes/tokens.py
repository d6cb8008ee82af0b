"""/v1/tokens"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Request, Response
from pydantic import Field

from gsmgw.api.access.accounts import NAME_CHARS, new_password
from gsmgw.api.access.audit_log import audit_detail
from gsmgw.api.body import Body
from gsmgw.api.context import Context
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Flag, Spelling
from gsmgw.api.openapi import problems
from gsmgw.api.paging import ListQuery, page_of
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem, pointer
from gsmgw.store import Tx, tokens
from gsmgw.store.tokens import Token, TokenLimits
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/tokens")

Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=63)]], Field(max_length=50)]


class TokenIn(Body):
    """A new token."""

    name: Annotated[
        str,
        Spelling(
            r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$",
            "must have 1 to 63 letters of A to Z, digits and _ . -, and begin with a letter or digit",
        ),
    ]
    scopes: list[Literal["send", "read", "manage"]] = Field(min_length=1, max_length=3)
    expires_in: int | None = Field(
        None, ge=60, le=100 * 365 * 86_400, strict=True, description="Seconds until it expires; never if left out"
    )
    per_minute: int | None = Field(None, ge=1, le=10**9, strict=True, description="Texts in any 60 seconds")
    per_day: int | None = Field(None, ge=1, le=10**9, strict=True, description="Texts in any 24 hours")
    modems: Names = Field(default_factory=list, description="Restrict it to these modems")
    pools: Names = Field(default_factory=list, description="and to these pools")
    smpp: Flag = Field(False, description="Make an SMPP account of this name, at most 15 characters")


def _check(ctx: Context, wanted: TokenIn) -> None:
    """Raise :class:`Problem` for an unknown modem or pool. If modems are discovered, an unknown one may come later."""
    for field, code, names, known in (
        ("modems", ProblemCode.UNKNOWN_MODEM, () if ctx.discovers else wanted.modems, ctx.modem_names),
        ("pools", ProblemCode.UNKNOWN_POOL, wanted.pools, ctx.pools),
    ):
        there = ", ".join(sorted(known)) or "none"
        errors = [
            {"pointer": pointer(field, number), "detail": f"the {field[:-1]} {name!r} does not exist (known: {there})"}
            for number, name in enumerate(names)
            if name not in known
        ]
        if errors:
            raise Problem(code, f"{field}: {errors[0]['detail']}", errors=errors)


def _out(ctx: Context, token: Token) -> resources.Token:
    missing = [name for name in token.limits.modems if name not in ctx.modem_names]
    missing += [name for name in token.limits.pools if name not in ctx.pools]
    return {
        "name": token.name,
        "scopes": list(token.scopes),
        "created_at": stamp(token.created_ms),
        "expires_at": stamp(token.expires_ms),
        "last_used_at": stamp(token.last_used_ms),
        "per_minute": token.limits.per_minute,
        "per_day": token.limits.per_day,
        "modems": list(token.limits.modems),
        "pools": list(token.limits.pools),
        "missing": missing,
        "smpp": token.smpp,
    }


def _smpp_password(wanted: TokenIn) -> str | None:
    """Return a password for SMPP; None if none is wanted. Raises :class:`Problem` for a name that is too long."""
    if not wanted.smpp:
        return None
    if len(wanted.name) > NAME_CHARS:
        detail = f"has {len(wanted.name)} characters: the name of an SMPP account has at most {NAME_CHARS}"
        errors = [{"pointer": pointer("name"), "detail": detail}]
        raise Problem(ProblemCode.INVALID_REQUEST, f"name: {detail}", errors=errors)
    return new_password()


@router.post("", status_code=201, response_model=resources.NewToken, responses=problems(409))
async def create(ctx: Ctx, request: Request, body: TokenIn) -> Response:
    """Create a token. The response shows its secret, ``token``, only this once, and so the password of SMPP."""
    audit_detail(request, name=body.name, scopes=body.scopes, **({"smpp": True} if body.smpp else {}))
    _check(ctx, body)
    password = _smpp_password(body)
    hashed = None if password is None else await ctx.access.sign_in.passwords.hash(password)
    now_ms = ctx.clock.wall_ms()
    expires_ms = None if body.expires_in is None else now_ms + body.expires_in * 1000
    limits = TokenLimits(body.per_minute, body.per_day, tuple(body.modems), tuple(body.pools))
    scopes = tuple(scope for scope in tokens.SCOPES if scope in body.scopes)

    def make(tx: Tx) -> tuple[Token, str] | None:
        if tokens.exists(tx, body.name):
            return None
        return tokens.create(tx, now_ms, body.name, scopes, expires_ms, limits, hashed)

    made = await ctx.store.write(make)
    if made is None:
        raise Problem(ProblemCode.WRONG_STATE, f"a token named {body.name!r} exists already")
    ctx.access.reload()
    token, secret = made
    return JSONResponse({**_out(ctx, token), "token": secret, "smpp_password": password}, 201)


@router.get("", response_model=resources.TokenList)
async def index(ctx: Ctx, query: Annotated[ListQuery, Query()]) -> Response:
    """List all tokens by name, or a page of them, without their secrets."""
    page, more = page_of(await ctx.store.read(tokens.all_tokens), query, lambda token: (token.name,))
    return JSONResponse({"data": [_out(ctx, token) for token in page], "next_cursor": more})


@router.delete("/{name}", status_code=204, responses=problems(404))
async def delete(ctx: Ctx, name: str) -> Response:
    """Revoke a token."""
    number = await ctx.store.write(lambda tx: tokens.delete(tx, name))
    if number is None:
        raise Problem(ProblemCode.NOT_FOUND, f"the token {name!r} does not exist")
    ctx.access.revoke(number)
    ctx.service.quotas.forget(number)
    ctx.streams.end_streams(number)
    return Response(status_code=204)
