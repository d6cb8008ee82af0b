"""Copies of submissions in the modem's storage: written before sending, deleted when their fate is on disk.

A crash or a time-out leaves the copy behind: its <stat> (TS 27.005 3.1) tells whether the network accepted the message.
An index is deleted only while it is known to hold a copy, because the next received message may get the same index.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable

from gsmgw.at import commands
from gsmgw.at.responses import parse_index
from gsmgw.errors import StoreError
from gsmgw.model import CopyFate
from gsmgw.model.events import StorageNoCopies
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.commands.storage import MessageStorage
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.port.submission import ResultWait
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.wakeup import Wakeup
from gsmgw.ports import RawPdu

log = logging.getLogger(__name__)

#: After that many refusals in a row no more copies are written on this link.
REFUSALS = 3


class StoredCopies:
    """The copies in one modem's storage, for one link.

    ``enabled`` is whether the configuration wants copies; ``work`` wakes the worker that deletes them.
    """

    def __init__(
        self, at: AtClient, storage: MessageStorage, reporter: StatusReporter, work: Wakeup, *, enabled: bool
    ) -> None:
        self._at = at
        self._storage = storage
        self._reporter = reporter
        self._work = work
        self._enabled = enabled
        self._refusals = 0
        self._held: set[tuple[str, int]] = set()
        self._settled: deque[tuple[str, int]] = deque()
        self._foreign: set[tuple[str, int, str]] = set()

    @property
    def memory(self) -> str:
        """The memory that copies are written to."""
        return self._storage.write_memory

    @property
    def wanted(self) -> bool:
        """True if submissions are to be stored before they are sent, and can be."""
        return bool(self._enabled and self._refusals < REFUSALS and self._at.profile.keeps_copies and self.memory)

    async def write(self, octets: int, payload: bytes, before: Callable[[], Awaitable[None]]) -> int | None:
        """Store a submission, for the holder of the port lock; its index, or None when the modem does not store it.

        ``before`` has been awaited in both cases.
        """
        profile = self._at.profile
        command = commands.write_message(octets, profile.prompt_timeouts_s[-1])
        try:
            response = await self._at.channel.submit(command, payload, before, ResultWait(profile.probe_after_s))
        except CommandError as exc:
            self._refused(exc.title)
            return None
        index = next((place for line in response.lines if (place := parse_index(line)) is not None), None)
        if not response.final.ok or index is None:
            self._refused(f"AT+CMGW ended with {response.final}")
            return None
        self._refusals = 0
        self._held.add((self.memory, index))
        return index

    def _refused(self, reason: str) -> None:
        self._refusals += 1
        log.warning("%s: sending without a stored copy reason=%s", self._reporter.name, reason)
        if self._refusals == REFUSALS:
            self._reporter.event(StorageNoCopies(reason=reason))

    def forget(self, memory: str, index: int) -> None:
        """Have a copy deleted: the fate of its segment is on disk."""
        if (memory, index) in self._held:
            self._settled.append((memory, index))
            self._work.set()

    @property
    def to_delete(self) -> bool:
        """True if any copy is to be deleted."""
        return bool(self._settled)

    async def delete_settled(self) -> None:
        """Delete the copies whose fate is on disk, for the holder of the port lock."""
        home = self._storage.selected
        while self._settled:
            await self._delete(*self._settled.popleft())
        if home:
            await self._storage.select(home)

    async def _delete(self, memory: str, index: int) -> None:
        if (memory, index) in self._held and await self._storage.select(memory):
            await self._storage.delete(index)
            self._held.discard((memory, index))

    async def found(self, raws: list[RawPdu]) -> bool:
        """Report submissions listed in the selected memory and delete the settled ones, for the holder of the lock.

        Return whether any has to be asked about again.
        """
        unknown = [raw for raw in raws if (raw.storage or "", raw.index or 0, raw.pdu) not in self._foreign]
        if not unknown:
            return False
        try:
            fates = await self._reporter.sink.take_copies(unknown)
        except StoreError as exc:
            log.log(exc.level, "%s: evidence of stored copies was not recorded: %s", self._reporter.name, exc)
            return True
        for raw, fate in zip(unknown, fates, strict=True):
            memory, index = raw.storage or "", raw.index or 0
            if fate is CopyFate.FOREIGN:
                self._foreign.add((memory, index, raw.pdu))
            elif fate is CopyFate.SETTLED:
                self._held.add((memory, index))
                await self._delete(memory, index)
        return CopyFate.NEEDED in fates
