"""Credentials as clients of other gateways send them."""

from __future__ import annotations

import base64
import binascii

from fastapi import Request

from gsmgw.bridges.context import BridgeContext
from gsmgw.http.identity import address_of, peer_of, set_principal
from gsmgw.outbound import Principal


def origin_of(request: Request) -> str:
    """Return the origin by which wrong credentials are counted."""
    peer = peer_of(request.scope)
    return address_of(request.scope) if peer is None else f"user {peer.uid}"


def basic_credentials(request: Request) -> tuple[str, str]:
    """Return user and password of HTTP Basic (RFC 7617); empty strings if there are none."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


async def authenticate(ctx: BridgeContext, request: Request, name: str, secret: str, scope: str) -> Principal:
    """Return the caller whose token has this name and secret. Raises Problem or ServiceError."""
    principal = await ctx.access.enter(origin_of(request), secret, name)
    set_principal(request.scope, principal)
    principal.require(scope)
    if scope == "manage":
        principal.require_unrestricted()
    return principal
