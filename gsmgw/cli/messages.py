"""gsmgw send, messages, inbox, show, cancel, retry, resolve, watch"""

from __future__ import annotations

import sys
from base64 import b64decode
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import click

from gsmgw.cli import sendfile
from gsmgw.cli.common import (
    FAILED,
    TIMED_OUT,
    USAGE,
    connect,
    fail,
    json_lines_option,
    json_option,
    local_time,
    print_json,
    talks,
)
from gsmgw.cli.listing import print_table, say, shown
from gsmgw.cli.params import DURATION, MOMENT, NAME, PAST
from gsmgw.client import Client, NoDaemon
from gsmgw.wire import resources

Json = dict[str, Any]

#: Final states: without a command, they do not change.
_ENDED = {"delivered", "undelivered", "failed", "expired", "canceled"}
_STATUSES = [
    "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "unknown", "failed", "expired", "canceled",
    "received",
]  # fmt: skip


@click.command()
@click.argument("to", required=False)
@click.argument("text", required=False)
@click.option("--file", type=click.Path(dir_okay=False, allow_dash=True), help="Send to each row of this CSV file.")
@click.option("--dry-run", is_flag=True, help="With --file: show the messages without sending them.")
@click.option("--skip-bad", is_flag=True, help="With --file: skip rows with errors instead of sending nothing.")
@click.option("--allow-empty", is_flag=True, help="With --file: allow empty cells in columns that the text uses.")
@click.option(
    "--run", default="", help="With --file: name this run; rows already sent are sent again under a new name."
)
@click.option("--file-encoding", help="With --file: read the file in this encoding (default: detected).")
@click.option("--wait", is_flag=True, help="Wait for delivery, or without a delivery report until the message is sent.")
@click.option(
    "--timeout", type=DURATION, default=120, help="With --wait: wait at most this long: 90s, 15m (default 120s)."
)
@click.option("--modem", help="Send only through this modem.")
@click.option("--pool", help="Send only through the modems of this pool.")
@click.option(
    "--priority",
    type=click.Choice(["urgent", "normal", "bulk"]),
    help="Set the priority (default normal); urgent messages are sent first.",
)
@click.option("--at", "send_at", type=MOMENT, help="Send at this time: 2026-12-24T18:00, 18:00 or +2h.")
@click.option("--valid-for", type=DURATION, help="Stop trying to send after this time: 90s, 15m, 2h, 3d.")
@click.option(
    "--flash",
    is_flag=True,
    default=None,
    help="Send as a flash message (class 0): shown at once, not stored by the phone.",
)
@click.option("--class", "class", type=click.IntRange(0, 3), help="Set the message class; 0 is the same as --flash.")
@click.option(
    "--encoding", type=click.Choice(["auto", "gsm7", "ucs2"]), help="Set the encoding (default auto: the shortest)."
)
@click.option(
    "--report/--no-report",
    "delivery_report",
    default=None,
    help="Request a delivery report (default: from the configuration).",
)
@click.option(
    "--ref", "client_ref", help="Set your own identifier; a message with the same identifier is never sent twice."
)
@click.option("--tag", "tags", multiple=True, help="Add a tag; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the message as JSON.")
@click.pass_context
@talks
def send(
    context: click.Context,
    /,
    to: str | None,
    text: str | None,
    file: str | None,
    wait: bool,
    timeout: int,
    as_json: bool,
    **fields: Any,
) -> None:
    """Send TEXT to the phone number TO. TEXT may be - for standard input.

    With --file FILE, send TEXT to each row of a CSV file. Its first line names the columns. The recipient is in a
    column named to, phone or number; {name} in TEXT is replaced by the cell in the column name.
    """
    mailing = {name: fields.pop(name) for name in ("dry_run", "skip_bad", "allow_empty", "run", "file_encoding")}
    fields["tags"] = list(fields["tags"]) or None
    if file is not None:
        if text is not None or wait:
            raise click.UsageError("--file takes TEXT, but neither TO nor --wait: gsmgw send --file FILE TEXT")
        _send_file(context, file, to, fields, as_json, **mailing)
        return
    if any(mailing.values()):
        raise click.UsageError("--dry-run, --skip-bad, --allow-empty, --run and --file-encoding need --file")
    if to is None:
        raise click.UsageError("Missing argument 'TO'.")
    if text == "-" or (text is None and not sys.stdin.isatty()):
        text = _standard_input()
    if text is None:
        fail("no text given: gsmgw send TO TEXT", USAGE)
    with connect(context) as client:
        cursor = client.stats()["last_event"] if wait else None
        message = client.send(to, text, **fields)
        if cursor is not None:
            message = _await_end(client, message, cursor, timeout)
    if as_json:
        print_json(message)
    else:
        _print_outcome(message)
    if wait and message["status"] not in _good_ends(message):
        sys.exit(FAILED if message["status"] in _ENDED else TIMED_OUT)


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").removesuffix("\n")
    except UnicodeDecodeError as exc:
        fail(
            f"standard input is not valid UTF-8: byte 0x{exc.object[exc.start]:02x} at offset {exc.start}. "
            "Convert it first: iconv -f LATIN1 -t UTF-8",
            USAGE,
        )


