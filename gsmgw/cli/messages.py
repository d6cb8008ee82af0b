"""gsmgw messages, inbox, show, cancel, retry, resolve"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any, Literal

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say, shown
from gsmgw.cli.params import NAME, PAST, STATUSES
from gsmgw.cli.send import print_outcome
from gsmgw.cli.waiting import local_moment, local_time, status_words, waits_for
from gsmgw.cli.watch import describe_event

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources

#: Fields of a message to show, in this order; times are shown in the local time zone.
_FIELDS = (
    "id",
    "direction",
    "status",
    "from",
    "to",
    "modem",
    "encoding",
    "segments",
    "priority",
    "client_ref",
    "purpose",
    "list",
    "consent",
)
_TIMES: tuple[Literal["created_at", "send_at", "sent_at", "delivered_at", "received_at"], ...] = (
    "created_at",
    "send_at",
    "sent_at",
    "delivered_at",
    "received_at",
)


def _content(message: resources.Message) -> str:
    """Return the text, or the size of a data message."""
    if message["text"] is not None:
        return str(message["text"])
    return f"({len(b64decode(message.get('data') or ''))} bytes of data for port {message.get('port')})"


def _listing(context: click.Context, as_json: bool, limit: int, follow_direction: str | None, **filters: Any) -> None:
    with connect(context) as client:
        found = client.messages(limit=limit, direction=follow_direction, **filters)
        if as_json:
            for message in found:
                print_json(message)
            return
        rows = [
            (
                message["id"],
                local_time(message["received_at"] or message["created_at"]),
                status_words(message),
                message["from"] if message["direction"] == "inbound" else message["to"],
                message["modem"],
                _content(message),
            )
            for message in found
        ]
    peer = "from" if follow_direction == "inbound" else "peer"
    print_table(("id", "time", "status", peer, "modem", "text"), rows, "no messages")


@click.command()
@click.option(
    "--status",
    type=click.Choice([*STATUSES, "received"]),
    multiple=True,
    help="List only messages in this state; may be repeated.",
)
@click.option("--direction", type=click.Choice(["outbound", "inbound"]), help="List only this direction.")
@click.option("--peer", help="List only messages to or from this number.")
@click.option("--modem", help="List only messages of this modem.")
@click.option(
    "--purpose",
    type=click.Choice(["transactional", "marketing", "conversation"]),
    help="List only messages with this purpose.",
)
@click.option("--list", "list", help="List only messages of this consent list.")
@click.option("--since", type=PAST, help="Start at this time of acceptance or receipt: 2026-12-01, 18:00 or -2h.")
@click.option("--until", type=PAST, help="End before this time.")
@click.option(
    "--search", "q", metavar="WORDS", help='List only texts that contain all these words; "a phrase", begin*.'
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of results.")
@json_lines_option
@click.pass_context
@talks
def messages(
    context: click.Context,
    /,
    status: tuple[str, ...],
    direction: str | None,
    limit: int,
    as_json: bool,
    **filters: Any,
) -> None:
    """List messages, newest first."""
    _listing(context, as_json, limit, direction, status=list(status) or None, **filters)


@click.command()
@click.option("--peer", help="List only messages from this number.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of results.")
@json_lines_option
@click.pass_context
@talks
def inbox(context: click.Context, peer: str | None, limit: int, as_json: bool) -> None:
    """List received messages, newest first."""
    _listing(context, as_json, limit, "inbound", peer=peer)


@click.command()
@click.argument("message_id", metavar="ID", type=NAME)
@json_option
@click.pass_context
@talks
def show(context: click.Context, message_id: str, as_json: bool) -> None:
    """Show a message with its segments and its history."""
    with connect(context) as client:
        message = client.message(message_id)
    if as_json:
        print_json(message)
        return
    for name in _FIELDS:
        _print_field(name, message.get(name))
    for name in _TIMES:
        _print_field(name, local_moment(message[name]))
    _print_field("error", message["error"] and message["error"]["title"])
    _print_field("waiting for", waits_for(message))
    for number, line in enumerate(shown(_content(message), lines=True).split("\n")):
        say(f"{'' if number else 'text':>14}  {line}")
    for segment in message["segment_list"]:
        extra = f" as {segment['reference']}" if segment["reference"] is not None else ""
        reason = f": {shown(segment['error'])}" if segment["error"] else ""
        say(f"{'segment':>14}  {segment['number']} {segment['status']} by {segment['modem']}{extra}{reason}")
    for event in message["history"]:
        say(f"{local_moment(event['at'])}  {describe_event(event)}")


def _print_field(name: str, value: object) -> None:
    if value not in (None, ""):
        say(f"{name:>14}  {shown(value)}")


def _action(name: str, summary: str, brief: str | None = None) -> click.Command:
    @click.command(name, help=summary, short_help=brief)
    @click.argument("message_id", metavar="ID", type=NAME)
    @json_option
    @click.pass_context
    @talks
    def command(context: click.Context, message_id: str, as_json: bool) -> None:
        with connect(context) as client:
            message = client.act(message_id, name)
        print_json(message) if as_json else print_outcome(message)

    return command


cancel = _action("cancel", "Cancel a message that is still waiting.")
retry = _action(
    "retry",
    "Send a failed, undelivered, expired or canceled message again; a queued one is tried now.",
    "Send a failed or canceled message again, a queued one now.",
)


@click.command(short_help="Decide about a message whose outcome is unknown.")
@click.argument("message_id", metavar="ID", type=NAME)
@click.argument("action", type=click.Choice(["resend", "leave"]))
@json_option
@click.pass_context
@talks
def resolve(context: click.Context, message_id: str, action: str, as_json: bool) -> None:
    """Decide about a message whose outcome is unknown: send it again (resend), or treat it as sent (leave)."""
    with connect(context) as client:
        message = client.act(message_id, "resolve", {"action": action})
    print_json(message) if as_json else print_outcome(message)
