"""Groups and declared fields of contacts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gsmgw.audience.contacts import UNSET, Unset
from gsmgw.audience.errors import Conflict, NotFound, SegmentRefused
from gsmgw.audience.field_values import ValueRefused
from gsmgw.audience.people import checked_group, checked_number
from gsmgw.audience.segment_queries import Segments
from gsmgw.audience.segments import SegmentError, groups_in, parse
from gsmgw.model.contacts import RESERVED_FIELDS, ContactField, ContactGroup, FieldType, Person, fold
from gsmgw.outbound.errors import Refusal
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, contact_fields, contact_groups, contacts
from gsmgw.store.contacts import Clause
from gsmgw.wire.problems import ProblemCode

#: Maximum number of declared fields.
MAX_FIELDS = 100
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CountedGroup:
    """A group and the number of its members; None if its segment is not valid any more."""

    group: ContactGroup
    members: int | None


class Groups:
    """Reads and changes groups."""

    def __init__(self, store: Store, clock: Clock, country: Callable[[], str | None], segments: Segments) -> None:
        self._store = store
        self._clock = clock
        self._country = country
        self._segments = segments

    async def all(self) -> list[CountedGroup]:
        """Return all groups by name."""
        found = await self._store.read(contact_groups.all_groups)
        counts = await self._store.read(contact_groups.member_counts)
        return [
            CountedGroup(group, counts.get(group.id, 0) if group.segment is None else await self._count(group))
            for group in found
        ]

    async def get(self, name: str) -> CountedGroup:
        """Return a group. Raises :class:`NotFound`."""
        for group in await self._store.read(contact_groups.all_groups):
            if fold(group.name) == fold(name):
                return CountedGroup(group, await self._count(group))
        raise _unknown(name)

    async def members(self, name: str) -> Clause:
        """Return the condition for the members of a group. Raises :class:`NotFound`."""
        for group in await self._store.read(contact_groups.all_groups):
            if fold(group.name) == fold(name):
                return await self._clause(group)
        raise _unknown(name)

    async def _clause(self, group: ContactGroup) -> Clause:
        if group.segment is not None:
            return await self._segments.clause(group.segment)
        return "id IN (SELECT contact_id FROM group_members WHERE group_id = ?)", (group.id,)

    async def _count(self, group: ContactGroup) -> int | None:
        try:
            where = await self._clause(group)
        except SegmentRefused:  # a field that it names was deleted
            return None
        return await self._store.read(lambda db: contacts.count(db, where))

    async def create(self, name: str, segment: str | None) -> CountedGroup:
        """Save a new group. Raises :class:`Conflict` if the name is taken."""
        named, now_ms = _group_name(name), self._clock.wall_ms()
        if segment is not None:
            await self._segments.validate(segment, group=named)

        def write(tx: Tx) -> None:
            if contact_groups.load(tx, named) is not None:
                raise Conflict(f"a group named {named!r} exists already")
            contact_groups.create(tx, now_ms, named, segment)

        await self._store.write(write)
        return await self.get(named)

    async def change(self, name: str, new_name: str | Unset, segment: str | Unset | None) -> CountedGroup:
        """Rename a group or change its segment. A group with members cannot become a smart group."""
        renamed = None if new_name is UNSET else _group_name(new_name)
        if segment is not UNSET and segment is not None:
            await self._segments.validate(segment, group=name)

        def write(tx: Tx) -> ContactGroup:
            group = _group(tx, name)
            if renamed is not None and fold(renamed) != fold(group.name):
                _check_unused(tx, group)
            target = group.name if renamed is None else renamed
            holder = contact_groups.load(tx, target)
            if holder is not None and holder.id != group.id:
                raise Conflict(f"a group named {target!r} exists already")
            if segment is not UNSET and segment is not None and contact_groups.has_members(tx, group):
                raise Conflict(f"the group {group.name!r} has members: a smart group must start empty")
            contact_groups.update(tx, group, target, group.segment if segment is UNSET else segment)
            return _group(tx, target)

        return await self.get((await self._store.write(write)).name)

    async def delete(self, name: str) -> None:
        """Delete a group. Its members stay contacts. Raises :class:`Conflict` if a smart group refers to it."""

        def write(tx: Tx) -> None:
            group = _group(tx, name)
            _check_unused(tx, group)
            contact_groups.delete(tx, group)

        await self._store.write(write)

    async def add(self, name: str, numbers: Sequence[str]) -> int:
        """Add numbers to a group; return how many were not in it. A number without a contact gets one."""
        wanted = [checked_number(number, self._country(), "numbers") for number in numbers]
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> int:
            group = _plain_group(tx, name)
            ids = []
            for number in wanted:
                known = contacts.load(tx, number)
                ids.append(contacts.create(tx, now_ms, number, Person()) if known is None else known.id)
            return contact_groups.add(tx, now_ms, group, ids)

        return await self._store.write(write)

    async def remove(self, name: str, number: str) -> None:
        """Remove a number from a group. Raises :class:`NotFound` if it is not in it."""
        wanted, now_ms = checked_number(number, self._country()), self._clock.wall_ms()

        def write(tx: Tx) -> int:
            group = _plain_group(tx, name)
            known = contacts.load(tx, wanted)
            return 0 if known is None else contact_groups.remove(tx, now_ms, group, [known.id])

        if not await self._store.write(write):
            raise NotFound(f"{wanted} is not in the group {name[:100]!r}")


class Fields:
    """Reads and changes the declared fields."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def all(self) -> list[ContactField]:
        """Return the declared fields by name."""
        return await self._store.read(contact_fields.all_fields)

    async def get(self, name: str) -> ContactField:
        """Return a field. Raises :class:`NotFound`."""
        for field in await self.all():
            if field.name == name:
                return field
        raise NotFound(f"the field {name[:40]!r} does not exist")

    async def put(self, field: ContactField) -> bool:
        """Declare a field or change it. Return True for a new one.

        Raises :class:`Conflict` if contacts have values that would not fit.
        """
        _check_field(field)

        def write(tx: Tx) -> bool:
            known = {each.name: each for each in contact_fields.load_all(tx)}
            before = known.get(field.name)
            if before is None and len(known) >= MAX_FIELDS:
                raise Conflict(f"there are {MAX_FIELDS} fields already, the maximum")
            if before is not None:
                _check_values(tx, before, field)
            contact_fields.save(tx, field)
            return before is None

        return await self._store.write(write)

    async def delete(self, name: str) -> None:
        """Delete a field with all its values."""
        await self.get(name)
        now_ms = self._clock.wall_ms()
        await self._store.write(lambda tx: contact_fields.delete(tx, now_ms, name))


