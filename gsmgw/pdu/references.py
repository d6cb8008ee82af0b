"""References of concatenated messages that do not meet again at the same recipient (TS 23.040 9.2.3.24.1, .8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zlib import crc32

HORIZON_S: Final = 7 * 24 * 3600.0
"""A service centre keeps a part for days: for that long a reference is not given to the same recipient again."""

_BLOCK: Final = 32
_BLOCKS: Final = 256 // _BLOCK


@dataclass(frozen=True, slots=True)
class References:
    """The state of one recipient's references, to be stored with the message that took a reference.

    References count up, 8-bit and 16-bit ones apart (a phone does not mix them up). The 8-bit ones are kept in blocks
    of 32: ``used_s`` holds when each block last gave one, on the caller's clock. Where the next block did so within
    the horizon, 16-bit references are given until it is older; of those nobody sends 65536 in a week.
    """

    next_8: int
    next_16: int
    used_s: tuple[float | None, ...] = (None,) * _BLOCKS

    @classmethod
    def of(cls, recipient: str) -> References:
        """Return the start for a recipient never written to; each recipient begins elsewhere."""
        start = crc32(recipient.encode("utf-8", "replace"))
        return cls(start & 0xFF, start >> 8 & 0xFFFF)

    def bits(self, now_s: float, wanted: int = 8) -> int:
        """Return the size of the next reference: ``wanted``, or 16 where one of 8 bits could meet its like."""
        if wanted == 8 and self.next_8 % _BLOCK == 0:
            used_s = self.used_s[self.next_8 // _BLOCK]
            if used_s is not None and now_s - used_s < HORIZON_S:
                return 16
        return wanted

    def take(self, now_s: float, bits: int) -> tuple[int, References]:
        """Return the next reference of ``bits`` (as :meth:`bits` said) and what to remember from now on."""
        if bits == 16:
            return self.next_16, References(self.next_8, (self.next_16 + 1) & 0xFFFF, self.used_s)
        block = self.next_8 // _BLOCK
        used_s = (*self.used_s[:block], now_s, *self.used_s[block + 1 :])
        return self.next_8, References((self.next_8 + 1) & 0xFF, self.next_16, used_s)
