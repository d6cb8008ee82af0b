"""Events of contacts. An import is one event, however many contacts it has."""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.model.events.types import EventData, EventType


@dataclass(slots=True)
class ContactsImported(EventData):
    """Contacts were imported from a file: numbers of contacts."""

    type = EventType.CONTACTS_IMPORTED
    import_id: str
    created: int
    updated: int
    unchanged: int


@dataclass(slots=True)
class ContactsImportUndone(EventData):
    """An import was undone: numbers of contacts; ``kept`` were changed after the import and stay."""

    type = EventType.CONTACTS_IMPORT_UNDONE
    import_id: str
    removed: int
    restored: int
    kept: int
