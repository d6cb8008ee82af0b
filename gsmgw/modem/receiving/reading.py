"""Reading a memory: by the list or index by index, and again what was damaged on the line."""

from __future__ import annotations

import logging

from gsmgw.modem.commands.storage import MessageStorage, StoredPdu
from gsmgw.modem.port.errors import CommandError, CommandTimeout

log = logging.getLogger(__name__)

#: How often a message is read again that was damaged on the line.
READINGS = 3
#: The ability to list messages, in the set of what this modem cannot do.
LIST = "list"


async def read_all(name: str, storage: MessageStorage, unable: set[str]) -> list[StoredPdu]:
    """Return all messages of the selected memory; ``unable`` notes that the modem cannot list them."""
    if LIST not in unable:
        try:
            return await storage.list_messages()
        except CommandError as exc:
            log.info("%s: %s; reading the messages one by one", name, exc)
        except CommandTimeout:
            unable.add(LIST)  # some take minutes, or never come back (gammu issue 323)
            raise
    return await _read_each(storage)


async def _read_each(storage: MessageStorage) -> list[StoredPdu]:
    found: list[StoredPdu] = []
    for use in (await storage.use())[:1]:
        for index in range(use.total + 1 if use.used else 0):  # the first index is 0 or 1
            stored = await storage.read(index)
            if stored is not None:
                found.append(stored)
            if len(found) >= use.used:
                break
    return found


async def undamaged(stored: StoredPdu, storage: MessageStorage) -> StoredPdu | None:
    """Read a message again that lost bytes on the line; None when each reading differs.

    A message that reads the same twice is what the modem has, whatever length it names.
    """
    first = stored
    for _ in range(READINGS):
        if stored.whole and stored.length_octets is not None:
            return stored
        again = await storage.read(stored.index)
        if again is not None and again.pdu == stored.pdu:
            return stored
        stored = again or stored
    if stored is first or (stored.whole and stored.length_octets is not None):
        return stored  # it cannot be read one by one, or it is undamaged now
    return None
