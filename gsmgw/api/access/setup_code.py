"""The code that the first account needs."""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from gsmgw.ports import Clock

VALID_MS: Final = 3_600_000
#: Wrong codes after which the code ends.
WRONG: Final = 10
_DIGITS: Final = 12


class SetupCode:
    """A code of twelve digits that makes one account, within an hour. It is kept in memory only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._code = ""
        self._until_ms = 0
        self._wrong = 0

    def create(self) -> tuple[str, int]:
        """Return a new code in groups of four digits, and when it ends. An earlier code ends."""
        self._code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        self._until_ms, self._wrong = self._clock.wall_ms() + VALID_MS, 0
        return "-".join(self._code[start : start + 4] for start in range(0, _DIGITS, 4)), self._until_ms

    def accepts(self, code: str) -> bool:
        """Return True for the code that is valid now. Spaces and dashes do not count."""
        if not self._code or self._clock.wall_ms() >= self._until_ms:
            return False
        given = "".join(char for char in code if char not in " -")
        if hmac.compare_digest(given.encode(), self._code.encode()):
            return True
        self._wrong += 1
        if self._wrong >= WRONG:
            self._code = ""
        return False

    def end(self) -> None:
        """End the code: it was used."""
        self._code = ""
