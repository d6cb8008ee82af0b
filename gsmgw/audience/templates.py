"""Saved templates, and texts written from them.

Templates are compiled and rendered in a thread: the first one loads the engine, and none may hold up the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from gsmgw.audience.errors import Conflict, NotFound
from gsmgw.model.contacts import Contact
from gsmgw.outbound.errors import Refusal
from gsmgw.pdu import PduError, TextPlan, plan_text
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, contact_fields, templates
from gsmgw.store.templates import SavedTemplate
from gsmgw.templates import Setting, TemplateError, Value
from gsmgw.wire.problems import ProblemCode
from gsmgw.zones import country_of_number, zones_of_country

#: Maximum number of templates.
MAX_TEMPLATES = 1000
#: Fields that every contact has.
BUILT_IN = frozenset({"number", "name", "language", "time_zone", "groups"})


@dataclass(frozen=True, slots=True)
class Preview:
    """A text that a template gives, and how it would be sent."""

    text: str
    plan: TextPlan
    fields: frozenset[str]


class Templates:
    """Reads, changes and renders templates."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def all(self) -> list[SavedTemplate]:
        """Return all templates by name."""
        return await self._store.read(templates.all_templates)

    async def get(self, name: str) -> SavedTemplate:
        """Return a template. Raises :class:`NotFound`."""
        found = await self._store.read(lambda db: templates.get(db, name))
        if found is None:
            raise NotFound(f"the template {name[:100]!r} does not exist")
        return found

    async def create(self, name: str, text: str) -> SavedTemplate:
        """Save a new template.

        Raises :class:`Refusal` if the text is not valid, :class:`Conflict` if the name is taken.
        """
        return (await self._save(name, text, replace=False))[0]

    async def put(self, name: str, text: str) -> tuple[SavedTemplate, bool]:
        """Save a template; return it, and True for a new one. Raises :class:`Refusal` if the text is not valid."""
        return await self._save(name, text, replace=True)

    async def _save(self, name: str, text: str, *, replace: bool) -> tuple[SavedTemplate, bool]:
        named = _checked_name(name)
        await self.check(text)
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> bool:
            new = not templates.exists(tx, named)
            if not new and not replace:
                raise Conflict(f"a template named {named!r} exists already")
            if new and templates.count(tx) >= MAX_TEMPLATES:
                raise Conflict(f"there are {MAX_TEMPLATES} templates already, the maximum")
            templates.save(tx, now_ms, named, text)
            return new

        new = await self._store.write(write)
        return await self.get(named), new

    async def delete(self, name: str) -> None:
        """Delete a template. Raises :class:`NotFound`."""
        if not await self._store.write(lambda tx: templates.delete(tx, name)):
            raise NotFound(f"the template {name[:100]!r} does not exist")

    async def known_fields(self) -> frozenset[str]:
        """Return the names that a template may use: those of every contact, and the declared ones."""
        return BUILT_IN | {field.name for field in await self._store.read(contact_fields.all_fields)}

    async def check(self, text: str, more: frozenset[str] = frozenset()) -> None:
        """Check a template, which may use ``more`` fields. Raises :class:`Refusal` with line and column."""
        known = await self.known_fields() | more
        await asyncio.to_thread(_compiled, text, known)

    async def render(self, text: str, values: Mapping[str, Value], setting: Setting, more: frozenset[str]) -> str:
        """Return what a template gives. Raises :class:`Refusal`, for a field that is empty as well."""
        known = await self.known_fields() | more
        return (await asyncio.to_thread(_preview, text, known, values, setting)).text

    async def preview(
        self, text: str, contact: Contact | None = None, fields: Mapping[str, Value] | None = None
    ) -> Preview:
        """Return what a template gives for a contact, with ``fields`` in place of its own.

        Raises :class:`Refusal`, for a field that is empty as well.
        """
        known = await self.known_fields() | frozenset(fields or ())
        now_ms = self._clock.wall_ms()
        values = {**({} if contact is None else values_of(contact)), **(fields or {})}
        return await asyncio.to_thread(_preview, text, known, values, setting_of(values, now_ms))


def values_of(contact: Contact) -> dict[str, Value]:
    """Return the values of a contact's fields, as templates show them."""
    person = contact.person
    return {
        **person.fields,
        "number": contact.number,
        "name": person.name,
        "language": person.language,
        "time_zone": person.time_zone,
        "groups": list(person.groups),
    }


def setting_of(values: Mapping[str, Value], now_ms: int) -> Setting:
    """Return the language and the moment of a recipient; the zone is that of its country if none is known."""
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    zone = str(values.get("time_zone") or "") or _zone_of(str(values.get("number") or ""))
    return Setting(moment.astimezone(ZoneInfo(zone)), str(values.get("language") or "en"))


def _checked_name(name: str) -> str:
    named = name.strip()
    if not named or "/" in named or not named.isprintable():
        raise Refusal(ProblemCode.INVALID_REQUEST, "name", f"{name[:100]!r} is not a valid name: use words without /")
    return named


@lru_cache(maxsize=4096)
def _zone_of(number: str) -> str:
    country = country_of_number(number)
    return zones_of_country(country)[0].key if country else "UTC"


def _compiled(text: str, known: frozenset[str]) -> object:
    from gsmgw.templates.template import Template  # loads the engine

    try:
        return Template(text, known)
    except TemplateError as exc:
        raise Refusal(ProblemCode.INVALID_TEMPLATE, "text", str(exc)) from None


def _preview(text: str, known: frozenset[str], values: Mapping[str, Value], setting: Setting) -> Preview:
    from gsmgw.templates.template import Template  # loads the engine

    try:
        template = Template(text, known)
        written = template.render(values, setting)
    except TemplateError as exc:
        raise Refusal(ProblemCode.INVALID_TEMPLATE, "text", str(exc)) from None
    if not written.strip():
        raise Refusal(ProblemCode.INVALID_TEMPLATE, "text", "the template gives an empty text")
    try:
        return Preview(written, plan_text(written), template.fields)
    except PduError as exc:
        raise Refusal(ProblemCode.NOT_ENCODABLE, "text", exc.title) from None
