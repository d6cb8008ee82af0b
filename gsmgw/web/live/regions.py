"""The parts of pages that change by themselves: which events change them, and how they are rendered.

A page names its regions as ``kind`` or ``kind:argument``. The element of a region has an ID made from its name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from gsmgw.client import AsyncClient
from gsmgw.web.look import Look
from gsmgw.wire import resources

Matches: TypeAlias = Callable[[resources.Event, str], bool]
Renders: TypeAlias = Callable[[Look, AsyncClient, str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Region:
    """A kind of region."""

    matches: Matches
    #: Returns the HTML of ``<hx-partial>`` elements, or an empty text.
    render: Renders
    #: The least time between two updates; seconds.
    pause_s: float = 0.25


REGIONS: dict[str, Region] = {}


def region(name: str, matches: Matches, pause_s: float = 0.25) -> Callable[[Renders], Renders]:
    """Register a kind of region by the function that renders it."""

    def add(render: Renders) -> Renders:
        REGIONS[name] = Region(matches, render, pause_s)
        return render

    return add


def partial(target: str, html: str, swap: str = "outerMorph") -> str:
    """Return a fragment for the element with an ID."""
    return f'<hx-partial hx-target="#{target}" hx-swap="{swap}">{html}</hx-partial>'


def of_kinds(*starts: str) -> Matches:
    """Return a test of events by the beginning of their types."""
    return lambda event, _: event["type"].startswith(starts)
