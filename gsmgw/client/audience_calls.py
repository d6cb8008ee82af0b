"""The API calls for contacts, fields and groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gsmgw.client.calls import Call, given, part
from gsmgw.client.options import STREAM_TIMEOUT
from gsmgw.client.procedures import Reading, Walk

if TYPE_CHECKING:  # importing these takes most of the time of a command
    from gsmgw.wire import resources

#: An import of a large file takes minutes; seconds.
IMPORT_TIMEOUT_S = 1800.0


def _data(answer: Any) -> Any:
    return answer["data"]


def contact(contact: str) -> Call[resources.Contact]:
    """Return a contact by its ID or number."""
    return Call("GET", f"/v1/contacts/{part(contact)}")


def contact_page(**filters: Any) -> Call[resources.ContactPage]:
    """Return a page of contacts, newest first: ``data``, ``next_cursor``. ``filters``: see ``GET /v1/contacts``."""
    return Call("GET", "/v1/contacts", params=given(filters))


def create_contact(number: str, **person: Any) -> Call[resources.Contact]:
    """Create a contact: ``name``, ``language``, ``time_zone``, ``fields``, ``groups``."""
    return Call("POST", "/v1/contacts", {"number": number, **person})


def put_contact(contact: str, **person: Any) -> Call[resources.Contact]:
    """Replace a contact, or create the one of a number."""
    return Call("PUT", f"/v1/contacts/{part(contact)}", person)


def change_contact(contact: str, /, **changes: Any) -> Call[resources.Contact]:
    """Change some of what is known about a contact; None removes a value."""
    return Call("PATCH", f"/v1/contacts/{part(contact)}", changes)


def delete_contact(contact: str) -> Call[None]:
    """Delete a contact. Its messages stay."""
    return Call("DELETE", f"/v1/contacts/{part(contact)}")


def merge_contacts(contact: str, other: str) -> Call[resources.Contact]:
    """Merge the contact ``other`` into a contact and delete it."""
    return Call("POST", f"/v1/contacts/{part(contact)}/merge", {"contact": other})


def import_contacts(
    file: bytes,
    *,
    dry_run: bool = False,
    skip_bad: bool = False,
    mapping: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    groups: Sequence[str] = (),
    encoding: str | None = None,
) -> Call[resources.ContactImport]:
    """Import contacts from a CSV file or vCards. ``mapping`` says what columns are.

    Raises :class:`gsmgw.client.ApiError` with the code ``invalid_file`` if rows have errors; then nothing is imported.
    """
    columns = [f"{target}={column}" for target, column in (mapping or {}).items()]
    lists = {"mapping": columns, "ignore": list(ignore), "group": list(groups)}
    params = given({**{name: values or None for name, values in lists.items()}, "encoding": encoding})
    flags = {"dry_run": dry_run, "skip_bad": skip_bad}
    return Call("POST", "/v1/contacts/import", params={**params, **flags}, content=file, timeout_s=IMPORT_TIMEOUT_S)


def undo_import(import_id: str) -> Call[resources.UndoneImport]:
    """Undo an import; contacts that were changed after it stay as they are."""
    return Call("POST", f"/v1/contacts/imports/{part(import_id)}/undo", timeout_s=IMPORT_TIMEOUT_S)


def preview_segment(
    segment: str | None = None, *, tree: Mapping[str, Any] | None = None
) -> Call[resources.SegmentPreview]:
    """Return the number of contacts in a segment, a sample of them, and the segment as text and as a tree.

    Give the segment as text or as a tree.
    """
    return Call("POST", "/v1/segments/preview", given({"segment": segment, "tree": tree}))


def fields() -> Call[list[resources.ContactField]]:
    """Return the declared fields of contacts."""
    return Call("GET", "/v1/fields", pick=_data)


def put_field(
    name: str, type: str, *, choices: Sequence[str] = (), searchable: bool = False
) -> Call[resources.ContactField]:
    """Declare a field of contacts, or change it."""
    return Call("PUT", f"/v1/fields/{part(name)}", {"type": type, "choices": list(choices), "searchable": searchable})


def delete_field(name: str) -> Call[None]:
    """Delete a field, with its values in all contacts."""
    return Call("DELETE", f"/v1/fields/{part(name)}")


def groups() -> Call[list[resources.Group]]:
    """Return all groups."""
    return Call("GET", "/v1/groups", pick=_data)


def group(name: str) -> Call[resources.Group]:
    """Return a group."""
    return Call("GET", f"/v1/groups/{part(name)}")


def create_group(name: str, segment: str | None = None) -> Call[resources.Group]:
    """Create a group; with a segment, a smart group."""
    return Call("POST", "/v1/groups", given({"name": name, "segment": segment}))


def change_group(name: str, /, **changes: Any) -> Call[resources.Group]:
    """Change the ``name`` or the ``segment`` of a group."""
    return Call("PATCH", f"/v1/groups/{part(name)}", changes)


def delete_group(name: str) -> Call[None]:
    """Delete a group. Its members stay contacts."""
    return Call("DELETE", f"/v1/groups/{part(name)}")


def group_member_page(name: str, **filters: Any) -> Call[resources.ContactPage]:
    """Return a page of the members of a group, newest contact first: ``data`` and ``next_cursor``."""
    return Call("GET", f"/v1/groups/{part(name)}/members", params=given(filters))


def add_to_group(name: str, numbers: Sequence[str]) -> Call[resources.AddedMembers]:
    """Add at most 1000 numbers to a group. A number without a contact gets one."""
    return Call("POST", f"/v1/groups/{part(name)}/members", {"numbers": list(numbers)})


def remove_from_group(name: str, number: str) -> Call[None]:
    """Remove a number from a group."""
    return Call("DELETE", f"/v1/groups/{part(name)}/members/{part(number)}")


def templates() -> Call[list[resources.Template]]:
    """Return all templates by name."""
    return Call("GET", "/v1/templates", pick=_data)


def template_page(**filters: Any) -> Call[resources.TemplateList]:
    """Return a page of templates: ``limit``, ``cursor``."""
    return Call("GET", "/v1/templates", params=given(filters))


def template(name: str) -> Call[resources.Template]:
    """Return a template."""
    return Call("GET", f"/v1/templates/{part(name)}")


def create_template(name: str, text: str) -> Call[resources.Template]:
    """Save a new template."""
    return Call("POST", "/v1/templates", {"name": name, "text": text})


def put_template(name: str, text: str) -> Call[resources.Template]:
    """Save a template, or replace the text of the one with this name."""
    return Call("PUT", f"/v1/templates/{part(name)}", {"text": text})


def delete_template(name: str) -> Call[None]:
    """Delete a template."""
    return Call("DELETE", f"/v1/templates/{part(name)}")


def preview_template(
    *,
    template: str | None = None,
    text: str | None = None,
    contact: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Call[resources.TemplatePreview]:
    """Return the text that a saved template or a text gives, for a contact or with fields."""
    return Call(
        "POST",
        "/v1/templates/preview",
        given({"template": template, "text": text, "contact": contact, "fields": fields or None}),
    )


def rules() -> Call[list[resources.Rule]]:
    """Return all rules in the order in which they are looked at."""
    return Call("GET", "/v1/rules", pick=_data)


def rule_page(**filters: Any) -> Call[resources.RuleList]:
    """Return a page of rules: ``limit``, ``cursor``."""
    return Call("GET", "/v1/rules", params=given(filters))


def rule(name: str) -> Call[resources.Rule]:
    """Return a rule."""
    return Call("GET", f"/v1/rules/{part(name)}")


def create_rule(name: str, actions: Sequence[Mapping[str, Any]], **rest: Any) -> Call[resources.Rule]:
    """Create a rule; ``rest``: ``match``, ``when``, ``priority``, ``trigger``, ``fall_through``, ``enabled``."""
    return Call("POST", "/v1/rules", {"name": name, "actions": list(actions), **rest})


def put_rule(name: str, actions: Sequence[Mapping[str, Any]], **rest: Any) -> Call[resources.Rule]:
    """Create a rule, or replace the one of this name."""
    return Call("PUT", f"/v1/rules/{part(name)}", {"actions": list(actions), **rest})


def delete_rule(name: str) -> Call[None]:
    """Delete a rule."""
    return Call("DELETE", f"/v1/rules/{part(name)}")


def try_rules(sender: str, text: str, *, modem: str | None = None, at: str | None = None) -> Call[resources.RuleTrial]:
    """Return what a text would do, and why each other rule does not apply."""
    return Call("POST", "/v1/rules/test", given({"from": sender, "text": text, "modem": modem, "at": at}))


def campaigns() -> Call[list[resources.Campaign]]:
    """Return all campaigns, newest first, with their counts."""
    return Call("GET", "/v1/campaigns", pick=_data)


def campaign_page(**filters: Any) -> Call[resources.CampaignList]:
    """Return a page of campaigns, newest first: ``data``, ``next_cursor``. ``filters``: see ``GET /v1/campaigns``."""
    return Call("GET", "/v1/campaigns", params=given(filters))


def campaign(campaign: str) -> Call[resources.Campaign]:
    """Return a campaign with its counts."""
    return Call("GET", f"/v1/campaigns/{part(campaign)}")


def create_campaign(name: str, audience: Mapping[str, Any], **rest: Any) -> Call[resources.Campaign]:
    """Save a draft; ``rest``: ``text``, ``template`` or ``variants``, and further fields of ``POST /v1/campaigns``."""
    return Call("POST", "/v1/campaigns", {"name": name, "audience": dict(audience), **rest})


def put_campaign(campaign: str, name: str, audience: Mapping[str, Any], **rest: Any) -> Call[resources.Campaign]:
    """Change a campaign. After its start: name, pace, windows, modems and pool only."""
    return Call("PUT", f"/v1/campaigns/{part(campaign)}", {"name": name, "audience": dict(audience), **rest})


def delete_campaign(campaign: str) -> Call[None]:
    """Delete a campaign that does not run."""
    return Call("DELETE", f"/v1/campaigns/{part(campaign)}")


def review_campaign(campaign: str) -> Call[resources.CampaignReview]:
    """Return what a campaign would do."""
    return Call("POST", f"/v1/campaigns/{part(campaign)}/review")


def start_campaign(campaign: str, send_at: str | None = None) -> Call[resources.Campaign]:
    """Start a draft, now or at a time."""
    return Call("POST", f"/v1/campaigns/{part(campaign)}/start", given({"send_at": send_at}))


def act_on_campaign(campaign: str, action: str) -> Call[resources.Campaign]:
    """``pause``, ``resume``, ``cancel`` or ``unschedule`` a campaign."""
    return Call("POST", f"/v1/campaigns/{part(campaign)}/{part(action)}")


def campaign_runs(campaign: str) -> Call[list[resources.Campaign]]:
    """Return the campaigns that a campaign made, newest first."""
    return Call("GET", f"/v1/campaigns/{part(campaign)}/runs", pick=_data)


def retry_campaign(campaign: str) -> Call[resources.CampaignRetry]:
    """Text those again whose message failed."""
    return Call("POST", f"/v1/campaigns/{part(campaign)}/retry_failed")


def campaign_recipient_page(campaign: str, **filters: Any) -> Call[resources.CampaignRecipientPage]:
    """Return a page of recipients by number: ``state``, ``status`` of the text, ``reason``, ``limit``, ``cursor``."""
    return Call("GET", f"/v1/campaigns/{part(campaign)}/recipients", params=given(filters))


def campaign_results(campaign: str) -> Call[resources.CampaignResults]:
    """Return how a campaign went."""
    return Call("GET", f"/v1/campaigns/{part(campaign)}/results")


def campaign_recipients(
    campaign: str, *, limit: int | None = None, **filters: Any
) -> Walk[resources.CampaignRecipient]:
    """Yield recipients by number, at most ``limit``."""
    return Walk(campaign_recipient_page(campaign, **filters), limit)


def drips() -> Call[list[resources.Drip]]:
    """Return all drips by name, with the number of people in each."""
    return Call("GET", "/v1/drips", pick=_data)


def drip(name: str) -> Call[resources.Drip]:
    """Return a drip."""
    return Call("GET", f"/v1/drips/{part(name)}")


def create_drip(name: str, steps: Sequence[Mapping[str, Any]], **rest: Any) -> Call[resources.Drip]:
    """Create a drip of steps with ``delay`` and ``text`` or ``template``; ``rest``: fields of ``POST /v1/drips``."""
    return Call("POST", "/v1/drips", {"name": name, "steps": list(steps), **rest})


def put_drip(name: str, steps: Sequence[Mapping[str, Any]], **rest: Any) -> Call[resources.Drip]:
    """Create a drip, or replace the one of this name. People in it stay at their step."""
    return Call("PUT", f"/v1/drips/{part(name)}", {"steps": list(steps), **rest})


def delete_drip(name: str) -> Call[resources.DeletedDrip]:
    """Delete a drip. Nobody gets further steps."""
    return Call("DELETE", f"/v1/drips/{part(name)}")


def act_on_drip(name: str, action: str) -> Call[resources.Drip]:
    """``pause`` or ``resume`` a drip."""
    return Call("POST", f"/v1/drips/{part(name)}/{part(action)}")


def enroll_in_drip(
    name: str, numbers: Sequence[str] = (), *, group: str | None = None, segment: str | None = None
) -> Call[resources.DripEnrollment]:
    """Enroll numbers, the members of a group or the contacts of a segment."""
    people = given({"group": group, "segment": segment})
    return Call("POST", f"/v1/drips/{part(name)}/people", {"numbers": list(numbers), **people}, timeout_s=600.0)


def drip_people_page(name: str, **filters: Any) -> Call[resources.DripPersonPage]:
    """Return a page of the people of a drip by number: ``active``, ``limit``, ``cursor``."""
    return Call("GET", f"/v1/drips/{part(name)}/people", params=given(filters))


def remove_from_drip(name: str, number: str) -> Call[None]:
    """Remove a person from a drip."""
    return Call("DELETE", f"/v1/drips/{part(name)}/people/{part(number)}")


def contact_drips(contact: str) -> Call[list[resources.DripPerson]]:
    """Return the drips that a contact is or was in, newest first."""
    return Call("GET", f"/v1/contacts/{part(contact)}/drips", pick=_data)


def question_page(**filters: Any) -> Call[resources.QuestionPage]:
    """Return a page of the open questions by number: ``limit``, ``cursor``."""
    return Call("GET", "/v1/questions", params=given(filters))


def close_question(number: str) -> Call[None]:
    """Close the question to a number."""
    return Call("DELETE", f"/v1/questions/{part(number)}")


def questions(*, limit: int | None = None) -> Walk[resources.Question]:
    """Yield the open questions by number, at most ``limit``."""
    return Walk(question_page(), limit)


def drip_people(name: str, *, limit: int | None = None, **filters: Any) -> Walk[resources.DripPerson]:
    """Yield the people of a drip by number, at most ``limit``."""
    return Walk(drip_people_page(name, **filters), limit)


def contacts(*, limit: int | None = None, **filters: Any) -> Walk[resources.Contact]:
    """Yield contacts, newest first, at most ``limit``; ``filters``: see ``GET /v1/contacts``."""
    return Walk(contact_page(**filters), limit)


def group_members(name: str, *, limit: int | None = None) -> Walk[resources.Contact]:
    """Yield the members of a group, newest contact first, at most ``limit``."""
    return Walk(group_member_page(name), limit)


def export_campaign_results(campaign: str, part_of: str = "recipients", *, spreadsheet: bool = False) -> Reading:
    """Yield how a campaign went as CSV, in portions: ``recipients``, a row for each of them, or ``variants``."""
    params = {"part": part_of, "spreadsheet": spreadsheet}
    return Reading(Call("GET", f"/v1/campaigns/{part(campaign)}/results/export", params=params), STREAM_TIMEOUT)


def export_contacts(format: str = "ndjson", *, spreadsheet: bool = False, **filters: Any) -> Reading:
    """Yield all contacts that match the filters, in portions: ``ndjson``, ``csv`` with a header, or ``vcard``."""
    params = {"format": format, "spreadsheet": spreadsheet, **given(filters)}
    return Reading(Call("GET", "/v1/contacts/export", params=params), STREAM_TIMEOUT)
