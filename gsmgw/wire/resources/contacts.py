"""Contacts, their fields and groups."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.model.contacts import FieldType
from gsmgw.wire.resources.common import Time, closed

#: A value of a declared field.
Value: TypeAlias = bool | int | float | str


@closed
class Contact(TypedDict):
    """A person, by number."""

    id: str
    number: Annotated[str, Field(description="E.164")]
    name: str | None
    language: str | None
    time_zone: str | None
    fields: dict[str, Value]
    groups: list[str]
    created_at: Time
    changed_at: Time


@closed
class ContactPage(TypedDict):
    """A page of contacts."""

    data: list[Contact]
    next_cursor: str | None


@closed
class ContactField(TypedDict):
    """A declared field."""

    name: str
    type: FieldType
    choices: list[str]
    searchable: bool


@closed
class ContactFieldList(TypedDict):
    """The declared fields."""

    data: list[ContactField]


@closed
class Group(TypedDict):
    """A group of contacts; with a segment, a smart group."""

    name: str
    segment: str | None
    members: int
    created_at: Time


@closed
class GroupList(TypedDict):
    """All groups."""

    data: list[Group]


@closed
class AddedMembers(TypedDict):
    """How many numbers were added to a group."""

    added: int
