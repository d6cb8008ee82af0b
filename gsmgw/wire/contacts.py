"""Contacts, fields and groups as resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from gsmgw.model import format_id
from gsmgw.model.contacts import Contact, ContactField, ContactGroup, Person
from gsmgw.model.events.types import Json
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp


def contact_resource(contact: Contact) -> resources.Contact:
    """Return a contact as a resource."""
    person = contact.person
    return {
        "id": format_id(contact.id),
        "number": contact.number,
        "name": person.name,
        "language": person.language,
        "time_zone": person.time_zone,
        "fields": dict(person.fields),
        "groups": list(person.groups),
        "created_at": stamp(contact.created_ms),
        "changed_at": stamp(contact.changed_ms),
    }


def sample_resource(line: int, number: str, person: Person) -> resources.ImportSample:
    """Return a person in a file as a resource."""
    return {
        "line": line,
        "number": number,
        "name": person.name,
        "language": person.language,
        "time_zone": person.time_zone,
        "fields": dict(person.fields),
        "groups": list(person.groups),
    }


def field_resource(field: ContactField) -> resources.ContactField:
    """Return a declared field as a resource."""
    return {
        "name": field.name,
        "type": field.type,
        "choices": list(field.choices),
        "searchable": field.searchable,
    }


def group_resource(group: ContactGroup, members: int | None) -> resources.Group:
    """Return a group as a resource."""
    return {
        "name": group.name,
        "segment": group.segment,
        "members": members,
        "created_at": stamp(group.created_ms),
    }


def preview_resource(count: int, sample: Sequence[Contact], segment: str, tree: Json) -> resources.SegmentPreview:
    """Return the preview of a segment as a resource."""
    return {
        "count": count,
        "sample": list(map(contact_resource, sample)),
        "segment": segment,
        "tree": cast("resources.JsonObject", tree),
    }
