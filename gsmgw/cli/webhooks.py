"""gsmgw webhooks"""

from __future__ import annotations

import sys
from typing import Any

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.exits import FAILED
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say
from gsmgw.cli.params import DURATION, EVENT_OR_MOMENT, NAME
from gsmgw.cli.waiting import local_time
from gsmgw.client import part

_PATH = "/v1/webhooks"
#: More than the maximum of `[webhooks] timeout_s` and `connect_timeout_s` together.
_TEST_TIMEOUT_S = 300.0


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def webhooks(context: click.Context, as_json: bool) -> None:
    """List, add, test and control webhooks."""
    if context.invoked_subcommand is None:
        context.invoke(listing, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"put --json at the end: gsmgw webhooks {context.invoked_subcommand} ... --json")


@webhooks.command("list")
@json_lines_option
@click.pass_context
@talks
def listing(context: click.Context, as_json: bool = False) -> None:
    """List the webhooks."""
    with connect(context) as client:
        found = client.request("GET", _PATH)["data"]
    if as_json:
        for hook in found:
            print_json(hook)
        return
    rows = [
        (
            hook["id"],
            hook["state"],
            ", ".join(hook["events"]) or "all",
            hook["pending"] + hook["behind"],
            hook["url"] + (f" ({hook['reason']})" if hook["reason"] else ""),
        )
        for hook in found
    ]
    print_table(("id", "state", "events", "waiting", "URL"), rows, "no webhooks")


def _filters(**options: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items() if value}


@webhooks.command()
@click.argument("url")
@click.option(
    "--event",
    "events",
    multiple=True,
    help="Post only this event type; message.* for a group; may be repeated (default: all).",
)
@click.option("--tag", "tags", multiple=True, help="Post only events of messages with this tag; may be repeated.")
@click.option("--modem", "modems", multiple=True, help="Post only events of this modem; may be repeated.")
@click.option("--unordered", is_flag=True, help="Deliver later events while an earlier one is being retried.")
@click.option("--description", help="Describe its purpose.")
@json_option
@click.pass_context
@talks
def add(context: click.Context, /, url: str, unordered: bool, as_json: bool, **options: Any) -> None:
    """Post events to URL from now on. The secret to verify them is shown only once."""
    with connect(context) as client:
        made = client.request("POST", _PATH, json={"url": url, "ordered": not unordered, **_filters(**options)})
    _print_secret(made, as_json)


def _print_secret(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(made)
    else:
        say(f"{made['id']}  {made['secret']}")
        say("Save the secret now: it is not shown again. The receiver verifies webhook-signature with it.", err=True)


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@click.option(
    "--keep-former",
    type=DURATION,
    default=86_400,
    help="Keep signing with the old secrets for this time: 12h, 7d (default 24h).",
)
@json_option
@click.pass_context
@talks
def rotate(context: click.Context, webhook_id: str, keep_former: int, as_json: bool) -> None:
    """Give a webhook a new secret. It is shown only once."""
    with connect(context) as client:
        made = client.request("POST", f"{_PATH}/{part(webhook_id)}/secrets", json={"keep_former": keep_former})
    _print_secret(made, as_json)


def _action(name: str, summary: str, brief: str) -> click.Command:
    @webhooks.command(name, help=summary, short_help=brief)
    @click.argument("webhook_id", metavar="ID", type=NAME)
    @json_option
    @click.pass_context
    @talks
    def command(context: click.Context, webhook_id: str, as_json: bool) -> None:
        with connect(context) as client:
            hook = client.request("POST", f"{_PATH}/{part(webhook_id)}/{name}")
        print_json(hook) if as_json else say(f"{hook['id']} is {hook['state']}")

    return command


pause = _action("pause", "Pause deliveries; events are kept and delivered after resume.", "Pause deliveries.")


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@click.option("--skip", is_flag=True, help="Give up deliveries that have failed so far.")
@json_option
@click.pass_context
@talks
def resume(context: click.Context, webhook_id: str, skip: bool, as_json: bool) -> None:
    """Resume a paused or disabled webhook where it stopped."""
    with connect(context) as client:
        hook = client.request("POST", f"{_PATH}/{part(webhook_id)}/resume", json={"skip": skip})
    print_json(hook) if as_json else say(f"{hook['id']} is {hook['state']}")


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@click.pass_context
@talks
def delete(context: click.Context, webhook_id: str) -> None:
    """Delete a webhook and its delivery log."""
    with connect(context) as client:
        client.request("DELETE", f"{_PATH}/{part(webhook_id)}")
    say(f"{webhook_id} deleted")


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@json_option
@click.pass_context
@talks
def test(context: click.Context, webhook_id: str, as_json: bool) -> None:
    """Post a test event now. Exit code 1 if it was not delivered."""
    with connect(context) as client:
        delivery = client.request("POST", f"{_PATH}/{part(webhook_id)}/test", timeout_s=_TEST_TIMEOUT_S)
    print_json(delivery) if as_json else say(_outcome(delivery))
    if delivery["state"] != "delivered":
        sys.exit(FAILED)


def _outcome(delivery: dict[str, Any]) -> str:
    if not delivery["tries"]:
        return "not tried yet"
    last = delivery["tries"][-1]
    words = last["error"] or f"answered {last['status']}"
    return f"{words} after {last['duration_ms']} ms"


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@click.option("--event", type=click.IntRange(1), help="Deliver this event.")
@click.option(
    "--since", type=EVENT_OR_MOMENT, help="Deliver all events since this event ID or time: 2026-12-24T18:00 or -2h."
)
@json_option
@click.pass_context
@talks
def replay(context: click.Context, webhook_id: str, event: int | None, since: int | str | None, as_json: bool) -> None:
    """Deliver one event again, or all since an event or time."""
    if (event is None) == (since is None):
        raise click.UsageError("--event or --since is required, but not both")
    body = {"event": event} if since is None else {"since": since}
    with connect(context) as client:
        hook = client.request("POST", f"{_PATH}/{part(webhook_id)}/replay", json=body)
    print_json(hook) if as_json else say(f"{hook['pending'] + hook['behind']} events to deliver")


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@click.option(
    "--state", type=click.Choice(["pending", "delivered", "failed"]), help="Show only deliveries in this state."
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Maximum number of results.")
@json_lines_option
@click.pass_context
@talks
def deliveries(context: click.Context, webhook_id: str, state: str | None, limit: int, as_json: bool) -> None:
    """List the deliveries of a webhook, newest first."""
    params = {"limit": limit} | ({"state": state} if state else {})
    with connect(context) as client:
        found = client.request("GET", f"{_PATH}/{part(webhook_id)}/deliveries", params=params)["data"]
    if as_json:
        for delivery in found:
            print_json(delivery)
        return
    rows = [
        (
            local_time(delivery["created_at"]),
            delivery["event"],
            delivery["type"],
            delivery["state"],
            len(delivery["tries"]),
            local_time(delivery["next_try_at"]),
            _outcome(delivery),
        )
        for delivery in found
    ]
    print_table(("time", "event", "type", "state", "tries", "next", "outcome"), rows, "no deliveries")
