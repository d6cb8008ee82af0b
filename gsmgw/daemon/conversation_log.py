"""Logs the AT conversation of every modem at the level debug."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from gsmgw.modem import Modem, TranscriptRows

log = logging.getLogger(__name__)


class ConversationLog:
    """Follows the ports of modems while the level is debug. Lines are masked unless numbers are logged."""

    def __init__(self, *, numbers: bool) -> None:
        self._numbers = numbers
        self._modems: dict[str, Modem] = {}
        self._ends: list[Callable[[], None]] = []

    def add(self, modem: Modem) -> None:
        """Follow one more modem."""
        self._modems[modem.name] = modem
        if log.isEnabledFor(logging.DEBUG):
            self._follow(modem)

    def remove(self, name: str) -> None:
        """Forget a modem."""
        self._modems.pop(name, None)

    def levels_changed(self, *, numbers: bool) -> None:
        """Begin or end to follow all modems: the level, or what may be logged, has changed."""
        self._numbers = numbers
        while self._ends:
            self._ends.pop()()
        if log.isEnabledFor(logging.DEBUG):
            for modem in self._modems.values():
                self._follow(modem)

    def _follow(self, modem: Modem) -> None:
        rows = TranscriptRows(masked=not self._numbers)

        def heard(direction: str, data: bytes) -> None:
            for row in rows.feed(time.monotonic(), direction, data):
                log.debug("%s: port %s", modem.name, row.partition(" ")[2])

        self._ends.append(modem.tap(heard))