def _send_file(
    context: click.Context,
    file: str,
    text: str | None,
    fields: Json,
    as_json: bool,
    *,
    dry_run: bool,
    skip_bad: bool,
    allow_empty: bool,
    run: str,
    file_encoding: str | None,
) -> None:
    shared = {name: value for name, value in fields.items() if value is not None and name != "client_ref"}
    ref = fields["client_ref"]
    mailing = sendfile.load(file, text, shared, encoding=file_encoding, ref=ref, run=run, allow_empty=allow_empty)
    with connect(context) as client:
        if dry_run:
            sendfile.dry_run(client, mailing, as_json)
        sendfile.send_all(client, mailing, skip_bad=skip_bad, as_json=as_json)


def _await_end(client: Client, message: resources.Message, cursor: int, timeout_s: float) -> resources.Message:
    """Follow a message's events until it reaches a final state or ``timeout_s`` passes.

    An interruption is reported as such: the gateway has already accepted the message.
    """
    enough = _ENDED | _good_ends(message)
    try:
        with suppress(TimeoutError):
            for event in client.events(cursor, types=["message.*"], timeout_s=timeout_s):
                if event["message_id"] == message["id"] and event["type"].removeprefix("message.") in enough:
                    break
        return client.message(message["id"])
    except (NoDaemon, KeyboardInterrupt) as exc:
        cause = f"lost the connection to the gateway: {exc}" if isinstance(exc, NoDaemon) else "interrupted"
        say(f"gsmgw: {cause}", err=True)
        say(f"The message is accepted. To see its state: gsmgw show {message['id']}", err=True)
        return message


def _good_ends(message: resources.Message) -> set[str]:
    return {"delivered"} if message["delivery_report"] else {"sent", "delivered"}


def _print_outcome(message: resources.Message) -> None:
    line = f"{message['id']}  {message['status']}"
    if message["segments"] > 1:
        line += f", {message['segments']} segments"
    if error := message["error"]:
        line += f": {error['title']}"
    elif waiting := message.get("waiting_for"):
        line += f": {waiting['sentence']}"
    say(shown(line))


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
                message["status"],
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
    "--status", type=click.Choice(_STATUSES), multiple=True, help="List only messages in this state; may be repeated."
)
@click.option("--direction", type=click.Choice(["outbound", "inbound"]), help="List only this direction.")
@click.option("--peer", help="List only messages to or from this number.")
@click.option("--modem", help="List only messages of this modem.")
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
    for name in (
        "id", "direction", "status", "from", "to", "modem", "encoding", "segments", "priority", "client_ref",
        "created_at", "send_at", "sent_at", "delivered_at", "received_at",
    ):  # fmt: skip
        if message.get(name) is not None:
            say(f"{name:>14}  {shown(message[name])}")
    if error := message["error"]:
        say(f"{'error':>14}  {shown(error['title'])}")
    if waiting := message.get("waiting_for"):
        say(f"{'waiting for':>14}  {waiting['sentence']}")
    for number, line in enumerate(shown(_content(message), lines=True).split("\n")):
        say(f"{'' if number else 'text':>14}  {line}")
    for segment in message["segment_list"]:
        extra = f" as {segment['reference']}" if segment["reference"] is not None else ""
        reason = f": {shown(segment['error'])}" if segment["error"] else ""
        say(f"{'segment':>14}  {segment['number']} {segment['status']} by {segment['modem']}{extra}{reason}")
    for event in message["history"]:
        say(f"{local_time(event['at']):>14}  {describe_event(event)}")


def describe_event(event: resources.Event) -> str:
    """Return an event as one readable line."""
    data = event["data"]
    words = [event["type"]]
    if event["modem"]:
        words.append(f"[{event['modem']}]")
    if event["message_id"]:
        words.append(event["message_id"])
    if "from" in data:
        words.append(f"from {data['from']}")
    elif data.get("to"):
        words.append(f"to {data['to']}")
    for name in ("state", "detail", "waiting", "segment", "problem", "text"):
        if data.get(name) is not None:
            words.append(f"{name} {data[name]}" if name == "segment" else str(data[name]))
    if isinstance(error := data.get("error"), dict):
        words.append(str(error["title"]))
    return "  ".join(map(shown, words))


def _action(name: str, summary: str, brief: str | None = None) -> click.Command:
    @click.command(name, help=summary, short_help=brief)
    @click.argument("message_id", metavar="ID", type=NAME)
    @json_option
    @click.pass_context
    @talks
    def command(context: click.Context, message_id: str, as_json: bool) -> None:
        with connect(context) as client:
            message = client.act(message_id, name)
        print_json(message) if as_json else _print_outcome(message)

    return command


cancel = _action("cancel", "Cancel a message that is still waiting.")
retry = _action(
    "retry",
    "Send a failed, undelivered, expired or canceled message again.",
    "Send a failed, expired or canceled message again.",
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
    print_json(message) if as_json else _print_outcome(message)


@click.command()
@click.option(
    "--types",
    default="",
    help="Show only these event types, separated by commas; message.* for a group (default: all).",
)
@click.option("--after", type=int, help="Start after this event ID (default: now).")
@json_lines_option
@click.pass_context
@talks
def watch(context: click.Context, types: str, after: int | None, as_json: bool) -> None:
    """Follow events as they happen, until Ctrl-C."""
    with connect(context) as client:
        client.stats()  # fails at once if the gateway is not reachable
        try:
            _follow(client.events(after, [name for name in types.split(",") if name]), as_json)
        except KeyboardInterrupt:
            return


def _follow(events: Iterable[resources.Event], as_json: bool) -> None:
    for event in events:
        if as_json:
            print_json(event)
        else:
            say(f"{local_time(event['at'])}  {describe_event(event)}")


COMMANDS = (send, messages, inbox, show, cancel, retry, resolve, watch)
