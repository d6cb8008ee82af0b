"""The listeners to the conversation on one modem's port."""

from __future__ import annotations

from collections.abc import Callable

from gsmgw.modem.tap.transcript import without_secrets

#: Called with ``>`` (to the modem) or ``<`` (from the modem), and the bytes.
Listener = Callable[[str, bytes], None]


class Taps:
    """Hands what is said on the port, without PINs, to all listeners."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    @property
    def heard(self) -> Listener | None:
        """The listener for the port; None while nobody listens."""
        return self._hand_on if self._listeners else None

    def add(self, listener: Listener) -> None:
        """Add a listener."""
        self._listeners.append(listener)

    def remove(self, listener: Listener) -> None:
        """Remove a listener; an unknown one is ignored."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _hand_on(self, direction: str, data: bytes) -> None:
        shown = without_secrets(data)
        for listener in tuple(self._listeners):
            listener(direction, shown)
