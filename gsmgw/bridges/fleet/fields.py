"""Reads the fields of what another gateway of a fleet wrote, and says what is wrong with them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from gsmgw.errors import GsmgwError
from gsmgw.model import Priority
from gsmgw.model.events import Json
from gsmgw.store.fleet_jobs import JobName

#: The version of the contents. A reader refuses a newer one.
VERSION = 1

V = TypeVar("V")
E = TypeVar("E", bound=StrEnum)


class BadContent(GsmgwError):
    """A message of the fleet cannot be read. The text says why."""


class Fields:
    """The fields of an object that another gateway wrote. Each getter raises :class:`BadContent`."""

    def __init__(self, found: Mapping[str, object]) -> None:
        self._found = found

    @classmethod
    def load(cls, payload: bytes) -> Fields:
        """Read an object of a version that this gateway knows."""
        try:
            found = json.loads(payload)
        except (ValueError, RecursionError) as exc:
            raise BadContent(f"not JSON: {exc}") from None
        if not isinstance(found, dict):
            raise BadContent("not an object")
        version = found.get("v")
        if not isinstance(version, int) or version > VERSION:
            raise BadContent(f"version {version!r} is newer than this gateway: update it")
        return cls(found)

    def _value(self, name: str, kind: type[V], words: str) -> V:
        value = self._found.get(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise BadContent(f"{name}: {str(value)[:60]!r} is not {words}")
        return value

    def has(self, name: str) -> bool:
        """Return True if a field is there and not null."""
        return self._found.get(name) is not None

    def text(self, name: str) -> str:
        """Return a text."""
        return self._value(name, str, "a text")

    def text_or_none(self, name: str) -> str | None:
        """Return a text, or None."""
        return self.text(name) if self.has(name) else None

    def number(self, name: str) -> int:
        """Return an integer."""
        return self._value(name, int, "a number")

    def number_or_none(self, name: str) -> int | None:
        """Return an integer, or None."""
        return self.number(name) if self.has(name) else None

    def share(self, name: str) -> float:
        """Return a number above 0; 1 where there is none."""
        value = self._found.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1000:
            raise BadContent(f"{name}: {str(value)[:60]!r} is not a number from 0 to 1000")
        return float(value)

    def flag(self, name: str) -> bool:
        """Return True or False."""
        return self._value(name, bool, "true or false")

    def data(self, name: str) -> bytes | None:
        """Return bytes, or None."""
        try:
            return base64.b64decode(self.text(name), validate=True) if self.has(name) else None
        except ValueError:
            raise BadContent(f"{name}: not Base64") from None

    def one_of(self, name: str, kind: type[E]) -> E:
        """Return a value of an enum."""
        try:
            return kind(self.text(name))
        except ValueError as exc:
            raise BadContent(f"{name}: {exc}") from None

    def priority(self) -> Priority:
        """Return the class of a message."""
        try:
            return Priority[self.text("priority").upper()]
        except KeyError:
            raise BadContent(f"priority: {self.text('priority')!r} is not a priority") from None

    def job(self) -> JobName:
        """Return the name of a job."""
        return job_name(self.text("job"))

    def values(self, name: str) -> list[object]:
        """Return a list."""
        return self._value(name, list, "a list")

    def texts(self, name: str) -> list[str]:
        """Return a list of texts."""
        return [str(each) for each in self.values(name)]

    def part(self, name: str) -> Fields:
        """Return an object in a field."""
        return Fields(self.json(name))

    def json(self, name: str) -> dict[str, Json]:
        """Return an object in a field as it is."""
        return self._value(name, dict, "an object")

    def parts(self, name: str) -> list[Fields]:
        """Return a list of objects."""
        found = self.values(name)
        return [Fields(each) for each in found if isinstance(each, dict)]


def job_name(text: str) -> JobName:
    """Read the name of a job. Raises :class:`BadContent`."""
    try:
        return JobName.parse(text)
    except ValueError as exc:
        raise BadContent(str(exc)) from None
