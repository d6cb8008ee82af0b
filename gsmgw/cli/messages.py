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
from gsmgw.cli.params import MOMENT, NAME, PAST, SPAN
from gsmgw.client import Client, NoDaemon
from gsmgw.wire import resources

Json = dict[str, Any]

#: States in which nothing more will happen to a message by itself.
_ENDED = {"delivered", "undelivered", "failed", "expired", "canceled"}
_STATUSES = [
    "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "unknown", "failed", "expired", "canceled",
    "received",
]  # fmt: skip


@click.command()
@click.argument("to", required=False)
@click.argument("text", required=False)
@click.option("--file", type=click.Path(dir_okay=False, allow_dash=True), help="Send to each row of a CSV file.")
@click.option("--dry-run", is_flag=True, help="With --file: show what would be sent, and send nothing.")
@click.option("--skip-bad", is_flag=True, help="With --file: leave rows with errors out, instead of sending none.")
@click.option("--allow-empty", is_flag=True, help="With --file: cells that the text uses may be empty.")
@click.option("--run", default="", help="With --file: a name; the same rows are sent anew under another one.")
@click.option("--file-encoding", help="With --file: its encoding, where it is not found out right.")
@click.option("--wait", is_flag=True, help="Wait until it is delivered (sent, where no report is asked for).")
@click.option("--timeout", type=SPAN, default=120, show_default=True, help="How long to wait: 90s, 15m.")
@click.option("--modem", help="Send through this modem only.")
@click.option("--pool", help="Send through the modems of this pool.")
@click.option("--priority", type=click.Choice(["urgent", "normal", "bulk"]), help="Urgent ones overtake the others.")
@click.option("--at", "send_at", type=MOMENT, help="Not before: 2026-12-24T18:00, 18:00 or +2h.")
@click.option("--valid-for", type=SPAN, help="Give up after: 90s, 15m, 2h, 3d.")
@click.option("--flash", is_flag=True, default=None, help="Class 0: shown at once, not stored.")
@click.option("--class", "class", type=click.IntRange(0, 3), help="Message class; 0 is the same as --flash.")
@click.option(
    "--encoding", type=click.Choice(["auto", "gsm7", "ucs2"]), help="How it is encoded; auto takes what is shorter."
)
@click.option("--report/--no-report", "delivery_report", default=None, help="Ask for a delivery report.")
@click.option("--ref", "client_ref", help="Your own identifier; the same one is never sent twice.")
@click.option("--tag", "tags", multiple=True, help="A tag, more than once if you like.")
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
    """Send TEXT to the number TO. TEXT may be - for standard input.

    With --file FILE, send TEXT to each row of a CSV file whose first line names the columns: one of them is to, phone
    or number, and {name} in TEXT stands for the cell of the column name.
    """
    mailing = {name: fields.pop(name) for name in ("dry_run", "skip_bad", "allow_empty", "run", "file_encoding")}
    fields["tags"] = list(fields["tags"]) or None
    if file is not None:
        if text is not None or wait:
            raise click.UsageError("--file takes one TEXT, no TO and no --wait: gsmgw send --file FILE TEXT")
        _send_file(context, file, to, fields, as_json, **mailing)
        return
    if any(mailing.values()):
        raise click.UsageError("--dry-run, --skip-bad, --allow-empty, --run and --file-encoding belong to --file")
    if to is None:
        raise click.UsageError("Missing argument 'TO'.")
    if text == "-" or (text is None and not sys.stdin.isatty()):
        text = _standard_input()
    if text is None:
        fail("there is no text: gsmgw send TO TEXT", USAGE)
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
            f"standard input: octet 0x{exc.object[exc.start]:02x} at offset {exc.start} is not UTF-8; "
            "convert it first: iconv -f LATIN1 -t UTF-8",
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
    """Follow a message by its events until it has ended, or the time is over.

    What ends the waiting early is told: the message is the gateway's by then, and must not look as if it were not.
    """
    enough = _ENDED | _good_ends(message)
    try:
        with suppress(TimeoutError):
            for event in client.events(cursor, types=["message.*"], timeout_s=timeout_s):
                if event["message_id"] == message["id"] and event["type"].removeprefix("message.") in enough:
                    break
        return client.message(message["id"])
    except (NoDaemon, KeyboardInterrupt) as exc:
        cause = f"the gateway does not answer any more: {exc}" if isinstance(exc, NoDaemon) else "interrupted"
        say(f"gsmgw: {cause}", err=True)
        say(f"The message was accepted before. What became of it: gsmgw show {message['id']}", err=True)
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
    """The text; of a message of data its size, for it is not to be read."""
    if message["text"] is not None:
        return str(message["text"])
    return f"({len(b64decode(message.get('data') or ''))} octets of data for port {message.get('port')})"


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
    "--status", type=click.Choice(_STATUSES), multiple=True, help="In this state; more than once for several."
)
@click.option("--direction", type=click.Choice(["outbound", "inbound"]), help="Only those sent, or those received.")
@click.option("--peer", help="Only this number.")
@click.option("--modem", help="Only this modem.")
@click.option("--since", type=PAST, help="Accepted or received from then on: 2026-12-01, 18:00 or -2h.")
@click.option("--until", type=PAST, help="And before then.")
@click.option("--search", "q", metavar="WORDS", help='Only texts with all of these words; "a phrase", begin*.')
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="So many at the most.")
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
@click.option("--peer", help="Only from this number.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="So many at the most.")
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
    """Show one message with its segments and its history."""
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
    """An event as a line for people."""
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


cancel = _action("cancel", "Take back a message that has not begun to leave.")
retry = _action(
    "retry",
    "Queue a failed, undelivered, expired or canceled message again.",
    "Queue what ended without success again.",
)


@click.command(short_help="Settle what may or may not be on the air.")
@click.argument("message_id", metavar="ID", type=NAME)
@click.argument("action", type=click.Choice(["resend", "leave"]))
@json_option
@click.pass_context
@talks
def resolve(context: click.Context, message_id: str, action: str, as_json: bool) -> None:
    """Settle a message that may or may not be on the air: send it again, or leave it as sent."""
    with connect(context) as client:
        message = client.act(message_id, "resolve", {"action": action})
    print_json(message) if as_json else _print_outcome(message)


@click.command()
@click.option("--types", default="", help="Comma-separated types, message.* for all of a kind.")
@click.option("--after", type=int, help="From behind this event on, instead of from now.")
@json_lines_option
@click.pass_context
@talks
def watch(context: click.Context, types: str, after: int | None, as_json: bool) -> None:
    """Follow what happens, until Ctrl-C."""
    with connect(context) as client:
        client.stats()  # a daemon that is not there is said at once
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
