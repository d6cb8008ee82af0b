"""Everything about the people who are texted, for the API and the daemon."""

from __future__ import annotations

from collections.abc import Callable

from gsmgw.audience.contacts import Contacts
from gsmgw.audience.groups import Fields, Groups
from gsmgw.audience.imports import Imports
from gsmgw.audience.segment_queries import Segments
from gsmgw.audience.templates import Templates
from gsmgw.ports import Clock
from gsmgw.store import Store


class Audience:
    """The services for contacts, groups and fields. ``country`` returns the country of numbers without a plus."""

    def __init__(self, store: Store, clock: Clock, country: Callable[[], str | None]) -> None:
        self.contacts = Contacts(store, clock, country)
        self.segments = Segments(store, clock)
        self.groups = Groups(store, clock, country, self.segments)
        self.fields = Fields(store, clock)
        self.templates = Templates(store, clock)
        self.imports = Imports(store, clock, country)
