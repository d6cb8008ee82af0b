"""gsmgw rules"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.contacts import listed, pair
from gsmgw.cli.exits import USAGE, fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say, shown
from gsmgw.cli.params import MOMENT, NAME
from gsmgw.cli.questions import answer_options, asked

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources

#: Fields of a rule that only the gateway sets.
_STATE = ("name", "suspended", "created_at", "changed_at")


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def rules(context: click.Context, as_json: bool) -> None:
    """List, change and try the rules that answer received texts."""
    listed(context, as_json, rule_list)


@rules.command("list")
@json_lines_option
@click.pass_context
@talks
def rule_list(context: click.Context, as_json: bool = False) -> None:
    """List rules in the order in which they are looked at."""
    with connect(context) as client:
        found = client.rules()
    if as_json:
        for each in found:
            print_json(each)
        return
    rows = [(each["priority"], each["name"], _match(each), _actions(each), _state(each)) for each in found]
    print_table(("priority", "name", "matches", "does", "state"), rows, "no rules")


def _match(rule: resources.Rule) -> str:
    if rule["trigger"] == "call":
        return "a missed call"
    kind, value = rule["match"]["kind"], rule["match"]["value"]
    values = [value] if isinstance(value, str) else value or []
    return " ".join([kind, " or ".join(values)]).strip()


def _actions(rule: resources.Rule) -> str:
    return ", ".join(
        " ".join(str(value) for value in action.values() if value is not None) for action in rule["actions"]
    )


def _state(rule: resources.Rule) -> str:
    if rule["suspended"]:
        return f"suspended: {rule['suspended']}"
    return "enabled" if rule["enabled"] else "disabled"


@rules.command("show")
@click.argument("name", type=NAME)
@json_option
@click.pass_context
@talks
def rule_show(context: click.Context, name: str, as_json: bool) -> None:
    """Show the rule NAME, as JSON that rules set --file takes."""
    with connect(context) as client:
        found = client.rule(name)
    if as_json:
        print_json(found)
    else:
        for line in json.dumps(found, indent=2).splitlines():
            say(line)


@rules.command("set", short_help="Create a rule, or replace it.")
@click.argument("name", type=NAME)
@click.option("--file", type=click.Path(dir_okay=False, allow_dash=True), help="Read the whole rule as JSON.")
@click.option("--exact", multiple=True, metavar="WORD", help="Match this text alone; may be repeated.")
@click.option("--prefix", multiple=True, metavar="WORD", help="Match texts that begin with it; may be repeated.")
@click.option("--contains", multiple=True, metavar="WORD", help="Match texts that contain it; may be repeated.")
@click.option("--regex", multiple=True, metavar="PATTERN", help="Match texts by a regular expression; may be repeated.")
@click.option("--any", "any_text", is_flag=True, help="Match every text that no earlier rule matched.")
@click.option("--call", is_flag=True, help="Match missed calls.")
@click.option("--reply", metavar="TEXT", help="Answer with this text; fields are written {{ name }}.")
@click.option("--template", metavar="NAME", help="Answer with a saved template.")
@click.option("--forward", metavar="NUMBER", help="Send the text to this number.")
@click.option("--group-add", metavar="GROUP", help="Add the sender to this group.")
@click.option("--group-remove", metavar="GROUP", help="Remove the sender from this group.")
@click.option("--set-field", multiple=True, metavar="NAME=VALUE", help="Set a field of the sender's contact.")
@click.option("--tag", metavar="TAG", help="Tag the received message.")
@click.option("--start", metavar="LIST", help="Record consent to this list; * is everything.")
@click.option("--stop", metavar="LIST", help="Record an opt-out of this list; * is everything.")
@click.option(
    "--ask",
    nargs=2,
    metavar="FIELD TEXT",
    help="Answer with a question: the next text sets this field of the contact.",
)
@answer_options
@click.option("--enroll", metavar="DRIP", help="Enroll the sender in this drip, once.")
@click.option("--hook", metavar="NAME", help="Write the event rule.hook for hooks and webhooks.")
@click.option("--modem", "modems", multiple=True, help="Only texts that this modem received; may be repeated.")
@click.option("--hours", metavar="08:00-18:00", help="Only at this time of the day, in the sender's time zone.")
@click.option(
    "--day",
    "days",
    multiple=True,
    type=click.Choice(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
    help="Only on this day of the week; may be repeated.",
)
@click.option("--group", "groups", multiple=True, help="Only members of this group; may be repeated.")
@click.option("--known/--unknown", default=None, help="Only contacts, or only others.")
@click.option(
    "--trailing-words",
    type=click.IntRange(0, 20),
    default=0,
    help="With --exact: maximum number of words that may follow.",
)
@click.option("--strict", is_flag=True, help="Case, accents and punctuation count.")
@click.option(
    "--priority", type=click.IntRange(0, 1000), default=100, show_default=True, help="The smallest is looked at first."
)
@click.option("--fall-through", is_flag=True, help="Look at later rules as well.")
@json_option
@click.pass_context
@talks
def rule_set(context: click.Context, /, name: str, file: str | None, as_json: bool, **given: Any) -> None:
    """Create the rule NAME, or replace it: what it matches, and what it does."""
    body = _from_file(file) if file is not None else _body(given)
    with connect(context) as client:
        saved = client.put_rule(name, **body)
    if as_json:
        print_json(saved)
    else:
        say(f"rule {saved['name']!r} saved: {_match(saved)}: {_actions(saved)}")


def _from_file(file: str) -> dict[str, Any]:
    try:
        body = json.loads(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    except OSError as exc:
        fail(f"{file}: {exc.strerror}", USAGE)
    except ValueError as exc:
        fail(f"{file} is not valid JSON: {exc}", USAGE)
    if not isinstance(body, dict) or not isinstance(body.get("actions"), list):
        fail(f"{file} is not a rule: an object with the array actions is expected", USAGE)
    return {key: value for key, value in body.items() if key not in _STATE}


def _body(given: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in ("exact", "prefix", "contains", "regex") if given[kind]]
    if len(kinds) + given["any_text"] + given["call"] != 1:
        raise click.UsageError("give one of --exact, --prefix, --contains, --regex, --any and --call")
    actions = _given_actions(given)
    if not actions:
        raise click.UsageError('give at least one action, for example --reply "Thank you"')
    body: dict[str, Any] = {"actions": actions, "priority": given["priority"], "fall_through": given["fall_through"]}
    if given["call"]:
        body["trigger"] = "call"
    elif kinds:
        body["match"] = {
            "kind": kinds[0],
            "value": list(given[kinds[0]]),
            "strict": given["strict"],
            "trailing_words": given["trailing_words"],
        }
    body["when"] = {
        "modems": list(given["modems"]),
        "hours": given["hours"],
        "days": list(given["days"]),
        "groups": list(given["groups"]),
        "known": given["known"],
        "unmatched": given["any_text"],
    }
    return body


def _given_actions(given: dict[str, Any]) -> list[dict[str, Any]]:
    actions: list[dict[str, Any]] = []
    if given["reply"] is not None:
        actions.append({"kind": "reply", "text": given["reply"]})
    for option, kind, key in (
        ("template", "reply", "template"),
        ("forward", "forward", "to"),
        ("group_add", "group_add", "group"),
        ("group_remove", "group_remove", "group"),
        ("tag", "tag", "tag"),
        ("start", "start", "list"),
        ("stop", "stop", "list"),
        ("enroll", "enroll", "drip"),
        ("hook", "hook", "name"),
    ):
        if given[option] is not None:
            actions.append({"kind": kind, key: given[option]})
    field, text = given["ask"] or (None, "")
    if (ask := asked(given, field)) is not None:
        actions.append({"kind": "ask", "text": text, **ask})
    for text in given["set_field"]:
        name, value = pair(text)
        actions.append({"kind": "set_field", "field": name, "value": value})
    return actions


def _switch(command: str, words: str, *, enabled: bool) -> None:
    """Add the command that enables rules, or the one that disables them."""

    @rules.command(command, help=words)
    @click.argument("name", type=NAME)
    @click.pass_context
    @talks
    def switch(context: click.Context, name: str) -> None:
        with connect(context) as client:
            found: dict[str, Any] = dict(client.rule(name))
            body = {key: value for key, value in found.items() if key not in _STATE}
            client.put_rule(name, **body | {"enabled": enabled})
        say(f"rule {name!r} {command}d")


_switch("enable", "Use the rule NAME again, also if it was suspended.", enabled=True)
_switch("disable", "Do not use the rule NAME until it is enabled.", enabled=False)


@rules.command("delete")
@click.argument("name", type=NAME)
@click.pass_context
@talks
def rule_delete(context: click.Context, name: str) -> None:
    """Delete the rule NAME."""
    with connect(context) as client:
        client.delete_rule(name)
    say(f"rule {name!r} deleted")


def _trial_words(action: resources.RuleTrialAction) -> str:
    """Return what an action would do: its text, its field and value, its group; or why it would not."""
    given = dict(action)
    words = [f"{given['field']}={given['value']}"] if action["kind"] == "set_field" else []
    names = ("text", "to", "group", "tag", "list", "drip", "name")
    words += [str(given[name]) for name in names if given.get(name) is not None]
    if "problem" in action:
        words.append(f"(not done: {action['problem']})")
    return " ".join(words)


@rules.command("test")
@click.argument("sender", metavar="FROM", type=NAME)
@click.argument("text")
@click.option("--modem", help="The modem that receives it (default: the first).")
@click.option("--at", type=MOMENT, help="The time: 2026-12-24T18:00, 18:00 or +2h (default: now).")
@json_option
@click.pass_context
@talks
def rule_test(context: click.Context, sender: str, text: str, modem: str | None, at: str | None, as_json: bool) -> None:
    """Show what TEXT of the number FROM would do. Nothing is sent."""
    with connect(context) as client:
        trial = client.try_rules(sender, text, modem=modem, at=at)
    if as_json:
        print_json(trial)
        return
    if trial["consent"] is not None:
        say(f"no rule is used: the text is understood as {trial['consent']} (consent)")
    elif (question := trial["question"]) is not None:
        ending = "" if question["readable"] else ", but cannot be read: the person is asked again, or it is left to you"
        say(f"no rule is used: the text answers the question for {shown(question['field'])}{ending}")
    elif trial["rule"] is None:
        say("no rule matches")
    for action in trial["actions"]:
        say(f"{shown(action['rule'])}: {action['kind']} {shown(_trial_words(action))}".rstrip())
    for other in trial["others"]:
        say(f"  not {shown(other['rule'])}: {shown(other['why_not'])}")
