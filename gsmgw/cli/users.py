"""gsmgw users"""

from __future__ import annotations

import sys
from typing import Any

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say
from gsmgw.cli.params import NAME
from gsmgw.cli.waiting import local_time

ROLE = click.Choice(["owner", "operator", "viewer"])
_LINE_ENDS = "\r\n"


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def users(context: click.Context, as_json: bool) -> None:
    """List, add and change the people who sign in."""
    if context.invoked_subcommand is None:
        context.invoke(listing, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"put --json at the end: gsmgw users {context.invoked_subcommand} ... --json")


@users.command("list")
@json_lines_option
@click.pass_context
@talks
def listing(context: click.Context, as_json: bool = False) -> None:
    """List the users."""
    with connect(context) as client:
        found = client.users()
    if as_json:
        for user in found:
            print_json(user)
        return
    rows = [
        (
            user["name"],
            user["role"] + (" (disabled)" if user["disabled"] else ""),
            user["language"] or "",
            user["time_zone"] or "",
            local_time(user["signed_in_at"]) or "never",
        )
        for user in found
    ]
    print_table(
        ("name", "role", "language", "time zone", "last sign-in"), rows, "no users; add one: gsmgw users add NAME"
    )


def _password(*, from_stdin: bool) -> str:
    """Ask for a new password twice, or read it from standard input."""
    if from_stdin:
        text = sys.stdin.readline().rstrip(_LINE_ENDS)
        if not text:
            raise click.UsageError("standard input has no password in its first line")
        return text
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


stdin_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of standard input (default: ask)."
)


@users.command()
@json_option
@click.pass_context
@talks
def code(context: click.Context, as_json: bool) -> None:
    """Print the code for the first account. The dashboard asks for it; it is valid for an hour."""
    with connect(context) as client:
        made = client.create_setup_code()
    if as_json:
        print_json(made)
        return
    say(made["code"])


@users.command()
@click.argument("name", metavar="NAME", type=NAME)
@click.option(
    "--role",
    type=ROLE,
    default="operator",
    help="owner may do everything, operator sends and reads, viewer reads (default operator).",
)
@click.option("--language", help="Show pages in this language: en, de.")
@click.option("--time-zone", help="Show times in this time zone: Europe/Berlin.")
@stdin_option
@json_option
@click.pass_context
@talks
def add(context: click.Context, /, name: str, password_stdin: bool, as_json: bool, **fields: Any) -> None:
    """Add the user NAME. Asks for the password, at least 8 characters."""
    password = _password(from_stdin=password_stdin)
    with connect(context) as client:
        made = client.create_user(name, password, **fields)
    if as_json:
        print_json(made)
    else:
        say(f"{made['name']} added with the role {made['role']}")


@users.command("password", short_help="Set a new password and end all sessions.")
@click.argument("name", metavar="NAME", type=NAME)
@stdin_option
@click.pass_context
@talks
def set_password(context: click.Context, name: str, password_stdin: bool) -> None:
    """Set a new password for the user NAME and end all sessions of the user."""
    _update(context, name, {"password": _password(from_stdin=password_stdin)})
    say(f"password of {name} changed; all sessions of {name} have ended")


@users.command("role")
@click.argument("name", metavar="NAME", type=NAME)
@click.argument("role", type=ROLE)
@click.pass_context
@talks
def set_role(context: click.Context, name: str, role: str) -> None:
    """Give the user NAME the ROLE owner, operator or viewer."""
    _update(context, name, {"role": role})
    say(f"{name} has the role {role}")


@users.command()
@click.argument("name", metavar="NAME", type=NAME)
@click.pass_context
@talks
def disable(context: click.Context, name: str) -> None:
    """Disable the user NAME and end all sessions of the user."""
    _update(context, name, {"disabled": True})
    say(f"{name} disabled; all sessions of {name} have ended")


@users.command()
@click.argument("name", metavar="NAME", type=NAME)
@click.pass_context
@talks
def enable(context: click.Context, name: str) -> None:
    """Enable the user NAME again."""
    _update(context, name, {"disabled": False})
    say(f"{name} enabled")


def _update(context: click.Context, name: str, fields: dict[str, Any]) -> None:
    with connect(context) as client:
        client.change_user(name, **fields)


@users.command()
@click.argument("name", metavar="NAME", type=NAME)
@click.pass_context
@talks
def remove(context: click.Context, name: str) -> None:
    """Remove the user NAME and end all sessions of the user."""
    with connect(context) as client:
        client.delete_user(name)
    say(f"{name} removed")


@users.command("sessions")
@click.argument("name", metavar="[NAME]", required=False)
@json_lines_option
@click.pass_context
@talks
def list_sessions(context: click.Context, name: str | None, as_json: bool) -> None:
    """List the sessions, of the user NAME or of all users."""
    with connect(context) as client:
        wanted = None if name is None else client.user(name)["name"]
        found = [each for each in client.sessions() if wanted in (None, each["user"])]
    if as_json:
        for session in found:
            print_json(session)
        return
    rows = [
        (
            str(session["id"]),
            session["user"],
            session["from"],
            local_time(session["created_at"]),
            local_time(session["last_used_at"]),
            local_time(session["expires_at"]),
            session["agent"],
        )
        for session in found
    ]
    print_table(("id", "user", "from", "signed in", "last used", "expires", "program"), rows, "no sessions")


@users.command()
@click.argument("session", metavar="SESSION", type=click.IntRange(1))
@click.pass_context
@talks
def revoke(context: click.Context, session: int) -> None:
    """End the session with the ID SESSION."""
    with connect(context) as client:
        client.end_session(session)
    say(f"session {session} ended")
