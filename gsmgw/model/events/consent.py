"""Events of consent."""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.model.consent import ConsentAction, ConsentState
from gsmgw.model.events.types import EventData, EventType


@dataclass(slots=True)
class ConsentChanged(EventData):
    """A number opted out of a list or joined it. ``action`` is how, ``source`` where it comes from."""

    type = EventType.CONSENT_CHANGED
    number: str
    list: str
    state: ConsentState
    action: ConsentAction
    source: str
    keyword: str | None = None


@dataclass(slots=True)
class ConsentSuspected(EventData):
    """A text may be an opt-out: marketing to the number is on hold until a person decides."""

    type = EventType.CONSENT_SUSPECTED
    number: str
    keyword: str | None = None
