"""The parts that every bridge has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gsmgw.bridges.context import BridgeContext
from gsmgw.config import CompatSection
from gsmgw.dispatch.dialect import Dialect
from gsmgw.http.routes import Router


@dataclass(frozen=True, slots=True)
class Bridge:
    """One bridge. ``name`` is also the ``format`` of the webhooks that are written in its dialect."""

    name: str
    #: The paths that its routes begin with.
    prefixes: tuple[str, ...]
    is_on: Callable[[CompatSection], bool]
    make_router: Callable[[BridgeContext], Router]
    make_dialect: Callable[[CompatSection], Dialect]
