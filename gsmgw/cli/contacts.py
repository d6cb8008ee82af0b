"""gsmgw contacts"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from gsmgw.cli import contact_files
from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say, shown
from gsmgw.cli.params import NAME
from gsmgw.cli.waiting import local_moment
from gsmgw.client import ApiError, Client

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources

limit_option = click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of results."
)
_TYPES = ["text", "number", "date", "boolean", "choice"]


def print_contacts(found: Iterable[resources.Contact], as_json: bool, empty: str) -> None:
    """Print contacts as a table or as JSON."""
    if as_json:
        for contact in found:
            print_json(contact)
        return
    rows = [
        (contact["number"], contact["name"], ", ".join(contact["groups"]), _values(contact["fields"]))
        for contact in found
    ]
    print_table(("number", "name", "groups", "fields"), rows, empty)


def _values(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in fields.items())


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def listed(context: click.Context, as_json: bool, listing: click.Command) -> None:
    """Run the listing of a group of commands that was called without one of them."""
    if context.invoked_subcommand is None:
        context.invoke(listing, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"put --json at the end: {context.command_path} {context.invoked_subcommand} ... --json")


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def contacts(context: click.Context, as_json: bool) -> None:
    """List, change, import and export the people who are texted."""
    listed(context, as_json, contact_list)


@contacts.command("list")
@click.option("--search", "q", metavar="WORDS", help="List only contacts with these words in name, number or fields.")
@click.option("--group", help="List only the members of this group.")
@click.option("--segment", help="List only the contacts in this segment: 'city = \"Ulm\" and last_reply < 30d'.")
@limit_option
@json_lines_option
@click.pass_context
@talks
def contact_list(
    context: click.Context,
    /,
    q: str | None = None,
    group: str | None = None,
    segment: str | None = None,
    limit: int = 20,
    as_json: bool = False,
) -> None:
    """List contacts, newest first."""
    with connect(context) as client:
        print_contacts(list(client.contacts(limit=limit, q=q, group=group, segment=segment)), as_json, "no contacts")


@contacts.command("show")
@click.argument("contact", metavar="NUMBER", type=NAME)
@json_option
@click.pass_context
@talks
def contact_show(context: click.Context, contact: str, as_json: bool) -> None:
    """Show the contact of NUMBER, or with this ID."""
    with connect(context) as client:
        print_contact(client.contact(contact), as_json)


def print_contact(contact: resources.Contact, as_json: bool) -> None:
    """Print one contact."""
    if as_json:
        print_json(contact)
        return
    lines = [
        ("id", contact["id"]),
        ("number", contact["number"]),
        ("name", contact["name"]),
        ("language", contact["language"]),
        ("time zone", contact["time_zone"]),
        ("groups", ", ".join(contact["groups"])),
        *((name, _value(value)) for name, value in contact["fields"].items()),
        ("created", local_moment(contact["created_at"])),
        ("changed", local_moment(contact["changed_at"])),
    ]
    for name, value in lines:
        if value:
            say(f"{name:>14}  {shown(value)}")


@contacts.command("set", short_help="Create or change a contact.")
@click.argument("number", metavar="NUMBER", type=NAME)
@click.option("--name", help="Set the name.")
@click.option("--language", metavar="TAG", help="Set the language: de, en, pt-BR.")
@click.option("--time-zone", metavar="ZONE", help="Set the time zone: Europe/Berlin.")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="Set a declared field; may be repeated.")
@click.option("--group", "groups", multiple=True, help="Add it to this group; may be repeated.")
@click.option("--no-group", "left", multiple=True, metavar="GROUP", help="Remove it from this group; may be repeated.")
@json_option
@click.pass_context
@talks
def contact_set(
    context: click.Context,
    /,
    number: str,
    fields: tuple[str, ...],
    groups: tuple[str, ...],
    left: tuple[str, ...],
    as_json: bool,
    **person: str | None,
) -> None:
    """Create the contact of NUMBER, or change what is given. An empty value (--name "") removes what is known."""
    given = dict(pair(field) for field in fields)
    with connect(context) as client:
        types = {field["name"]: field["type"] for field in client.fields()} if given else {}
        changes: dict[str, Any] = {name: value or None for name, value in person.items() if value is not None}
        changes["fields"] = {name: typed(value, types.get(name)) for name, value in given.items()}
        before = _existing(client, number)
        if before is None:
            wanted = {name: value for name, value in changes.items() if value is not None}
            contact = client.create_contact(number, **wanted, groups=list(groups))
        else:
            kept = [name for name in before["groups"] if name.casefold() not in {each.casefold() for each in left}]
            contact = client.change_contact(before["id"], **changes, groups=[*kept, *groups])
    print_contact(contact, as_json)


def _existing(client: Client, number: str) -> resources.Contact | None:
    try:
        return client.contact(number)
    except ApiError as exc:
        if exc.status != 404:
            raise
        return None


def pair(text: str) -> tuple[str, str]:
    """Return name and value of ``--field``."""
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--field")
    return name.strip(), value.strip()


def typed(text: str, kind: str | None) -> bool | int | float | str | None:
    """Return the JSON value of a field that a text on the command line stands for; None for an empty one."""
    if not text:
        return None
    if kind == "boolean" and text.lower() in ("true", "yes", "1", "false", "no", "0"):
        return text.lower() in ("true", "yes", "1")
    if kind == "number":
        for number in (int, float):
            try:
                return number(text)
            except ValueError:
                continue
    return text


@contacts.command("delete")
@click.argument("contact", metavar="NUMBER", type=NAME)
@click.pass_context
@talks
def contact_delete(context: click.Context, contact: str) -> None:
    """Delete the contact of NUMBER. Its messages stay."""
    with connect(context) as client:
        client.delete_contact(contact)
    say(f"{contact} deleted")


@contacts.command("merge")
@click.argument("contact", metavar="NUMBER", type=NAME)
@click.argument("other", metavar="OTHER", type=NAME)
@json_option
@click.pass_context
@talks
def contact_merge(context: click.Context, contact: str, other: str, as_json: bool) -> None:
    """Merge the contact OTHER into the one of NUMBER, and delete OTHER."""
    with connect(context) as client:
        print_contact(client.merge_contacts(contact, other), as_json)


@contacts.group("fields", invoke_without_command=True)
@json_lines_option
@click.pass_context
def fields(context: click.Context, as_json: bool) -> None:
    """List, declare and delete the fields that contacts may have."""
    listed(context, as_json, field_list)


@fields.command("list")
@json_lines_option
@click.pass_context
@talks
def field_list(context: click.Context, as_json: bool = False) -> None:
    """List the declared fields."""
    with connect(context) as client:
        found = client.fields()
    if as_json:
        for field in found:
            print_json(field)
        return
    rows = [
        (field["name"], field["type"], "yes" if field["searchable"] else "no", ", ".join(field["choices"]))
        for field in found
    ]
    print_table(("name", "type", "searchable", "choices"), rows, "no fields")


@fields.command("set", short_help="Declare or change a field.")
@click.argument("name", metavar="NAME", type=NAME)
@click.argument("type_", metavar="TYPE", type=click.Choice(_TYPES))
@click.option("--choice", "choices", multiple=True, help="A value of a choice; may be repeated.")
@click.option("--searchable", is_flag=True, help="Find contacts by this field with contacts list --search.")
@json_option
@click.pass_context
@talks
def field_set(
    context: click.Context, name: str, type_: str, choices: tuple[str, ...], searchable: bool, as_json: bool
) -> None:
    """Declare the field NAME or change it. TYPE is text, number, date, boolean or choice."""
    with connect(context) as client:
        field = client.put_field(name, type_, choices=choices, searchable=searchable)
    print_json(field) if as_json else say(f"{field['name']} is a field of the type {field['type']}")


@fields.command("delete")
@click.argument("name", metavar="NAME", type=NAME)
@click.pass_context
@talks
def field_delete(context: click.Context, name: str) -> None:
    """Delete the field NAME, with its values in all contacts."""
    with connect(context) as client:
        client.delete_field(name)
    say(f"{name} deleted")


for command in (contact_files.contact_import, contact_files.contact_export, contact_files.contact_undo):
    contacts.add_command(command)
