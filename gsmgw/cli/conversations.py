"""gsmgw conversations, answers"""

from __future__ import annotations

from typing import Any

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say
from gsmgw.cli.params import NAME
from gsmgw.cli.waiting import local_time

peer_argument = click.argument("peer", metavar="PEER", type=NAME)


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def conversations(context: click.Context, as_json: bool) -> None:
    """List, read, assign and close conversations."""
    if context.invoked_subcommand is None:
        context.invoke(listing, limit=20, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"put --json at the end: gsmgw conversations {context.invoked_subcommand} ... --json")


@conversations.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of results.")
@click.option("--unread", is_flag=True, help="List only conversations with unread messages.")
@click.option("--state", type=click.Choice(["open", "closed"]), help="List only conversations in this state.")
@click.option("--assigned-to", metavar="USER", help="List only conversations of this user.")
@click.option("--unassigned", is_flag=True, help="List only conversations that nobody has.")
@click.option("--modem", help="List only conversations whose latest received message came through this modem.")
@click.option("--search", "q", metavar="WORDS", help="Find words of a text, a number or a name.")
@json_lines_option
@click.pass_context
@talks
def listing(context: click.Context, /, limit: int, as_json: bool, **filters: Any) -> None:
    """List conversations, newest first, each with its latest message."""
    with connect(context) as client:
        found = list(client.conversations(limit=limit, **{key: value or None for key, value in filters.items()}))
    if as_json:
        for entry in found:
            print_json(entry)
        return
    rows = []
    for entry in found:
        last = entry["last_message"]
        inbound = last["direction"] == "inbound"
        moment = local_time(last["received_at"] or last["created_at"])
        state = ", ".join(_state(entry))
        rows.append((entry["peer"], moment, state, "from" if inbound else "to", last["status"], last["text"]))
    print_table(("peer", "time", "state", "", "status", "text"), rows, "no conversations")


def _state(entry: Any) -> list[str]:
    words = [f"{entry['unread']} unread"] if entry["unread"] else []
    words += ["closed"] if entry["state"] == "closed" else []
    return words + ([entry["assigned_to"]] if entry["assigned_to"] else [])


@conversations.command()
@peer_argument
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Maximum number of rows.")
@json_option
@click.pass_context
@talks
def show(context: click.Context, peer: str, limit: int, as_json: bool) -> None:
    """Show the conversation with PEER: messages and notes, oldest first."""
    with connect(context) as client:
        found = client.conversation(peer, limit=limit)
    if as_json:
        print_json(found)
        return
    say(f"{found['peer']}  {found['state']}, {found['unread']} unread, assigned to {found['assigned_to'] or 'nobody'}")
    rows = [
        (
            message["received_at"] or message["created_at"],
            "from" if message["direction"] == "inbound" else "to",
            message["status"],
            message["text"],
        )
        for message in found["messages"]
    ] + [(note["at"], "note", note["author"], note["text"]) for note in found["notes"]]
    shown = [(local_time(moment), *rest) for moment, *rest in sorted(rows, key=lambda row: row[0])]
    print_table(("time", "", "status", "text"), shown, "no messages")


@conversations.command()
@peer_argument
@click.option("--undo", is_flag=True, help="Mark the latest received message as unread.")
@click.pass_context
@talks
def read(context: click.Context, peer: str, undo: bool) -> None:
    """Mark the messages of PEER as read."""
    _update(context, peer, read=not undo)
    say(f"{peer} marked as {'unread' if undo else 'read'}")


@conversations.command()
@peer_argument
@click.argument("user", metavar="[USER]", required=False)
@click.option("--nobody", is_flag=True, help="Assign it to nobody.")
@click.pass_context
@talks
def assign(context: click.Context, peer: str, user: str | None, nobody: bool) -> None:
    """Assign the conversation with PEER to USER."""
    if nobody is (user is not None):
        raise click.UsageError("name a USER, or use --nobody")
    _update(context, peer, assigned_to=user)
    say(f"{peer} assigned to {user or 'nobody'}")


@conversations.command()
@peer_argument
@click.pass_context
@talks
def close(context: click.Context, peer: str) -> None:
    """Close the conversation with PEER. The next received message opens it again."""
    _update(context, peer, state="closed")
    say(f"{peer} closed")


@conversations.command("open")
@peer_argument
@click.pass_context
@talks
def reopen(context: click.Context, peer: str) -> None:
    """Open the conversation with PEER again."""
    _update(context, peer, state="open")
    say(f"{peer} opened")


@conversations.command()
@peer_argument
@click.argument("text", metavar="TEXT")
@json_option
@click.pass_context
@talks
def note(context: click.Context, peer: str, text: str, as_json: bool) -> None:
    """Add the note TEXT to the conversation with PEER. It is never sent."""
    with connect(context) as client:
        made = client.add_note(peer, text)
    if as_json:
        print_json(made)
    else:
        say(f"note added to {peer}; it is not sent")


def _update(context: click.Context, peer: str, **fields: Any) -> None:
    with connect(context) as client:
        client.update_conversation(peer, **fields)


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def answers(context: click.Context, as_json: bool) -> None:
    """List, add and delete canned answers."""
    if context.invoked_subcommand is None:
        context.invoke(list_answers, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"put --json at the end: gsmgw answers {context.invoked_subcommand} ... --json")


@answers.command("list")
@json_lines_option
@click.pass_context
@talks
def list_answers(context: click.Context, as_json: bool) -> None:
    """List the canned answers."""
    with connect(context) as client:
        found = client.answers()
    if as_json:
        for answer in found:
            print_json(answer)
        return
    print_table(("name", "text"), [(answer["name"], answer["text"]) for answer in found], "no canned answers")


@answers.command("set")
@click.argument("name", metavar="NAME", type=NAME)
@click.argument("text", metavar="TEXT")
@click.pass_context
@talks
def set_answer(context: click.Context, name: str, text: str) -> None:
    """Add the canned answer NAME, or replace its text."""
    with connect(context) as client:
        client.put_answer(name, text)
    say(f"{name} saved")


@answers.command()
@click.argument("name", metavar="NAME", type=NAME)
@click.pass_context
@talks
def delete(context: click.Context, name: str) -> None:
    """Delete the canned answer NAME."""
    with connect(context) as client:
        client.delete_answer(name)
    say(f"{name} deleted")
