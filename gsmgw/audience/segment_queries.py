"""Segments of the contacts that exist: what they mean, who is in them, and a preview.

They are parsed and checked in a thread: a long one takes a tenth of a second, and none may hold up the event loop.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gsmgw.audience.errors import SegmentRefused
from gsmgw.audience.segments import SegmentError, SegmentScope, check, parse
from gsmgw.model import format_id
from gsmgw.model.contacts import Contact, fold
from gsmgw.model.events.types import Json
from gsmgw.model.segments import Segment, TreeError, json_of, segment_of_json, text_of
from gsmgw.ports import Clock
from gsmgw.store import Store, campaigns, contact_fields, contact_groups, contacts
from gsmgw.store.contacts import Clause
from gsmgw.store.segments import clause_of

#: Contacts that a preview shows.
SAMPLE = 20


@dataclass(frozen=True, slots=True)
class SegmentPreview:
    """The contacts in a segment: how many, the newest of them, and the segment as text and as a tree."""

    count: int
    sample: list[Contact]
    text: str
    tree: Json


class Segments:
    """Answers questions about segments."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def clause(self, text: str, pointer: str = "segment") -> Clause:
        """Return the condition for the contacts in a segment now. Raises :class:`SegmentRefused`."""
        segment = await self._checked(await asyncio.to_thread(_parsed, text, pointer), pointer)
        return await asyncio.to_thread(clause_of, segment, self._clock.wall_ms())

    async def validate(self, text: str, *, group: str | None = None) -> None:
        """Raise :class:`SegmentRefused` for a segment that is not valid, also as the one of a smart group."""
        await self._checked(await asyncio.to_thread(_parsed, text, "segment"), "segment", within=group)

    async def preview(self, text: str | None, tree: Json) -> SegmentPreview:
        """Return the contacts in a segment, given as text or as a tree. Raises :class:`SegmentRefused`."""
        pointer = "tree" if text is None else "segment"
        segment = await asyncio.to_thread(_of_tree, tree) if text is None else await asyncio.to_thread(_parsed, text)
        checked = await self._checked(segment, pointer)
        where = await asyncio.to_thread(clause_of, checked, self._clock.wall_ms())
        count, sample = await asyncio.gather(  # two readers at the same time
            self._store.read(lambda db: contacts.count(db, where)),
            self._store.read(lambda db: contacts.find(db, where, SAMPLE)),
        )
        words, tree = await asyncio.to_thread(lambda: (text_of(segment), json_of(segment)))
        return SegmentPreview(count, sample, words, tree)

    async def scope(self) -> SegmentScope:
        """Return the fields and groups that exist."""
        fields = await self._store.read(contact_fields.all_fields)
        groups = await self._store.read(contact_groups.all_groups)
        known = await self._store.read(campaigns.names)
        by_name = {fold(name): number for number, name in known}  # of several, the newest
        return SegmentScope(
            {field.name: field for field in fields},
            {fold(group.name): group for group in groups},
            by_name | {format_id(number): number for number, _ in known},
        )

    async def _checked(self, segment: Segment, pointer: str, within: str | None = None) -> Segment:
        scope = await self.scope()
        try:
            return await asyncio.to_thread(check, segment, scope, () if within is None else (fold(within),))
        except SegmentError as exc:
            raise SegmentRefused(pointer, exc.detail, exc.column if pointer != "tree" else None) from None


def _parsed(text: str, pointer: str = "segment") -> Segment:
    try:
        return parse(text)
    except SegmentError as exc:
        raise SegmentRefused(pointer, exc.detail, exc.column) from None


def _of_tree(tree: Json) -> Segment:
    try:
        return segment_of_json(tree)
    except TreeError as exc:
        raise SegmentRefused("tree", str(exc), None) from None
