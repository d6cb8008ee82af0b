"""Segments of the contacts that exist: what they mean, who is in them, and a preview."""

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
        return clause_of(await self._checked(_parsed(text, pointer), pointer), self._clock.wall_ms())

    async def validate(self, text: str, *, group: str | None = None) -> None:
        """Raise :class:`SegmentRefused` for a segment that is not valid, also as the one of a smart group."""
        await self._checked(_parsed(text, "segment"), "segment", within=group)

    async def preview(self, text: str | None, tree: Json) -> SegmentPreview:
        """Return the contacts in a segment, given as text or as a tree. Raises :class:`SegmentRefused`."""
        segment, pointer = (_of_tree(tree), "tree") if text is None else (_parsed(text, "segment"), "segment")
        checked = await self._checked(segment, pointer)
        where = clause_of(checked, self._clock.wall_ms())
        count, sample = await asyncio.gather(  # two readers at the same time
            self._store.read(lambda db: contacts.count(db, where)),
            self._store.read(lambda db: contacts.find(db, where, SAMPLE)),
        )
        return SegmentPreview(count, sample, text_of(segment), json_of(segment))

    async def scope(self) -> SegmentScope:
        """Return the fields and groups that exist."""
        fields = await self._store.read(contact_fields.all_fields)
        groups = await self._store.read(contact_groups.all_groups)
        known = await self._store.read(campaigns.all_campaigns)
        by_name = {fold(each.name): each.id for each in reversed(known)}  # of several, the newest
        return SegmentScope(
            {field.name: field for field in fields},
            {fold(group.name): group for group in groups},
            by_name | {format_id(each.id): each.id for each in known},
        )

    async def _checked(self, segment: Segment, pointer: str, within: str | None = None) -> Segment:
        try:
            return check(segment, await self.scope(), () if within is None else (fold(within),))
        except SegmentError as exc:
            raise SegmentRefused(pointer, exc.detail, exc.column if pointer == "segment" else None) from None


def _parsed(text: str, pointer: str) -> Segment:
    try:
        return parse(text)
    except SegmentError as exc:
        raise SegmentRefused(pointer, exc.detail, exc.column) from None


def _of_tree(tree: Json) -> Segment:
    try:
        return segment_of_json(tree)
    except TreeError as exc:
        raise SegmentRefused("tree", str(exc), None) from None
