"""gsmgw questions, and the options of commands that ask"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gsmgw.cli.common import json_lines_option, print_json, talks
from gsmgw.cli.contacts import limit_option, listed
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say, shown
from gsmgw.cli.params import NAME
from gsmgw.cli.waiting import local_moment

F = TypeVar("F", bound=Callable[..., Any])


def answer_options(command: F) -> F:
    """Add the options about the answers to a question."""
    for option in reversed(
        (
            click.option("--thanks", metavar="TEXT", help='With --ask: the answer to a value; "" sends none.'),
            click.option("--again", metavar="TEXT", help="With --ask: sent once if the answer cannot be read."),
            click.option(
                "--ask-hours",
                type=click.IntRange(1, 72),
                metavar="HOURS",
                help="With --ask: how long it can be answered (default 72).",
            ),
        )
    ):
        command = option(command)
    return command


def asked(given: dict[str, Any], field: str | None) -> dict[str, Any] | None:
    """Return what is asked; takes the options of :func:`answer_options` out of what was given."""
    thanks, again, hours = (given.pop(name) for name in ("thanks", "again", "ask_hours"))
    if field is None:
        if thanks is not None or again is not None or hours is not None:
            raise click.UsageError("--thanks, --again and --ask-hours need --ask")
        return None
    rest = {"hours": hours, "thanks": thanks, "again": again}
    return {"field": field, **{name: value for name, value in rest.items() if value is not None}}


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def questions(context: click.Context, as_json: bool) -> None:
    """List open questions to people, and close them."""
    listed(context, as_json, question_list)


@questions.command("list", short_help="List open questions by number.")
@limit_option
@json_lines_option
@click.pass_context
@talks
def question_list(context: click.Context, limit: int = 20, as_json: bool = False) -> None:
    """List open questions by number: the next text of that number sets the field."""
    with connect(context) as client:
        found = list(client.questions(limit=limit))
    if as_json:
        for each in found:
            print_json(each)
        return
    rows = [(each["number"], each["field"], local_moment(each["expires_at"])) for each in found]
    print_table(("number", "field", "until"), rows, "no open questions")


@questions.command("close")
@click.argument("number", type=NAME)
@click.pass_context
@talks
def question_close(context: click.Context, number: str) -> None:
    """Close the question to NUMBER: its next text sets nothing."""
    with connect(context) as client:
        client.close_question(number)
    say(f"the question to {shown(number)} is closed")
