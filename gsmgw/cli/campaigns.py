"""gsmgw campaigns"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.contacts import limit_option, listed
from gsmgw.cli.exits import USAGE, fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, print_table, say, shown, write_data
from gsmgw.cli.params import MOMENT, NAME, STATUSES
from gsmgw.cli.questions import answer_options, asked
from gsmgw.cli.repetition import DATE_TRIGGER, REPEAT
from gsmgw.cli.waiting import local_moment
from gsmgw.repetition import date_words

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def campaigns(context: click.Context, as_json: bool) -> None:
    """Text many people: draft, review, start, pause, results."""
    listed(context, as_json, campaign_list)


@campaigns.command("list")
@json_lines_option
@click.pass_context
@talks
def campaign_list(context: click.Context, as_json: bool = False) -> None:
    """List campaigns, newest first."""
    with connect(context) as client:
        found = client.campaigns()
    if as_json:
        for each in found:
            print_json(each)
        return
    rows = [(each["id"], each["name"], each["state"], _progress(each["counts"])) for each in found]
    print_table(("id", "name", "state", "progress"), rows, "no campaigns")


def _progress(counts: resources.CampaignCounts) -> str:
    words = [f"{counts['sent']} of {counts['total']} sent"]
    words += [f"{counts['failed']} failed"] if counts["failed"] else []
    words += [f"{counts['unknown']} unknown"] if counts["unknown"] else []
    words += [f"{counts['skipped']} left out"] if counts["skipped"] else []
    return ", ".join(words)


@campaigns.command("create")
@click.argument("name", type=NAME)
@click.argument("text", required=False)
@click.option("--template", metavar="NAME", help="Send a saved template instead of TEXT.")
@click.option("--group", "groups", multiple=True, help="Text the members of this group; may be repeated.")
@click.option("--segment", help="Text the contacts of a segment: 'city = \"Ulm\" and last_reply < 30d'.")
@click.option("--to", "numbers", multiple=True, metavar="NUMBER", help="Text this number; may be repeated.")
@click.option("--without-group", multiple=True, metavar="GROUP", help="Leave its members out; may be repeated.")
@click.option("--without-segment", metavar="SEGMENT", help="Leave the contacts of a segment out.")
@click.option("--without", multiple=True, metavar="NUMBER", help="Leave this number out; may be repeated.")
@click.option(
    "--recent-hours",
    type=click.IntRange(0),
    metavar="HOURS",
    help="Leave out who got marketing in the last HOURS (default 24; 0 leaves out nobody).",
)
@click.option("--joined-only", is_flag=True, help="Leave out who did not join the list.")
@click.option("--list", "consent_list", help="The consent list, for example news.")
@click.option("--hours", metavar="09:00-20:00", help="Send at this time of the day only, in the recipient's time zone.")
@click.option("--unanswered", metavar="CAMPAIGN", help="Text who did not answer an earlier campaign.")
@click.option(
    "--repeat",
    type=REPEAT,
    metavar="TIMES",
    help="Repeat it: 'every monday 09:00', 'monthly on the 1st 10:00', or an RRULE.",
)
@click.option("--zone", "time_zone", metavar="ZONE", help="Time zone of --repeat (default: that of the gateway).")
@click.option(
    "--on-date",
    "date_trigger",
    type=DATE_TRIGGER,
    metavar="DATES",
    help="Text each on a date of its own: 'birthday 09:00', '2 days before appointment 10:00'.",
)
@click.option("--per-minute", type=click.IntRange(1), help="Maximum number of recipients a minute.")
@click.option("--ask", metavar="FIELD", help="The next text of a recipient sets this field of the contact.")
@answer_options
@click.option("--drip", help="At the end, enroll those in this drip who did not answer.")
@click.option("--modem", "modems", multiple=True, help="Send through this modem; may be repeated.")
@click.option("--pool", help="Send through the modems of this pool.")
@json_option
@click.pass_context
@talks
def campaign_create(
    context: click.Context, /, name: str, text: str | None, template: str | None, as_json: bool, **given: Any
) -> None:
    """Save a draft that sends TEXT. Fields are written {{ name }}. Nothing is sent before it is started."""
    if (text is None) == (template is None):
        raise click.UsageError('give TEXT or --template: gsmgw campaigns create Sale "Hello {{ name }}" --group VIP')
    if not (given["groups"] or given["segment"] or given["numbers"]):
        raise click.UsageError("say who is texted: --group, --segment or --to")
    exclude = {
        "groups": list(given["without_group"]),
        "segment": given["without_segment"],
        "numbers": list(given["without"]),
        "unconfirmed": given["joined_only"],
    }
    if given["recent_hours"] is not None:
        exclude["recent_hours"] = given["recent_hours"]
    audience = {
        "groups": list(given["groups"]),
        "segment": given["segment"],
        "numbers": list(given["numbers"]),
        "unanswered": given["unanswered"],
    }
    body: dict[str, Any] = {
        "exclude": exclude,
        "list": given["consent_list"],
        "windows": {"hours": given["hours"]},
        "pace": {"per_minute": given["per_minute"]},
        "modems": list(given["modems"]),
        "pool": given["pool"],
        "ask": asked(given, given["ask"]),
        "drip": given["drip"],
        "repeat": given["repeat"],
        "time_zone": given["time_zone"],
        "date_trigger": given["date_trigger"],
        **({"text": text} if template is None else {"template": template}),
    }
    with connect(context) as client:
        if audience["unanswered"]:
            audience["unanswered"] = client.campaign(audience["unanswered"])["id"]
        saved = client.create_campaign(name, audience, **body)
    if as_json:
        print_json(saved)
    else:
        say(f"campaign {saved['id']} saved as a draft; look at it: gsmgw campaigns review {saved['id']}")


@campaigns.command("show")
@click.argument("campaign", metavar="ID", type=NAME)
@json_option
@click.pass_context
@talks
def campaign_show(context: click.Context, campaign: str, as_json: bool) -> None:
    """Show a campaign with its counts."""
    with connect(context) as client:
        _print(client.campaign(campaign), as_json)


def _print(found: resources.Campaign, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    say(f"{found['id']}  {shown(found['name'])}  {found['state']}{_reason(found)}")
    if found["counts"]["total"]:
        say(_counts(found["counts"]))
    if found["send_at"] and found["state"] == "scheduled":
        if found["date_trigger"] is None:
            say(f"{'next run' if found['repeat'] else 'starts'} {local_moment(found['send_at'])}")
        else:
            say(f"texts people {date_words(found['date_trigger'])}")
    if found["counts"]["total"] and (found["repeat"] or (found["date_trigger"] and not found["parent"])):
        say(f"these are the counts of all its runs: gsmgw campaigns runs {found['id']}")


def _counts(counts: resources.CampaignCounts) -> str:
    """Return the counts that are not 0."""
    names = {"total": "recipients", "skipped": "left out"}
    words = [(number, names.get(name, name.replace("_", " "))) for name, number in counts.items()]
    return ", ".join(f"{number} {name}" for number, name in words if number or name == "recipients")


def _reason(found: resources.Campaign) -> str:
    return f": {shown(found['reason'])}" if found["reason"] else ""


@campaigns.command("review", short_help="Show what a campaign would do.")
@click.argument("campaign", metavar="ID", type=NAME)
@json_option
@click.pass_context
@talks
def campaign_review(context: click.Context, campaign: str, as_json: bool) -> None:
    """Show what a campaign would do: recipients, segments, cost, who is left out, three texts."""
    with connect(context) as client:
        found = client.review_campaign(campaign)
    if as_json:
        print_json(found)
        return
    about = "about " if found["estimated"] else ""
    words = f"{about}{count(found['recipients'], 'recipient')}, {count(found['segments_total'], 'segment')}"
    words += f" ({found['segments_least']} to {found['segments_most']} each), {_duration(found)}"
    say(words if found["cost"] is None else f"{words}, cost {found['cost']:g}")
    for reason, number in found["left_out"].items():
        say(f"  {about}{number} left out: {reason.replace('_', ' ')}")
    if found["suspected"]:
        say(f"  {found['suspected']} wait for your decision about consent: gsmgw optouts suspects")
    for moment in found["next_runs"]:
        say(f"  next run {local_moment(moment)}")
    if found["forcing"]:
        say(f"  not in the GSM alphabet, so that segments hold less: {' '.join(found['forcing'])}")
    for sample in found["samples"]:
        say(f"{sample['number']}  {shown(sample['text'])}")


def _duration(found: resources.CampaignReview) -> str:
    """Return the duration, and what holds the campaign back."""
    seconds = found["duration_s"]
    if seconds is None:
        return found["bottleneck_detail"]
    minutes = round(seconds / 60)
    words = f"{max(1, round(seconds))} s" if minutes < 2 else f"{minutes} min" if minutes < 120 else _hours(minutes)
    return f"{words} because of {found['bottleneck_detail']}" if found["bottleneck"] else words


def _hours(minutes: int) -> str:
    hours = minutes // 60
    return f"{hours} h" if hours < 72 else f"{hours // 24} days"


@campaigns.command("start")
@click.argument("campaign", metavar="ID", type=NAME)
@click.option("--at", "send_at", type=MOMENT, help="Start at this time: 2026-12-24T18:00, 18:00 or +2h.")
@json_option
@click.pass_context
@talks
def campaign_start(context: click.Context, campaign: str, send_at: str | None, as_json: bool) -> None:
    """Start a draft."""
    with connect(context) as client:
        _print(client.start_campaign(campaign, send_at), as_json)


def _action(name: str, words: str) -> click.Command:
    @campaigns.command(name, help=words)
    @click.argument("campaign", metavar="ID", type=NAME)
    @json_option
    @click.pass_context
    @talks
    def act(context: click.Context, campaign: str, as_json: bool) -> None:
        with connect(context) as client:
            _print(client.act_on_campaign(campaign, name), as_json)

    return act


_action("pause", "Pause a campaign. Texts that have not begun to leave are taken back.")
_action("resume", "Go on with a paused campaign.")
_action("unschedule", "Make a scheduled campaign a draft again, which can be changed.")
_action("cancel", "End a campaign. Texts that have not begun to leave are not sent.")


@campaigns.command("runs")
@click.argument("campaign", metavar="ID", type=NAME)
@json_lines_option
@click.pass_context
@talks
def campaign_runs(context: click.Context, campaign: str, as_json: bool) -> None:
    """List the runs of a campaign that repeats, newest first."""
    with connect(context) as client:
        found = client.campaign_runs(campaign)
    if as_json:
        for each in found:
            print_json(each)
        return
    rows = [(each["id"], each["name"], each["state"], _progress(each["counts"])) for each in found]
    print_table(("id", "name", "state", "progress"), rows, "no runs yet")


@campaigns.command("retry")
@click.argument("campaign", metavar="ID", type=NAME)
@json_option
@click.pass_context
@talks
def campaign_retry(context: click.Context, campaign: str, as_json: bool) -> None:
    """Text those again whose message failed."""
    with connect(context) as client:
        found = client.retry_campaign(campaign)
    if as_json:
        print_json(found)
    else:
        say(f"{count(found['retried'], 'recipient')} texted again")


@campaigns.command("recipients")
@click.argument("campaign", metavar="ID", type=NAME)
@click.option("--state", type=click.Choice(["waiting", "queued", "skipped"]), help="List only these.")
@click.option("--status", type=click.Choice(STATUSES), help="List only those whose message is in this state.")
@limit_option
@json_lines_option
@click.pass_context
@talks
def campaign_recipients(
    context: click.Context, campaign: str, state: str | None, status: str | None, limit: int, as_json: bool
) -> None:
    """List recipients by number, with the state of their message."""
    with connect(context) as client:
        found = list(client.campaign_recipients(campaign, limit=limit, state=state, status=status))
    if as_json:
        for each in found:
            print_json(each)
        return
    rows = [
        (each["number"], each["status"] or each["state"], (each["reason"] or "").replace("_", " ")) for each in found
    ]
    print_table(("number", "state", "reason"), rows, "no recipients")


@campaigns.command("results", short_help="Show how a campaign went.")
@click.argument("campaign", metavar="ID", type=NAME)
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV to standard output: a row for each recipient.")
@click.option("--variants", is_flag=True, help="With --csv: write a row for each text.")
@click.option("--spreadsheet", is_flag=True, help="With --csv: for a spreadsheet, whole numbers and no formulas.")
@json_option
@click.pass_context
@talks
def campaign_results(
    context: click.Context, campaign: str, as_csv: bool, variants: bool, spreadsheet: bool, as_json: bool
) -> None:
    """Show how a campaign went: counts, who was left out, failures by cause, each text."""
    if (variants or spreadsheet) and not as_csv:
        fail("--variants and --spreadsheet need --csv", USAGE)
    with connect(context) as client:
        if as_csv:
            part = "variants" if variants else "recipients"
            for portion in client.export_campaign_results(campaign, part, spreadsheet=spreadsheet):
                write_data(portion)
            return
        found = client.campaign_results(campaign)
    if as_json:
        print_json(found)
        return
    say(_counts(found["counts"]))
    for reason, number in found["skipped"].items():
        say(f"  {number} left out: {reason.replace('_', ' ')}")
    for cause, number in found["causes"].items():
        say(f"  {number} failed: {cause.replace('_', ' ')}")
    for variant in found["variants"]:
        words = f"{variant['sent']} sent, {variant['delivered']} delivered, {variant['replied']} replied"
        say(f"{words}: {shown(variant['text'] or 'template')}")


@campaigns.command("delete")
@click.argument("campaign", metavar="ID", type=NAME)
@click.pass_context
@talks
def campaign_delete(context: click.Context, campaign: str) -> None:
    """Delete a campaign that does not run. Its messages stay."""
    with connect(context) as client:
        client.delete_campaign(campaign)
    say(f"campaign {campaign} deleted")
