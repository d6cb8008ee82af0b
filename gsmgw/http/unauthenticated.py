"""Connections that have not shown a valid token: a few for each place, and the oldest make room for new ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from gsmgw.http.origins import Proxies, place_of


class Strangers:
    """The connections of strangers to one listener.

    A new one is let in and the oldest of the same place closed: to refuse the new one would let a stranger lock out
    everybody behind the same address.
    """

    def __init__(self, per_place: int, proxies: Proxies | None = None) -> None:
        self._per_place = per_place
        self._proxies = proxies or Proxies()
        self._places: dict[str, OrderedDict[object, None]] = {}
        self._known: dict[object, tuple[str, Callable[[], None]]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, connection: object, address: str, close: Callable[[], None]) -> None:
        """A connection came. Those of trusted proxies are not counted: many clients share them."""
        if address in self._proxies:
            return
        place = place_of(address)
        of_place = self._places.setdefault(place, OrderedDict())
        if len(of_place) >= self._per_place:
            self._evict(next(iter(of_place)))
            of_place = self._places.setdefault(place, OrderedDict())
        of_place[connection] = None
        self._known[connection] = place, close

    def discard(self, connection: object) -> None:
        """A connection has ended, or has shown a valid token."""
        entry = self._known.pop(connection, None)
        if entry is not None:
            of_place = self._places[entry[0]]
            del of_place[connection]
            if not of_place:
                del self._places[entry[0]]

    def _evict(self, connection: object) -> None:
        _, close = self._known[connection]
        self.discard(connection)
        close()
