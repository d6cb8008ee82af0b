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
from gsmgw.api.submit import routed, within_limits
from gsmgw.dispatch.target_policy import TargetRefused
from gsmgw.dispatch.webhooks import CALLBACK_MARGIN_MS, MOST_CALLBACKS
from gsmgw.http.identity import Caller, address_of, enter, peer_of
from gsmgw.http.problems import Problem
from gsmgw.outbound import Refusal, Result, Submission
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


async def let_in(ctx: Context, request: Request, name: str, secret: str, needed: str) -> Caller:
    """The caller whose token has this name and secret; :class:`Problem` when there is none."""
    caller = await ctx.access.enter(origin_of(request), secret, name)
    enter(request.scope, caller)
    caller.require(needed)
    if needed == "manage":
        caller.require_whole()
    return caller


async def send(
    ctx: Context, caller: Caller, wanted: Sequence[Submission], notice: Notice | None = None
) -> list[Result]:
    """Take messages as ``POST /v1/messages/batch`` does, each accepted or refused by itself."""
    checked: list[Submission | Refusal] = []
    for request in wanted:
        try:
            checked.append(routed(caller, request))
        except Refusal as exc:
            checked.append(exc)
    also = None
    if notice is not None:
        hook = await _target(ctx, caller, notice)
        tags = hook.tags[:1]
        checked = [item if isinstance(item, Refusal) else item._replace(tags=(*item.tags, *tags)) for item in checked]
        callback, until_ms = Callback(notice.url, notice.mask), _told_until_ms(ctx, checked)

        def also(tx: Tx, ids: Sequence[int]) -> None:
            callbacks.remember(tx, ids, callback)
            webhooks.keep_until(tx, hook.id, until_ms)

    requests = [item for item in checked if not isinstance(item, Refusal)]
    async with within_limits(ctx, caller, requests, None) as note:
        results = await ctx.intake.accept_many(requests, None, also)
        note(results)
    found = iter(results)
    return [item if isinstance(item, Refusal) else next(found) for item in checked]


def _told_until_ms(ctx: Context, wanted: Sequence[Submission | Refusal]) -> int:
    """Until when something may be told of these messages."""
    now_ms = ctx.clock.wall_ms()
    ends = [
        max(now_ms, item.send_at_ms or 0) + (item.valid_for or ctx.valid_for_s) * 1000
        for item in wanted
        if not isinstance(item, Refusal)
    ]
    return max(ends, default=now_ms) + CALLBACK_MARGIN_MS


async def _target(ctx: Context, caller: Caller, notice: Notice) -> Webhook:
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
