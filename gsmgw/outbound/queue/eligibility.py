"""Eligibility: which modem serves which routes at the moment, by the routes and the states of the modems. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from gsmgw.model.routes import Route, is_detour
from gsmgw.outbound.queue.router import RouteTable, routes_served


class Eligibility:
    """Kept up to date by :meth:`attach`, :meth:`fitness` and :meth:`know`."""

    def __init__(self, table: RouteTable) -> None:
        self._table = table
        self._fit: dict[str, bool] = {}
        #: Routes that lead around modems: known once a message has one.
        self._detours: set[str] = set()
        self._served: dict[str, tuple[str, ...]] = {}

    def attach(self, modem: str, *, fit: bool) -> None:
        """A modem takes part, or its fitness has changed."""
        if self._fit.get(modem) is not fit:
            self._fit[modem] = fit
            self._find()

    def know(self, routes: Iterable[str]) -> None:
        """Messages have these routes."""
        unknown = set(filter(is_detour, routes)) - self._detours
        if unknown:
            self._detours |= unknown
            self._find()

    def served_by(self, modem: str) -> tuple[str, ...]:
        """The routes that a modem takes messages of."""
        return self._served[modem]

    def around(self, route: str, modem: str) -> str | None:
        """The route of a message that this modem refused; None when no other that is fit may carry it."""
        detour = Route.parse(route).around(modem)
        return str(detour) if detour is not None and any(self._fit[name] for name in self._others(detour)) else None

    def _plain(self, modem: str) -> tuple[str, ...]:
        unfit = [name for name, fit in self._fit.items() if not fit]
        return routes_served(modem, self._table.pools_of(modem), unfit)

    def _others(self, detour: Route) -> list[str]:
        """The modems of a detour that did not refuse."""
        return [name for name in self._fit if name not in detour.avoided and detour.base in self._plain(name)]

    def _find(self) -> None:
        self._served = {name: self._plain(name) for name in self._fit}
        for detour in self._detours:
            route = Route.parse(detour)
            others = self._others(route)
            if not any(self._fit[name] for name in others):  # those that refused are better than none
                others = [name for name in self._fit if route.base in self._plain(name)]
            for name in others:
                self._served[name] = (*self._served[name], detour)
