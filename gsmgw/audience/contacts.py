"""Contacts: the one service for reading and changing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from gsmgw.audience.errors import Conflict, NotFound
from gsmgw.audience.field_values import ValueRefused
from gsmgw.audience.people import (
    MAX_NAME,
    checked_fields,
    checked_group,
    checked_language,
    checked_number,
    checked_zone,
)
from gsmgw.model import format_id, parse_id
from gsmgw.model.contacts import Contact, Person, fold
from gsmgw.outbound.errors import Refusal
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, consent_changes, contact_fields, contact_groups, contacts
from gsmgw.store.contacts import Clause
from gsmgw.wire.problems import ProblemCode


class Unset(Enum):
    """A field that a change leaves as it is."""

    UNSET = "unset"


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True)
class ContactChange:
    """Changes to a contact. ``fields`` are changed one by one; None removes a value."""

    number: str | Unset = UNSET
    name: str | Unset | None = UNSET
    language: str | Unset | None = UNSET
    time_zone: str | Unset | None = UNSET
    fields: Mapping[str, object] | Unset = UNSET
    groups: Sequence[str] | Unset = UNSET
    #: True if ``fields`` are all fields that the contact is to have.
    replaces_fields: bool = False


class Contacts:
    """Reads and changes contacts. ``country`` returns the country of numbers without a plus."""

    def __init__(self, store: Store, clock: Clock, country: Callable[[], str | None]) -> None:
        self._store = store
        self._clock = clock
        self._country = country

    def reference(self, text: str) -> int | str:
        """Return the ID or the number that a text of a path stands for. Raises :class:`NotFound`."""
        contact_id = None if text.startswith("+") else parse_id(text)
        if contact_id is not None:
            return contact_id
        try:
            return checked_number(text, self._country())
        except Refusal:
            raise NotFound(f"the contact {text[:40]!r} does not exist") from None

    async def get(self, contact: str) -> Contact:
        """Return a contact by its ID or number. Raises :class:`NotFound`."""
        wanted = self.reference(contact)
        found = await self._store.read(lambda db: contacts.get(db, wanted))
        return _there(found, contact)

    async def page(self, wanted: Clause, before_id: int | None, limit: int) -> list[Contact]:
        """Return contacts that meet a condition, newest first, and one more if others follow."""
        where = wanted if before_id is None else contacts.both(wanted, ("id < ?", (before_id,)))
        return await self._store.read(lambda db: contacts.find(db, where, limit + 1))

    async def searching(self, question: str) -> Clause:
        """Return the condition for contacts with all these words in their name, number or searchable fields."""
        known = await self._store.read(contact_fields.all_fields)
        return contacts.search(question.split(), [field.name for field in known if field.searchable])

    async def create(self, change: ContactChange) -> Contact:
        """Save a new contact. Raises :class:`Refusal`, or :class:`Conflict` if the number has one."""
        number = self._number(change)
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> Contact | None:
            existing = contacts.load(tx, number)
            if existing is not None:
                raise Conflict(f"the number {number} belongs to the contact {format_id(existing.id)!r}")
            person = _changed(Person(), change, tx)
            return contacts.load(tx, contacts.create(tx, now_ms, number, person))

        return _there(await self._store.write(write), number)

    async def put(self, contact: str, change: ContactChange) -> tuple[Contact, bool]:
        """Replace a contact, or create it by its number. The second value is True for a new one."""
        wanted = self.reference(contact)
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> tuple[Contact | None, bool]:
            existing = contacts.load(tx, wanted)
            if existing is not None:
                return self._save(tx, now_ms, existing, Person(), change), False
            if not isinstance(wanted, str):
                return None, False
            if change.number is not UNSET and self._number(change) != wanted:
                raise Refusal(ProblemCode.INVALID_REQUEST, "number", "is not the number in the path")
            person = _changed(Person(), change, tx)
            return contacts.load(tx, contacts.create(tx, now_ms, wanted, person)), True

        found, is_new = await self._store.write(write)
        return _there(found, contact), is_new

    async def patch(self, contact: str, change: ContactChange) -> Contact:
        """Change some of what is known about a contact."""
        wanted = self.reference(contact)
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> Contact | None:
            existing = contacts.load(tx, wanted)
            return None if existing is None else self._save(tx, now_ms, existing, existing.person, change)

        return _there(await self._store.write(write), contact)

    async def delete(self, contact: str) -> None:
        """Delete a contact. Its messages and its consent stay. Raises :class:`NotFound`."""
        wanted = self.reference(contact)

        def write(tx: Tx) -> Contact | None:
            existing = contacts.load(tx, wanted)
            if existing is not None:
                contacts.delete(tx, existing)
            return existing

        _there(await self._store.write(write), contact)

    async def merge(self, contact: str, other: str) -> Contact:
        """Merge ``other`` into a contact and delete it. The contact keeps its number, its own values, and the stricter
        consent of both.
        """
        kept_ref, other_ref = self.reference(contact), self.reference(other)
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> Contact | None:
            kept = _there(contacts.load(tx, kept_ref), contact)
            gone = _there(contacts.load(tx, other_ref), other)
            if kept.id == gone.id:
                raise Conflict("a contact cannot be merged with itself")
            contacts.delete(tx, gone)
            contacts.update(tx, now_ms, kept, kept.number, contacts.merged(kept.person, gone.person))
            consent_changes.keep_stricter(tx, now_ms, kept.number, gone.number)
            return contacts.load(tx, kept.id)

        return _there(await self._store.write(write), contact)

    def _number(self, change: ContactChange) -> str:
        if change.number is UNSET:
            raise Refusal(ProblemCode.INVALID_REQUEST, "number", "is missing")
        return checked_number(change.number, self._country())

    def _save(self, tx: Tx, now_ms: int, existing: Contact, base: Person, change: ContactChange) -> Contact | None:
        number = existing.number if change.number is UNSET else self._number(change)
        if number != existing.number and (holder := contacts.load(tx, number)) is not None:
            raise Conflict(f"the number {number} belongs to the contact {format_id(holder.id)!r}")
        person = _changed(base, change, tx)
        if number != existing.number or not contacts.same(person, existing.person):
            contacts.update(tx, now_ms, existing, number, person)
        return contacts.load(tx, existing.id)


def checked_names(names: Sequence[str], field: str) -> list[str]:
    """Return the names of groups. Raises :class:`Refusal` for one that is not valid."""
    found = []
    for place, text in enumerate(names):
        try:
            found.append(checked_group(text))
        except ValueRefused as exc:
            raise Refusal(ProblemCode.INVALID_REQUEST, field, f"entry {place + 1} {exc}") from None
    return found


def checked_groups(tx: Tx, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of groups that contacts can be added to. Raises :class:`Refusal` for a smart group."""
    found: dict[str, str] = {}
    for name in checked_names(names, "groups"):
        group = contact_groups.load(tx, name)
        if group is not None and group.segment is not None:
            raise Refusal(
                ProblemCode.INVALID_REQUEST, "groups", f"{name!r} is a smart group: its segment decides who is in it"
            )
        found.setdefault(fold(name), name if group is None else group.name)
    return tuple(found.values())


