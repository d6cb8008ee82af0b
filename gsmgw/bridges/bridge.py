"""The parts that every bridge has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gsmgw.bridges.context import BridgeContext
from gsmgw.config import CompatSection
from gsmgw.dispatch.dialect import Dialect
from gsmgw.http.routes import Router


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge that is routes of the API's listeners.

    ``name`` is also the ``format`` of the webhooks that are written in its dialect.
    """

    name: str
    #: The paths that its routes begin with.
    prefixes: tuple[str, ...]
    is_on: Callable[[CompatSection], bool]
    make_router: Callable[[BridgeContext], Router]
    make_dialect: Callable[[CompatSection], Dialect]


class StandingBridge(Protocol):
    """A bridge with connections of its own."""

    def tasks(self) -> Sequence[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return what runs, by name."""

    @property
    def trouble(self) -> str | None:
        """Why it does not work; None if it does."""

    @property
    def behind(self) -> int | None:
        """The number of events that it has not passed on; None if it passes on none."""

    @property
    def dropped(self) -> int | None:
        """The number of events that it gave up since the start; None if it passes on none."""
