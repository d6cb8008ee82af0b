"""The names of contacts beside their numbers, remembered for a while: lists of conversations have many."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable

from gsmgw.client import ApiError, AsyncClient
from gsmgw.wire import resources

FRESH_S = 30.0
KEPT = 5000


async def contact_of(gateway: AsyncClient, number: str) -> resources.Contact | None:
    """Return the contact with a number; None if there is none."""
    if not number.startswith("+"):
        return None
    try:
        return await gateway.contact(number)
    except ApiError:
        return None


class Names:
    """Names by number."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, str | None]] = OrderedDict()

    def forget(self, number: str) -> None:
        """Ask for a name again: it was changed."""
        self._known.pop(number, None)

    async def of(self, gateway: AsyncClient, numbers: Iterable[str]) -> dict[str, str]:
        """Return the names of those who are contacts."""
        found: dict[str, str] = {}
        for number in numbers:
            known = self._known.get(number)
            if known is None or time.monotonic() - known[0] > FRESH_S:
                contact = await contact_of(gateway, number)
                known = self._known[number] = (time.monotonic(), contact["name"] if contact else None)
            if known[1]:
                found[number] = known[1]
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return found
