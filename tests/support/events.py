"""Events of any type, for tests that only want events."""

from __future__ import annotations

from dataclasses import dataclass, field

from gsmgw.model import EventData
from gsmgw.model.events import Json


@dataclass
class _AnyData(EventData):
    name: str
    content: dict[str, Json] = field(default_factory=dict)

    @property
    def type(self) -> str:  # type: ignore[override]  # of another version, perhaps
        return _Name(self.name)

    def as_json(self) -> dict[str, Json]:
        return self.content


class _Name(str):
    """A type that is not in the enumeration, with the same manners."""

    __slots__ = ()

    @property
    def value(self) -> str:
        return str(self)


def any_event(type: str, **data: Json) -> EventData:
    """The data of an event of any type."""
    return _AnyData(type, data)
