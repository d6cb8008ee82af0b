"""gsmgw wait"""

from __future__ import annotations

import click

from gsmgw.cli.common import json_option, print_json, talks
from gsmgw.cli.exits import TIMED_OUT, fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import say, shown
from gsmgw.cli.params import Duration, Moment
from gsmgw.client import ApiError


@click.command(short_help="Wait for a received message and print its text.")
@click.option("--from", "sender", metavar="NUMBER", help="Wait for a message from this number or name.")
@click.option(
    "--match", metavar="TEXT", help="Wait for a text that contains this, or that matches /a regular expression/."
)
@click.option("--modem", help="Wait for a message to this modem.")
@click.option("--since", type=Moment(past=True), help="Also take a message received since this time: 18:00 or -2m.")
@click.option("--timeout", type=Duration(), default="60s", help="Wait at most this long (default 60s, at most 300s).")
@click.option("--code", "code_only", is_flag=True, help="Print only the one-time code in the text.")
@json_option
@click.pass_context
@talks
def wait(
    context: click.Context,
    sender: str | None,
    match: str | None,
    modem: str | None,
    since: str | None,
    timeout: int,
    code_only: bool,
    as_json: bool,
) -> None:
    """Wait for a received message and print its text.

    For people who test sign-ups: the text of a service arrives, and --code prints the one-time code in it. Exit code 4
    if no message arrived in time.
    """
    with connect(context) as client:
        try:
            found = client.wait(sender=sender, match=match, modem=modem, since=since, timeout_s=timeout)
        except ApiError as exc:
            if exc.code != "no_message":
                raise
            fail(exc.detail, TIMED_OUT)
    if as_json:
        print_json(found)
    elif code_only:
        if found["code"] is None:
            fail(f"the message {found['id']} contains no one-time code: {shown(found['text'] or '')}")
        say(found["code"])
    else:
        say(shown(found["text"] or ""))
