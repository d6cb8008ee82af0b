"""Submitting messages whose client wants to be called back about their outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gsmgw.bridges.context import BridgeContext
from gsmgw.dispatch.target_policy import TargetRefused
from gsmgw.dispatch.webhooks import CALLBACK_MARGIN_MS, MOST_CALLBACKS
from gsmgw.http.problems import Problem
from gsmgw.model import Outgoing
from gsmgw.outbound import Principal, Result, Submission
from gsmgw.store import Tx, callbacks, webhooks
from gsmgw.store.callbacks import Callback
from gsmgw.store.webhooks import Webhook
from gsmgw.wire.problems import ProblemCode


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A callback that a client asks for: its dialect, its URL, the event types, and the dialect's own mask of them."""

    dialect: str
    url: str
    events: tuple[str, ...]
    mask: int = 0


async def submit(
    ctx: BridgeContext,
    caller: Principal,
    submissions: Sequence[Submission],
    callback: CallbackRequest | None = None,
) -> list[Result]:
    """Submit messages, each accepted or refused by itself, and save their callback in the same transaction."""
    if callback is None:
        return await ctx.service.submit_batch(caller, submissions)
    hook = await _webhook(ctx, caller, callback)
    saved = Callback(callback.url, callback.mask)

    def remember(tx: Tx, fresh: Sequence[Outgoing]) -> None:
        callbacks.remember(tx, [message.id for message in fresh], saved)
        ends_ms = max(message.expires_ms or 0 for message in fresh)
        webhooks.keep_until(tx, hook.id, ends_ms + CALLBACK_MARGIN_MS)

    tagged = [each._replace(tags=(*each.tags, *hook.tags[:1])) for each in submissions]
    return await ctx.service.submit_batch(caller, tagged, on_accept=remember)


async def _webhook(ctx: BridgeContext, caller: Principal, callback: CallbackRequest) -> Webhook:
    """Return the webhook for callbacks of this caller to this server; it is made if it does not exist."""
    try:
        url = ctx.webhooks.callback_policy.check_url(callback.url)
    except TargetRefused as exc:
        raise Problem(ProblemCode.TARGET_REFUSED, f"callback URL not allowed: {exc}") from None
    origin = f"{url.scheme}://{url.netloc.decode('ascii')}/"
    hook = await ctx.webhooks.callback_target(callback.dialect, origin, callback.events, caller.owner)
    if hook is None:
        detail = f"{caller.token!r} has callbacks to {MOST_CALLBACKS} servers already, or all clients have too many"
        raise Problem(ProblemCode.WRONG_STATE, detail)
    return hook
