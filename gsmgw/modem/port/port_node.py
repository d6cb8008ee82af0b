"""The device node of a port: whether it is still the one that was opened."""

from __future__ import annotations

from gsmgw.errors import PortError
from gsmgw.transport import same_node


class PortNode:
    """Notices that the node of a port was replaced without a hang-up."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._opened: tuple[int, int] | None = None

    def remember(self) -> None:
        """Remember the node that is open now."""
        self._opened = same_node(self._port)

    def check(self) -> None:
        """Raise :class:`PortError` when the port's path leads to another node than the one that was opened."""
        if self._opened is not None and same_node(self._port) != self._opened:
            raise PortError("the port was replaced by another one")

    @property
    def exists(self) -> bool:
        """True if the port has a node now; a TCP port has none."""
        return same_node(self._port) is not None
