"""Contacts, their fields and groups."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.model.contacts import FieldType
from gsmgw.wire.resources.common import JsonObject, Time, closed

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
    members: Annotated[int | None, Field(description="null if its segment is not valid any more")]
    created_at: Time


@closed
class GroupList(TypedDict):
    """All groups."""

    data: list[Group]


@closed
class SegmentPreview(TypedDict):
    """The contacts in a segment: how many, the newest 20, and the segment as text and as a tree."""

    count: int
    sample: list[Contact]
    segment: str
    tree: JsonObject


@closed
class AddedMembers(TypedDict):
    """How many numbers were added to a group."""

    added: int


@closed
class RowError(TypedDict):
    """An error in a file, by its line and the name of the column."""

    line: int
    column: str | None
    detail: str


@closed
class ImportColumn(TypedDict):
    """A column of a table."""

    name: str
    target: Annotated[str | None, Field(description="What it is: number, name or a field; null: it is not imported")]


@closed
class ImportSample(TypedDict):
    """A person in a file."""

    line: int
    number: str
    name: str | None
    language: str | None
    time_zone: str | None
    fields: dict[str, Value]
    groups: list[str]


@closed
class ContactImport(TypedDict):
    """The result of an import, or in a dry run what it would be: numbers of rows."""

    import_id: Annotated[str | None, Field(description="Undo it with this ID; null in a dry run")]
    dry_run: bool
    created: int
    updated: int
    unchanged: int
    skipped: Annotated[int, Field(description="Entries without a phone number")]
    bad: Annotated[int, Field(description="Rows with errors")]
    errors: Annotated[list[RowError], Field(description="The first 1000")]
    ignored_columns: list[str]
    columns: Annotated[list[ImportColumn], Field(description="The columns of a table; empty for vCards")]
    sample: Annotated[list[ImportSample], Field(description="The first 5 people as they are imported")]


@closed
class UndoneImport(TypedDict):
    """The result of undoing an import: numbers of contacts."""

    removed: int
    restored: int
    kept: Annotated[int, Field(description="Changed after the import, and therefore left as they are")]
