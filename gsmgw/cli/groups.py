"""gsmgw groups, segments"""

from __future__ import annotations

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.contacts import limit_option, listed, print_contacts
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, print_table, say
from gsmgw.cli.params import NAME


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def groups(context: click.Context, as_json: bool) -> None:
    """List, create and change groups of contacts."""
    listed(context, as_json, group_list)


@groups.command("list")
@json_lines_option
@click.pass_context
@talks
def group_list(context: click.Context, as_json: bool = False) -> None:
    """List the groups with the number of their members."""
    with connect(context) as client:
        found = client.groups()
    if as_json:
        for group in found:
            print_json(group)
        return
    print_table(
        ("name", "members", "segment"),
        [(each["name"], each["members"], each["segment"]) for each in found],
        "no groups",
    )


@groups.command("create")
@click.argument("name", metavar="NAME", type=NAME)
@click.option("--segment", help="Make it a smart group: all contacts that match this segment are in it.")
@json_option
@click.pass_context
@talks
def group_create(context: click.Context, name: str, segment: str | None, as_json: bool) -> None:
    """Create the group NAME."""
    with connect(context) as client:
        group = client.create_group(name, segment)
    print_json(group) if as_json else say(f"{group['name']} created, {count(group['members'] or 0, 'member')}")


@groups.command("members")
@click.argument("name", metavar="NAME", type=NAME)
@limit_option
@json_lines_option
@click.pass_context
@talks
def group_members(context: click.Context, name: str, limit: int, as_json: bool) -> None:
    """List the members of the group NAME."""
    with connect(context) as client:
        print_contacts(list(client.group_members(name, limit=limit)), as_json, "no members")


@groups.command("add")
@click.argument("name", metavar="NAME", type=NAME)
@click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True)
@click.pass_context
@talks
def group_add(context: click.Context, name: str, numbers: tuple[str, ...]) -> None:
    """Add numbers to the group NAME. A number without a contact gets one."""
    with connect(context) as client:
        added = sum(
            client.add_to_group(name, numbers[start : start + 1000])["added"] for start in range(0, len(numbers), 1000)
        )
    say(f"{count(added, 'number')} added to {name}")


@groups.command("remove")
@click.argument("name", metavar="NAME", type=NAME)
@click.argument("number", metavar="NUMBER", type=NAME)
@click.pass_context
@talks
def group_remove(context: click.Context, name: str, number: str) -> None:
    """Remove NUMBER from the group NAME. It stays a contact."""
    with connect(context) as client:
        client.remove_from_group(name, number)
    say(f"{number} removed from {name}")


@groups.command("delete")
@click.argument("name", metavar="NAME", type=NAME)
@click.pass_context
@talks
def group_delete(context: click.Context, name: str) -> None:
    """Delete the group NAME. Its members stay contacts."""
    with connect(context) as client:
        client.delete_group(name)
    say(f"{name} deleted")


@click.group()
def segments() -> None:
    """Show who is in a segment."""


@segments.command("preview")
@click.argument("segment", metavar="SEGMENT", type=NAME)
@json_option
@click.pass_context
@talks
def segment_preview(context: click.Context, segment: str, as_json: bool) -> None:
    """Count the contacts in SEGMENT and show the newest 20.

    An example: 'city = "Ulm" and last_reply < 30d and not group = "Blocked"'
    """
    with connect(context) as client:
        seen = client.preview_segment(segment)
    if as_json:
        print_json(seen)
        return
    print_contacts(seen["sample"], False, "no contacts")
    say(f"{count(seen['count'], 'contact')} in {seen['segment']}", err=True)
