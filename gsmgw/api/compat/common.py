"""What the doors share: credentials, sending, callbacks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx
from fastapi import Request

from gsmgw.api.context import Context
from gsmgw.dispatch.target_policy import TargetRefused
from gsmgw.dispatch.webhooks import CALLBACK_MARGIN_MS, MOST_CALLBACKS
from gsmgw.http.identity import address_of, peer_of, set_principal
from gsmgw.http.problems import Problem
from gsmgw.model import Outgoing
from gsmgw.outbound import Principal, Result, Submission
from gsmgw.store import Tx, callbacks, webhooks
from gsmgw.store.callbacks import Callback
from gsmgw.store.webhooks import Webhook

#: Recipients of one request.
MOST_RECIPIENTS = 1000
#: Years that a message may be meant for, as everywhere in the API; what lies beyond 9999 no answer could name.
_YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class Notice:
    """Where to tell of a message, in which dialect, and of which events."""

    format: str
    url: str
    events: tuple[str, ...]
    mask: int = 0


def wall_ms(moment: datetime) -> int:
    """A moment with a zone in milliseconds since 1970. Raises ValueError for one that no message is meant for."""
    if moment.year not in _YEARS:
        raise ValueError(f"lies outside the years {_YEARS.start} to {_YEARS.stop - 1}")
    return round(moment.timestamp() * 1000)


def origin_of(request: Request) -> str:
    """Where a request comes from, as wrong credentials are counted."""
    peer = peer_of(request.scope)
    return address_of(request.scope) if peer is None else f"user {peer.uid}"


def basic(request: Request) -> tuple[str, str]:
    """User and password of HTTP Basic (RFC 7617); empty where there are none."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


async def let_in(ctx: Context, request: Request, name: str, secret: str, needed: str) -> Principal:
    """Return the caller whose token has this name and secret. Raises :class:`Problem` and :class:`ServiceError`."""
    principal = await ctx.access.enter(origin_of(request), secret, name)
    set_principal(request.scope, principal)
    principal.require(needed)
    if needed == "manage":
        principal.require_unrestricted()
    return principal


async def send(
    ctx: Context, caller: Principal, submissions: Sequence[Submission], notice: Notice | None = None
) -> list[Result]:
    """Submit messages, each accepted or refused by itself, and keep where to tell of them."""
    if notice is None:
        return await ctx.service.submit_batch(caller, submissions)
    hook = await _target(ctx, caller, notice)
    callback = Callback(notice.url, notice.mask)

    def remember(tx: Tx, fresh: Sequence[Outgoing]) -> None:
        callbacks.remember(tx, [message.id for message in fresh], callback)
        ends_ms = max(message.expires_ms or 0 for message in fresh)
        webhooks.keep_until(tx, hook.id, ends_ms + CALLBACK_MARGIN_MS)

    tagged = [each._replace(tags=(*each.tags, *hook.tags[:1])) for each in submissions]
    return await ctx.service.submit_batch(caller, tagged, on_accept=remember)


async def _target(ctx: Context, caller: Principal, notice: Notice) -> Webhook:
    """The webhook of this dialect and this server for the caller's messages; made, where there is none."""
    try:
        url = ctx.webhooks.callback_policy.check_url(notice.url)
    except (TargetRefused, httpx.InvalidURL) as exc:
        raise Problem("target_refused", f"the callback may not go there: {exc}") from None
    origin = f"{url.scheme}://{url.netloc.decode('ascii')}/"
    hook = await ctx.webhooks.callback_target(notice.format, origin, notice.events, caller.owner)
    if hook is None:
        detail = f"{caller.token!r} has callbacks to {MOST_CALLBACKS} servers already, or all clients have too many"
        raise Problem("wrong_state", detail)
    return hook
