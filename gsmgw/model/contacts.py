"""Contacts: people by their numbers, the fields that they may have, and groups of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

#: A value of a field: a text, a number, a date (``2026-12-24``), a boolean or a choice.
FieldValue: TypeAlias = str | int | float | bool
#: Names that segments, templates and columns of files use for something else.
RESERVED_FIELDS = frozenset(
    {
        "number", "phone", "name", "language", "time_zone", "fields", "group", "groups", "id", "contact", "consent",
        "last_reply", "last_sent", "delivered", "campaign", "and", "or", "not", "in", "is", "empty", "contains", "true",
        "false",
    }
)  # fmt: skip
#: Fields that every contact has and that hold text.
BUILT_IN_TEXTS = ("name", "language", "time_zone")


class FieldType(StrEnum):
    """The types of fields."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class ContactField:
    """A declared field. ``choices`` are the values of a choice; ``searchable`` fields are found by ``q``."""

    name: str
    type: FieldType
    choices: tuple[str, ...] = ()
    searchable: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """The data of a contact besides its number."""

    name: str | None = None
    language: str | None = None
    time_zone: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact. ``changed_ms`` is the time of its last change, groups included."""

    id: int
    number: str
    person: Person
    created_ms: int
    changed_ms: int


@dataclass(frozen=True, slots=True)
class ContactGroup:
    """A group. One with a ``segment`` is a smart group: the contacts that match it are its members."""

    id: int
    name: str
    segment: str | None
    created_ms: int


def fold(text: str) -> str:
    """Return a text for comparisons that ignore case and notation."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def index_value(value: FieldValue) -> str | int | float:
    """Return the form of a value that it is found and compared by."""
    if isinstance(value, bool):
        return int(value)
    return fold(value) if isinstance(value, str) else value
