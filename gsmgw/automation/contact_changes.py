"""Changes that rules and answers make to the contact of a sender."""

from __future__ import annotations

from dataclasses import replace

from gsmgw.audience.field_values import ValueRefused, parsed
from gsmgw.automation.cases import Refused
from gsmgw.automation.guards import Suppressed
from gsmgw.model.contacts import Contact, ContactField, FieldValue, Person
from gsmgw.store import Tx, contact_fields, contact_groups, contacts


def contact_for(tx: Tx, now_ms: int, number: str) -> Contact:
    """Return the contact of a number; a number without one gets one."""
    contact = contacts.load(tx, number)
    if contact is None:
        contacts.create(tx, now_ms, number, Person())
        contact = contacts.load(tx, number)
        assert contact is not None
    return contact


def change_group(tx: Tx, now_ms: int, number: str, name: str, *, add: bool) -> Refused | None:
    """Add a number to a group, or remove it. Return why not."""
    group = contact_groups.load(tx, name)
    if group is None or group.segment is not None:
        return Suppressed.NO_TARGET, f"the group {name!r} does not exist"
    change = contact_groups.add if add else contact_groups.remove
    change(tx, now_ms, group, [contact_for(tx, now_ms, number).id])
    return None


def readable_value(known: list[ContactField], name: str, text: str) -> FieldValue | Refused:
    """Return the value that a text gives a field, or why it does not."""
    if name == "name":
        return text
    field = next((each for each in known if each.name == name), None)
    if field is None:
        return Suppressed.NO_TARGET, f"the field {name!r} does not exist"
    try:
        return parsed(field, text)
    except ValueRefused as exc:
        return Suppressed.NO_VALUE, f"{name}: {exc}"


def set_field(tx: Tx, now_ms: int, number: str, name: str, value: FieldValue) -> None:
    """Set a field of the contact of a number, or its name."""
    contact = contact_for(tx, now_ms, number)
    person = contact.person
    if name == "name":
        person = replace(person, name=str(value))
    else:
        person = replace(person, fields={**person.fields, name: value})
    contacts.update(tx, now_ms, contact, contact.number, person)


def set_from_text(tx: Tx, now_ms: int, number: str, name: str, text: str) -> Refused | None:
    """Set a field from a text. Return why not."""
    value = readable_value(contact_fields.load_all(tx), name, text)
    if isinstance(value, tuple):
        return value
    set_field(tx, now_ms, number, name, value)
    return None
