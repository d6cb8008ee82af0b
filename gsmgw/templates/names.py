"""Names and values of fields, and what a text is written by. Needs no template engine."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TypeAlias

#: Maximum number of characters of a template, and of the text that it gives.
SOURCE_LIMIT = 5000
OUTPUT_LIMIT = 1600

#: A value of a field. An empty text and None are both empty.
Value: TypeAlias = "str | int | float | bool | date | datetime | list[str] | None"


@dataclass(frozen=True, slots=True)
class Setting:
    """Setting of the filters of dates and money: the moment in the recipient's zone, and a language tag (``de``)."""

    now: datetime
    language: str = "en"

    @property
    def zone(self) -> tzinfo | None:
        """The zone in which moments are shown."""
        return self.now.tzinfo


def field_name(title: str) -> str:
    """Return the name by which templates know a column or field: ``First name`` is ``first_name``."""
    plain = unicodedata.normalize("NFC", title).strip().lower()
    name = re.sub(r"\W+", "_", plain).strip("_")
    return f"_{name}" if name and unicodedata.category(name[0]) == "Nd" else name


def is_empty(value: Value) -> bool:
    """Return True for what would leave a hole in a text."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())
