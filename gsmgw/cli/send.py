"""gsmgw send"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from gsmgw.cli.common import print_json, talks
from gsmgw.cli.exits import FAILED, TIMED_OUT, USAGE, fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, say, shown
from gsmgw.cli.params import DURATION, MOMENT
from gsmgw.cli.questions import answer_options, asked
from gsmgw.cli.waiting import waits_for
from gsmgw.client import Client, NoDaemon
from gsmgw.digits import ascii_digits, is_digits

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources

Json = dict[str, Any]

#: Final states: without a command, they do not change.
ENDED = {"delivered", "undelivered", "failed", "expired", "canceled"}
#: Options that only --file has.
_OF_TABLES = ("skip_bad", "duplicates", "allow_empty", "run", "file_encoding", "language")
_EXAMPLE = 'gsmgw send +4915112345678 "Hello"'


@click.command()
@click.argument("to", required=False)
@click.argument("texts", metavar="[TEXT]", nargs=-1)
@click.option("--file", type=click.Path(dir_okay=False, allow_dash=True), help="Send to each row of this CSV file.")
@click.option("--dry-run", is_flag=True, help="Check and show what would be sent, without sending it.")
@click.option("--skip-bad", is_flag=True, help="With --file: skip rows with errors instead of sending nothing.")
@click.option(
    "--duplicates", is_flag=True, help="With --file: send a row again that repeats an earlier number and text."
)
@click.option("--allow-empty", is_flag=True, help="With --file: allow empty cells in columns that the text uses.")
@click.option(
    "--run", default="", help="With --file: name this run; rows already sent are sent again under a new name."
)
@click.option("--file-encoding", help="With --file: read the file in this encoding (default: detected).")
@click.option(
    "--language", help="With --file: write dates and money as in this language, for example de (default: yours)."
)
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
@click.option(
    "--purpose",
    type=click.Choice(["transactional", "marketing", "conversation"]),
    help="Set the purpose (default transactional).",
)
@click.option("--list", "list", help="With --purpose marketing: set the consent list, which people can opt out of.")
@click.option("--tag", "tags", multiple=True, help="Add a tag; may be repeated.")
@click.option("--ask", metavar="FIELD", help="The next text of the recipient sets this field of the contact.")
@answer_options
@click.option("--json", "as_json", is_flag=True, help="Print the message as JSON.")
@click.pass_context
@talks
def send(
    context: click.Context,
    /,
    to: str | None,
    texts: tuple[str, ...],
    file: str | None,
    dry_run: bool,
    wait: bool,
    timeout: int,
    as_json: bool,
    **fields: Any,
) -> None:
    """Send TEXT to the phone number TO. Put TEXT in quotes; - reads it from standard input.

    With --file FILE, send TEXT to each row of a CSV file. Its first line names the columns. The recipient is in a
    column named to, phone or number; {{ name }} or {name} in TEXT is replaced by the cell in the column name.
    """
    of_tables = {name: fields.pop(name) for name in _OF_TABLES}
    fields["ask"] = asked(fields, fields["ask"])
    fields["tags"] = list(fields["tags"]) or None
    if file is not None:
        if texts or wait:
            raise click.UsageError('--file takes TEXT, but neither TO nor --wait: gsmgw send --file FILE "TEXT"')
        _send_table(context, file, to, fields, as_json, dry_run, of_tables)
        return
    if any(of_tables.values()):
        raise click.UsageError(
            "--skip-bad, --duplicates, --allow-empty, --run, --file-encoding and --language need --file"
        )
    to, text = _recipient_and_text(to, texts)
    with connect(context) as client:
        if dry_run:
            _preview(client, to, text, fields, as_json)
        else:
            _send_one(client, to, text, fields, as_json, timeout if wait else None)


def _recipient_and_text(to: str | None, texts: Sequence[str]) -> tuple[str, str]:
    """Return the two arguments; the text may come from standard input."""
    if to is None:
        raise click.UsageError(f"Missing argument 'TO', the phone number: {_EXAMPLE}")
    if len(texts) > 1:
        raise click.UsageError(f'put the text in quotes: gsmgw send {to} "{" ".join(texts)}"')
    if texts and texts[0] != "-":
        return to, texts[0]
    if not any(map(is_digits, ascii_digits(to))):
        raise click.UsageError(f"{to!r} is not a phone number: {_EXAMPLE}")
    text = "" if not texts and sys.stdin.isatty() else _standard_input()
    if not text:
        fail(f"standard input is empty; pipe the text for {to} into the command" if texts else _no_text(to), USAGE)
    return to, text


def _no_text(to: str) -> str:
    return f'no text given: gsmgw send {to} "TEXT", or with the text on standard input: ... | gsmgw send {to} -'


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").removesuffix("\n")
    except UnicodeDecodeError as exc:
        fail(
            f"standard input is not valid UTF-8: byte 0x{exc.object[exc.start]:02x} at offset {exc.start}. "
            "Convert it first: iconv -f LATIN1 -t UTF-8",
            USAGE,
        )


def _send_table(
    context: click.Context,
    file: str,
    text: str | None,
    fields: Json,
    as_json: bool,
    dry_run: bool,
    options: Json,
) -> None:
    from gsmgw.cli import sendfile

    shared = {name: value for name, value in fields.items() if value is not None and name != "client_ref"}
    draft = sendfile.load(
        file,
        text,
        shared,
        encoding=options["file_encoding"],
        ref=fields["client_ref"],
        allow_empty=options["allow_empty"],
        language=options["language"],
    )
    with connect(context) as client:
        mailing = sendfile.check(client, draft, run=options["run"], duplicates=options["duplicates"])
        if dry_run:
            sendfile.dry_run(mailing, as_json)
        sendfile.send_all(client, mailing, skip_bad=options["skip_bad"], as_json=as_json)


def _preview(client: Client, to: str, text: str, fields: Json, as_json: bool) -> None:
    """Check one message and show what would be sent. Exits with 1 if the gateway would refuse it."""
    body = {name: value for name, value in {"to": to, "text": text, **fields}.items() if value is not None}
    seen = client.preview_many([body])[0]
    if "to" not in seen:
        fail(str(seen["error"]["detail"]).removeprefix("message 0: "))
    found = client.preview(**body)
    if as_json:
        print_json({"to": seen["to"], **found})
        return
    say(f"{seen['to']}  {found['encoding']}, {count(found['segments'], 'segment')}, {found['units_left']} units left")
    for number, part in enumerate(found["texts"], 1):
        say(f"{number:>9}  {shown(part)}")
    if found["forcing"]:
        say(f"  because of  {' '.join(found['forcing'])}: not in the GSM alphabet, so each segment holds less")
    say("nothing sent", err=True)


def _send_one(client: Client, to: str, text: str, fields: Json, as_json: bool, timeout_s: float | None) -> None:
    """Send one message, and wait for its end at most ``timeout_s``. Exits with 1 if it failed, with 4 if unknown."""
    cursor = None if timeout_s is None else client.stats()["last_event"]
    message = client.send(to, text, **fields)
    broken_off = None
    if cursor is not None and timeout_s is not None:
        message, broken_off = _await_end(client, message, cursor, timeout_s)
    if as_json:
        print_json(message)
    else:
        print_outcome(message)
    if timeout_s is None or message["status"] in _good_ends(message):
        return
    if message["status"] in ENDED:
        sys.exit(FAILED)
    if broken_off is None:
        goal = "delivered" if message["delivery_report"] else "sent"
        broken_off = f"not {goal} within {timeout_s:g} s"
    say(f"gsmgw: {broken_off}", err=True)
    say(f"The message is accepted. To see its state: gsmgw show {message['id']}", err=True)
    sys.exit(TIMED_OUT)


def _await_end(
    client: Client, message: resources.Message, cursor: int, timeout_s: float
) -> tuple[resources.Message, str | None]:
    """Follow a message's events until its end or the timeout. Return its last known state, and what broke this off."""
    enough = ENDED | _good_ends(message)
    try:
        with suppress(TimeoutError):
            for event in client.events(cursor, types=["message.*"], timeout_s=timeout_s):
                if event["message_id"] == message["id"] and event["type"].removeprefix("message.") in enough:
                    break
        return client.message(message["id"]), None
    except NoDaemon as exc:
        return message, f"lost the connection to the gateway: {exc}"
    except KeyboardInterrupt:
        return message, "interrupted"


def _good_ends(message: resources.Message) -> set[str]:
    return {"delivered"} if message["delivery_report"] else {"sent", "delivered"}


def print_outcome(message: resources.Message) -> None:
    """Print a message's status in one line, with its error or what it waits for."""
    line = f"{message['id']}  {message['status']}"
    if message["segments"] > 1:
        line += f", {message['segments']} segments"
    if error := message["error"]:
        line += f": {error['title']}"
    elif waiting := waits_for(message):
        line += f": {waiting}"
    say(shown(line.replace("scheduled: scheduled for", "scheduled for")))
