"""Reading a memory: by the list or index by index, and again what was damaged on the line."""

from __future__ import annotations

import logging

from gsmgw.modem.commands.client import is_busy
from gsmgw.modem.commands.storage import MessageStorage, StoredPdu
from gsmgw.modem.link_bus import LinkBus, UnreadableChanged
from gsmgw.modem.port.errors import CommandError, CommandTimeout
from gsmgw.ports import Clock

log = logging.getLogger(__name__)

#: How often a message is read again that was damaged on the line.
READINGS = 3
#: A place that cannot be read is tried again after that time, seconds.
UNREADABLE_RETRY_S = 600.0
#: The ability to list messages, in the set of what this modem cannot do.
LIST = "list"


class Unreadable:
    """The places in the memories of one modem whose messages cannot be read: each costs itself, and no other one."""

    def __init__(self, name: str, clock: Clock, bus: LinkBus) -> None:
        self._name = name
        self._clock = clock
        self._bus = bus
        self._retry_at: dict[tuple[str, int], float] = {}
        self._reason = ""

    def count(self, memory: str) -> int:
        """Return how many places of a memory cannot be read."""
        return sum(place[0] == memory for place in self._retry_at)

    def is_paused(self, place: tuple[str, int]) -> bool:
        """Return whether a place is not to be tried again yet."""
        return self._clock.monotonic() < self._retry_at.get(place, float("-inf"))

    def note(self, place: tuple[str, int], error: CommandError) -> None:
        """Note a place that cannot be read."""
        if place not in self._retry_at:
            log.warning("%s: message cannot be read memory=%s index=%d: %s", self._name, *place, error)
        self._retry_at[place] = self._clock.monotonic() + UNREADABLE_RETRY_S
        self._reason = error.title
        self._publish()

    def forget(self, place: tuple[str, int]) -> None:
        """Note a place that can be read, or is empty."""
        if self._retry_at.pop(place, None) is not None:
            self._publish()

    def clear(self, memory: str) -> None:
        """Note that all places of a memory can be read."""
        for place in [place for place in self._retry_at if place[0] == memory]:
            self.forget(place)

    def _publish(self) -> None:
        self._bus.publish(UnreadableChanged(len(self._retry_at), self._reason if self._retry_at else ""))


async def read_all(name: str, storage: MessageStorage, unable: set[str], unreadable: Unreadable) -> list[StoredPdu]:
    """Return all messages of the selected memory that can be read; ``unable`` notes that the modem cannot list them."""
    if LIST not in unable:
        try:
            found = await storage.list_messages()
        except CommandError as exc:
            log.info("%s: %s; reading the messages one by one", name, exc)
        except CommandTimeout:
            unable.add(LIST)  # some take minutes, or never come back (gammu issue 323)
            raise
        else:
            unreadable.clear(storage.selected)
            return found
    return await _read_each(storage, unreadable)


async def _read_each(storage: MessageStorage, unreadable: Unreadable) -> list[StoredPdu]:
    found: list[StoredPdu] = []
    for use in (await storage.use())[:1]:
        for index in range(use.total + 1 if use.used else 0):  # the first index is 0 or 1
            stored = await read_place(storage, index, unreadable)
            if stored is not None:
                found.append(stored)
            if len(found) + unreadable.count(storage.selected) >= use.used:
                break
    return found


async def read_place(storage: MessageStorage, index: int, unreadable: Unreadable) -> StoredPdu | None:
    """Return the message at an index of the selected memory; None where there is none, or it cannot be read now."""
    place = storage.selected, index
    if unreadable.is_paused(place):
        return None
    try:
        stored = await storage.read(index)
    except CommandError as exc:
        if is_busy(exc):
            raise  # all of it is tried again
        unreadable.note(place, exc)
        return None
    unreadable.forget(place)
    return stored


async def undamaged(stored: StoredPdu, storage: MessageStorage) -> StoredPdu | None:
    """Read a message again that lost bytes on the line; None when each reading differs.

    A message that reads the same twice is what the modem has, whatever length it names.
    """
    first = stored
    for _ in range(READINGS):
        if stored.whole and stored.length_octets is not None:
            return stored
        try:
            again = await storage.read(stored.index)
        except CommandError as exc:
            if is_busy(exc):
                raise
            again = None
        if again is not None and again.pdu == stored.pdu:
            return stored
        stored = again or stored
    if stored is first or (stored.whole and stored.length_octets is not None):
        return stored  # it cannot be read one by one, or it is undamaged now
    return None
