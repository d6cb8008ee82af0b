"""gsmgw drips"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.contacts import limit_option, listed
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, print_table, say, shown
from gsmgw.cli.params import NAME
from gsmgw.cli.waiting import local_moment

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def drips(context: click.Context, as_json: bool) -> None:
    """Send people one text after another, after delays."""
    listed(context, as_json, drip_list)


@drips.command("list")
@json_lines_option
@click.pass_context
@talks
def drip_list(context: click.Context, as_json: bool = False) -> None:
    """List drips by name, with the number of people in each."""
    with connect(context) as client:
        found = client.drips()
    if as_json:
        for each in found:
            print_json(each)
        return
    rows = [(each["name"], len(each["steps"]), each["people"]["active"], _state(each)) for each in found]
    print_table(("name", "steps", "people", "state"), rows, "no drips")


def _state(drip: resources.Drip) -> str:
    return "paused" if drip["paused"] else "active"


@drips.command("show", short_help="Show a drip and its people.")
@click.argument("name", type=NAME)
@json_option
@click.pass_context
@talks
def drip_show(context: click.Context, name: str, as_json: bool) -> None:
    """Show the drip NAME: its steps, and how many people are in it or left it."""
    with connect(context) as client:
        found = client.drip(name)
    if as_json:
        print_json(found)
        return
    say(f"{shown(found['name'])}  {_state(found)}  {found['purpose']}{_people(found['people'])}")
    for number, step in enumerate(found["steps"], 1):
        text = f"template {step['template']}" if "template" in step else step.get("text", "")
        say(f"  {number}  {step['delay']}  {shown(text)}")


def _people(people: resources.DripPeople) -> str:
    words = [f"{number} {reason.replace('_', ' ')}" for reason, number in people["ended"].items()]
    return "".join(f", {each}" for each in (f"{people['active']} active", *words))


@drips.command("set", short_help="Create a drip, or replace it.")
@click.argument("name", type=NAME)
@click.option(
    "--step",
    "steps",
    nargs=2,
    multiple=True,
    metavar="DELAY TEXT",
    help='Send TEXT after 30m, 1h, 3d, 2w or "2d 09:00", counted from the step before; may be repeated.',
)
@click.option(
    "--template-step",
    "template_steps",
    nargs=2,
    multiple=True,
    metavar="DELAY NAME",
    help="Send a saved template; those come after the texts. May be repeated.",
)
@click.option(
    "--purpose",
    type=click.Choice(["marketing", "transactional", "conversation"]),
    default="marketing",
    show_default=True,
    help="Why it is sent, which decides about consent.",
)
@click.option("--list", "consent_list", help="The consent list, for example news.")
@click.option("--keep-after-answer", is_flag=True, help="A text of the person does not end the drip.")
@click.option(
    "--late-hours",
    type=click.IntRange(0, 8760),
    default=24,
    show_default=True,
    help="Leave out a step that is later than that; 0 sends it however late it is.",
)
@click.option("--hours", metavar="09:00-20:00", help="Send at this time of the day only, in the recipient's time zone.")
@json_option
@click.pass_context
@talks
def drip_set(context: click.Context, /, name: str, as_json: bool, **given: Any) -> None:
    """Create the drip NAME, or replace it. People in it stay at their step."""
    steps = [{"delay": delay, "text": text} for delay, text in given["steps"]]
    steps += [{"delay": delay, "template": template} for delay, template in given["template_steps"]]
    if not steps:
        raise click.UsageError('give at least one step: gsmgw drips set Welcome --step 1h "Hello {{ name }}"')
    body = {
        "purpose": given["purpose"],
        "list": given["consent_list"],
        "ends_on_answer": not given["keep_after_answer"],
        "late_hours": given["late_hours"],
        "windows": {"hours": given["hours"]},
    }
    with connect(context) as client:
        saved = client.put_drip(name, steps, **body)
    if as_json:
        print_json(saved)
    else:
        say(f"drip {saved['name']!r} saved with {count(len(saved['steps']), 'step')}")


@drips.command("enroll")
@click.argument("name", type=NAME)
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option("--group", help="Enroll the members of this group.")
@click.option("--segment", help="Enroll the contacts of a segment: 'city = \"Ulm\"'.")
@json_option
@click.pass_context
@talks
def drip_enroll(
    context: click.Context, name: str, numbers: tuple[str, ...], group: str | None, segment: str | None, as_json: bool
) -> None:
    """Enroll people in the drip NAME. Who is in it stays at the present step; who has left it begins again."""
    if not numbers and group is None and segment is None:
        raise click.UsageError("give a NUMBER, --group or --segment")
    with connect(context) as client:
        found = client.enroll_in_drip(name, numbers, group=group, segment=segment)
    if as_json:
        print_json(found)
    else:
        say(f"{_persons(found['enrolled'])} enrolled")


@drips.command("people", short_help="List where each person stands.")
@click.argument("name", type=NAME)
@click.option("--active/--ended", default=None, help="List only who gets further steps, or only the others.")
@limit_option
@json_lines_option
@click.pass_context
@talks
def drip_people(context: click.Context, name: str, active: bool | None, limit: int, as_json: bool) -> None:
    """List the people of the drip NAME: where each stands and when the next step is due."""
    with connect(context) as client:
        found = list(client.drip_people(name, limit=limit, active=active))
    print_people(found, as_json, "number")


@drips.command("of", short_help="List the drips of a contact.")
@click.argument("contact", metavar="CONTACT", type=NAME)
@json_lines_option
@click.pass_context
@talks
def drips_of(context: click.Context, contact: str, as_json: bool) -> None:
    """List the drips that a contact (ID or number) is or was in, newest first."""
    with connect(context) as client:
        found = client.contact_drips(contact)
    print_people(found, as_json, "drip")


def _persons(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def print_people(found: list[resources.DripPerson], as_json: bool, named: str) -> None:
    """Print where people stand; ``named`` is the key of the first column."""
    if as_json:
        for each in found:
            print_json(each)
        return
    rows = [(str(dict(each)[named]), f"{each['step']} of {each['steps']}", _next(each)) for each in found]
    print_table((named, "step", "next"), rows, "nobody" if named == "number" else "no drips")


def _next(person: resources.DripPerson) -> str:
    if person["reason"] is not None:
        return f"ended: {person['reason'].replace('_', ' ')}"
    return "being planned" if person["due_at"] is None else local_moment(person["due_at"])


@drips.command("remove")
@click.argument("name", type=NAME)
@click.argument("number", type=NAME)
@click.pass_context
@talks
def drip_remove(context: click.Context, name: str, number: str) -> None:
    """Remove NUMBER from the drip NAME. A step in the queue is canceled."""
    with connect(context) as client:
        client.remove_from_drip(name, number)
    say(f"{shown(number)} gets no further steps of {name!r}")


@drips.command("pause", short_help="Pause a drip.")
@click.argument("name", type=NAME)
@click.pass_context
@talks
def drip_pause(context: click.Context, name: str) -> None:
    """Pause the drip NAME: people stay in it and get no steps. Steps in the queue still leave."""
    with connect(context) as client:
        found = client.act_on_drip(name, "pause")
    say(f"drip {name!r} paused with {_persons(found['people']['active'])} in it")


@drips.command("resume")
@click.argument("name", type=NAME)
@click.pass_context
@talks
def drip_resume(context: click.Context, name: str) -> None:
    """Go on with the drip NAME. A step that fell due meanwhile is sent once, at its time of the day."""
    with connect(context) as client:
        found = client.act_on_drip(name, "resume")
    say(f"drip {name!r} resumed with {_persons(found['people']['active'])} in it")


@drips.command("delete")
@click.argument("name", type=NAME)
@click.pass_context
@talks
def drip_delete(context: click.Context, name: str) -> None:
    """Delete the drip NAME. Nobody gets further steps, and steps in the queue are canceled."""
    with connect(context) as client:
        found = client.delete_drip(name)
    words = f"no further steps for {_persons(found['ended'])}"
    say(f"drip {name!r} deleted; {words}, {count(found['canceled'], 'text')} in the queue canceled")
