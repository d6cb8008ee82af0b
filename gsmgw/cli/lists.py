"""gsmgw lists"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say
from gsmgw.cli.params import NAME

_REPLIES = ("stop_reply", "start_reply", "help_reply", "question")


class _Reply(click.ParamType[tuple[str, str]]):
    """A text in one language."""

    name = "lang=text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return the language and the text."""
        language, _, text = str(value).partition("=")
        if not re.fullmatch("[a-z]{2}", language) or not text:
            self.fail(f'{value!r} must be a language and a text: de="Sie sind abgemeldet."', param, ctx)
        return language, text


_REPLY = _Reply()


@click.group(invoke_without_command=True, short_help="List and change consent lists.")
@json_lines_option
@click.pass_context
def lists(context: click.Context, as_json: bool) -> None:
    """List, set and delete consent lists: what people can join and opt out of by name."""
    if context.invoked_subcommand is None:
        context.invoke(listing, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"put --json at the end: gsmgw lists {context.invoked_subcommand} ... --json")


@lists.command("list")
@json_lines_option
@click.pass_context
@talks
def listing(context: click.Context, as_json: bool) -> None:
    """List the consent lists."""
    with connect(context) as client:
        found = client.consent_lists()
    if as_json:
        for each in found:
            print_json(each)
        return
    rows = [(each["name"], "yes" if each["double_opt_in"] else "no", ", ".join(each["keywords"])) for each in found]
    print_table(("name", "double opt-in", "keywords"), rows, "no lists")


@lists.command("set")
@click.argument("name", type=NAME)
@click.option(
    "--keyword", "keywords", multiple=True, help="Let STOP and START with this word mean the list; repeatable."
)
@click.option("--double-opt-in", is_flag=True, help="Ask a question after START; only YES joins the list.")
@click.option("--stop-reply", type=_REPLY, multiple=True, help='Answer STOP with this text: de="Bis bald"; repeatable.')
@click.option("--start-reply", type=_REPLY, multiple=True, help="Answer START with this text; repeatable.")
@click.option("--help-reply", type=_REPLY, multiple=True, help="Answer HELP with this text; repeatable.")
@click.option("--question", type=_REPLY, multiple=True, help="Ask with this text in a double opt-in; repeatable.")
@json_option
@click.pass_context
@talks
def set_(
    context: click.Context, /, name: str, keywords: Sequence[str], double_opt_in: bool, as_json: bool, **replies: Any
) -> None:
    """Create or replace the list NAME. Replies that you leave out are the default ones."""
    texts = {kind: dict(replies[kind]) for kind in _REPLIES}
    with connect(context) as client:
        found = client.put_consent_list(name, keywords=list(keywords), double_opt_in=double_opt_in, **texts)
    if as_json:
        print_json(found)
    else:
        say(f"list {name} saved. People leave it with: STOP {(found['keywords'] or [name])[0]}")


@lists.command()
@click.argument("name", type=NAME)
@click.pass_context
@talks
def delete(context: click.Context, name: str) -> None:
    """Delete the list NAME. Its opt-outs are kept."""
    with connect(context) as client:
        client.delete_consent_list(name)
    say(f"list {name} deleted")