def _check_field(field: ContactField) -> None:
    if not _FIELD_NAME.fullmatch(field.name):
        detail = f"{field.name[:60]!r} is not a valid name: use a to z, 0 to 9 and _, a letter first, at most 40"
        raise Refusal(ProblemCode.INVALID_REQUEST, "name", detail)
    if field.name in RESERVED_FIELDS:
        raise Refusal(ProblemCode.INVALID_REQUEST, "name", f"{field.name!r} has a meaning of its own; use another name")
    if (field.type is FieldType.CHOICE) != bool(field.choices):
        choice = field.type is FieldType.CHOICE
        detail = "a field of the type choice needs choices" if choice else "only a field of the type choice has choices"
        raise Refusal(ProblemCode.INVALID_REQUEST, "choices", detail)
    if len({fold(choice) for choice in field.choices}) < len(field.choices):
        raise Refusal(ProblemCode.INVALID_REQUEST, "choices", "two of them are the same")


def _check_values(tx: Tx, before: ContactField, after: ContactField) -> None:
    if before.type is not after.type and (number := contact_fields.uses(tx, after.name)):
        raise Conflict(
            f"{number} contacts have a value in {after.name!r}, so its type stays {before.type.value}. "
            "Delete the field first, or use another name"
        )
    kept = set(after.choices)
    for choice in before.choices:
        if choice not in kept and contact_fields.uses(tx, after.name, choice):
            raise Conflict(f"contacts have the value {choice!r} in {after.name!r}; change them first")


def _group_name(name: str) -> str:
    try:
        return checked_group(name)
    except ValueRefused as exc:
        raise Refusal(ProblemCode.INVALID_REQUEST, "name", str(exc)) from None


def _check_unused(tx: Tx, group: ContactGroup) -> None:
    """Raise :class:`Conflict` if the segment of another group refers to this one."""
    for other in contact_groups.load_all(tx):
        if other.id != group.id and fold(group.name) in _named_in(other.segment):
            raise Conflict(f"the segment of {other.name!r} refers to {group.name!r}; change it first")


def _named_in(segment: str | None) -> set[str]:
    """Return the folded names of the groups that a segment refers to."""
    try:
        return set() if segment is None else groups_in(parse(segment))
    except SegmentError:  # a damaged row
        return set()


def _unknown(name: str) -> NotFound:
    return NotFound(f"the group {name[:100]!r} does not exist")


def _group(tx: Tx, name: str) -> ContactGroup:
    group = contact_groups.load(tx, name)
    if group is None:
        raise _unknown(name)
    return group


def _plain_group(tx: Tx, name: str) -> ContactGroup:
    group = _group(tx, name)
    if group.segment is not None:
        raise Conflict(f"{group.name!r} is a smart group: its segment decides who is in it")
    return group