def _changed(base: Person, change: ContactChange, tx: Tx) -> Person:
    """Return a person with a change. Raises :class:`Refusal`."""
    known = contact_fields.load_all(tx)
    name = base.name if change.name is UNSET else _name(change.name)
    language = base.language if change.language is UNSET else _optional("language", change.language, checked_language)
    zone = base.time_zone if change.time_zone is UNSET else _optional("time_zone", change.time_zone, checked_zone)
    fields = dict(base.fields)
    if change.fields is not UNSET:
        given = checked_fields(change.fields, known)
        kept = {} if change.replaces_fields else {n: v for n, v in fields.items() if n not in change.fields}
        fields = {**kept, **given}
    groups = base.groups if change.groups is UNSET else checked_groups(tx, change.groups)
    return Person(name, language, zone, fields, groups)


def _name(name: str | None) -> str | None:
    text = " ".join((name or "").split())
    if len(text) > MAX_NAME:
        raise Refusal(ProblemCode.INVALID_REQUEST, "name", f"must have at most {MAX_NAME} characters")
    return text or None


def _optional(field: str, text: str | None, check: Callable[[str], str]) -> str | None:
    if not text:
        return None
    try:
        return check(text)
    except ValueRefused as exc:
        raise Refusal(ProblemCode.INVALID_REQUEST, field, str(exc)) from None


def _there(found: Contact | None, named: str) -> Contact:
    if found is None:
        raise NotFound(f"the contact {named[:40]!r} does not exist")
    return found
