"""Limits for connections without a valid token: a few for each client network, and new ones replace the oldest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from gsmgw.http.origins import Proxies, network_key


class UnauthenticatedConnections:
    """The connections to one listener that have not yet presented a valid token.

    A new connection closes the oldest one of the same network. If new ones were refused, one client could lock out
    everybody behind the same address.
    """

    def __init__(self, per_network: int, proxies: Proxies | None = None) -> None:
        self._per_network = per_network
        self._proxies = proxies or Proxies()
        self._networks: dict[str, OrderedDict[object, None]] = {}
        self._known: dict[object, tuple[str, Callable[[], None]]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, connection: object, address: str, close: Callable[[], None]) -> None:
        """Count a new connection. Those of trusted proxies are not counted: many clients share them."""
        if address in self._proxies:
            return
        network = network_key(address)
        of_network = self._networks.setdefault(network, OrderedDict())
        if len(of_network) >= self._per_network:
            self._evict(next(iter(of_network)))
            of_network = self._networks.setdefault(network, OrderedDict())
        of_network[connection] = None
        self._known[connection] = network, close

    def discard(self, connection: object) -> None:
        """Stop counting a connection: it has ended or presented a valid token."""
        entry = self._known.pop(connection, None)
        if entry is not None:
            of_network = self._networks[entry[0]]
            del of_network[connection]
            if not of_network:
                del self._networks[entry[0]]

    def _evict(self, connection: object) -> None:
        _, close = self._known[connection]
        self.discard(connection)
        close()
