"""The text of a campaign for each recipient, and why somebody gets none. Nothing here reads the database."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import phonenumbers

from gsmgw.audience.templates import BUILT_IN, setting_of, values_of
from gsmgw.model.campaigns import CampaignPlan, Skipped, Variant
from gsmgw.model.contacts import Contact
from gsmgw.pdu import PduError, TextPlan, plan_text
from gsmgw.templates import EmptyField, TemplateError, Value

if TYPE_CHECKING:
    from gsmgw.templates.template import Template


@dataclass(frozen=True, slots=True)
class Written:
    """The text for a recipient with its encoding and segments, or why it gets none."""

    number: str
    variant: int
    text: str = ""
    plan: TextPlan | None = None
    skipped: Skipped | None = None
    detail: str = ""


class Writer:
    """Writes the texts of a campaign; used in a thread. ``sources`` are the texts of its variants."""

    def __init__(self, plan: CampaignPlan, variants: Sequence[Variant], fields: frozenset[str]) -> None:
        """Compile the texts. Raises :class:`TemplateError`."""
        from gsmgw.templates.template import Template  # loads the engine

        self._plan = plan
        self._templates: list[Template] = [Template(each.text, BUILT_IN | fields) for each in variants]
        self._shares = [index for index, each in enumerate(variants) for _ in range(each.weight)]

    def write(self, people: Mapping[str, Contact | None], now_ms: int) -> list[Written]:
        """Return the text for each number."""
        return [self._write(number, contact, now_ms) for number, contact in people.items()]

    def _write(self, number: str, contact: Contact | None, now_ms: int) -> Written:
        # By the number, so that a person gets the same variant each time.
        variant = self._shares[zlib.crc32(number.encode()) % len(self._shares)]
        if self._plan.exclude.landlines and is_landline(number):
            return Written(number, variant, skipped=Skipped.LANDLINE)
        values: dict[str, Value] = {"number": number} if contact is None else values_of(contact)
        try:
            text = self._templates[variant].render(values, setting_of(values, now_ms))
            planned = plan_text(text)
        except EmptyField as exc:
            return Written(number, variant, skipped=Skipped.EMPTY_FIELD, detail=exc.field)
        except (TemplateError, PduError) as exc:
            return Written(number, variant, skipped=Skipped.REFUSED, detail=str(exc))
        if not text.strip():
            return Written(number, variant, skipped=Skipped.REFUSED, detail="the text is empty")
        if planned.segment_count > self._plan.exclude.max_segments:
            return Written(number, variant, text, planned, Skipped.TOO_LONG)
        return Written(number, variant, text, planned)


def is_landline(number: str) -> bool:
    """Return True for a number that certainly belongs to a fixed line."""
    try:
        return phonenumbers.number_type(phonenumbers.parse(number)) == phonenumbers.PhoneNumberType.FIXED_LINE
    except phonenumbers.NumberParseException:
        return False
