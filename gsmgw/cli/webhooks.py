"""gsmgw webhooks"""

from __future__ import annotations

import sys
from typing import Any

import click

from gsmgw.cli.common import FAILED, connect, json_lines_option, json_option, local_time, print_json, talks
from gsmgw.cli.listing import print_table, say
from gsmgw.cli.params import EVENT_OR_MOMENT, NAME, SPAN
from gsmgw.client import part

_PATH = "/v1/webhooks"
#: Longer than `[webhooks] timeout_s` and `connect_timeout_s` together may be set.
_TEST_TIMEOUT_S = 300.0


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def webhooks(context: click.Context, as_json: bool) -> None:
    """Where events are posted to: add, look at, test, replay."""
    if context.invoked_subcommand is None:
        context.invoke(listing, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"--json comes last: gsmgw webhooks {context.invoked_subcommand} ... --json")


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
@click.option("--event", "events", multiple=True, help="Only this type, or message.* for a kind; all, where left out.")
@click.option("--tag", "tags", multiple=True, help="Only messages with this tag.")
@click.option("--modem", "modems", multiple=True, help="Only events of this modem.")
@click.option("--unordered", is_flag=True, help="Later events may overtake one that failed.")
@click.option("--description", help="What it is for.")
@json_option
@click.pass_context
@talks
def add(context: click.Context, /, url: str, unordered: bool, as_json: bool, **options: Any) -> None:
    """Post events to URL from now on. The secret for verifying them is shown this once."""
    with connect(context) as client:
        made = client.request("POST", _PATH, json={"url": url, "ordered": not unordered, **_filters(**options)})
    _print_secret(made, as_json)


def _print_secret(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(made)
    else:
        say(f"{made['id']}  {made['secret']}")
        say("Keep the secret: it is not shown again. The receiver verifies webhook-signature with it.", err=True)


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@click.option("--keep-former", type=SPAN, default=86_400, help="How long the former secrets sign too: 24h.")
@json_option
@click.pass_context
@talks
def rotate(context: click.Context, webhook_id: str, keep_former: int, as_json: bool) -> None:
    """Give a webhook a new secret. It is shown this once."""
    with connect(context) as client:
        made = client.request("POST", f"{_PATH}/{part(webhook_id)}/secrets", json={"keep_former": keep_former})
    _print_secret(made, as_json)


def _action(name: str, summary: str) -> click.Command:
    @webhooks.command(name, help=summary, short_help=summary.partition(";")[0])
    @click.argument("webhook_id", metavar="ID", type=NAME)
    @json_option
    @click.pass_context
    @talks
    def command(context: click.Context, webhook_id: str, as_json: bool) -> None:
        with connect(context) as client:
            hook = client.request("POST", f"{_PATH}/{part(webhook_id)}/{name}")
        print_json(hook) if as_json else say(f"{hook['id']} is {hook['state']}")

    return command


pause = _action("pause", "Deliver nothing for now; what happens meanwhile is delivered later.")


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@click.option("--skip", is_flag=True, help="Give up what was tried in vain.")
@json_option
@click.pass_context
@talks
def resume(context: click.Context, webhook_id: str, skip: bool, as_json: bool) -> None:
    """Let a paused or disabled webhook go on where it stopped."""
    with connect(context) as client:
        hook = client.request("POST", f"{_PATH}/{part(webhook_id)}/resume", json={"skip": skip})
    print_json(hook) if as_json else say(f"{hook['id']} is {hook['state']}")


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@click.pass_context
@talks
def delete(context: click.Context, webhook_id: str) -> None:
    """Remove a webhook with its delivery log."""
    with connect(context) as client:
        client.request("DELETE", f"{_PATH}/{part(webhook_id)}")
    say(f"{webhook_id} is removed")


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@json_option
@click.pass_context
@talks
def test(context: click.Context, webhook_id: str, as_json: bool) -> None:
    """Post a test event now. Exit code 1 when it was not taken."""
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
@click.option("--event", type=click.IntRange(1), help="This event.")
@click.option("--since", type=EVENT_OR_MOMENT, help="All since this event, or since a time: 2026-12-24T18:00 or -2h.")
@json_option
@click.pass_context
@talks
def replay(context: click.Context, webhook_id: str, event: int | None, since: int | str | None, as_json: bool) -> None:
    """Deliver an event once more, or all since one."""
    if (event is None) == (since is None):
        raise click.UsageError("give either --event or --since")
    body = {"event": event} if since is None else {"since": since}
    with connect(context) as client:
        hook = client.request("POST", f"{_PATH}/{part(webhook_id)}/replay", json=body)
    print_json(hook) if as_json else say(f"{hook['pending'] + hook['behind']} events are on their way")


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=NAME)
@click.option("--state", type=click.Choice(["pending", "delivered", "failed"]), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="So many at the most.")
@json_lines_option
@click.pass_context
@talks
def deliveries(context: click.Context, webhook_id: str, state: str | None, limit: int, as_json: bool) -> None:
    """Show what was delivered, newest first, and what came of it."""
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


COMMANDS = (webhooks,)
