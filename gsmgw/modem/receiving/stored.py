"""Messages and status reports in the modem's memories: read, handed over, and only then deleted.

They are found by their indication (+CMTI, +CDSI) or by a sweep of the memories. Only this worker selects a memory,
reads or deletes.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from gsmgw.at.events import Urc
from gsmgw.at.responses import parse_stored
from gsmgw.errors import PortError
from gsmgw.model.events import StorageFull
from gsmgw.modem.commands.storage import MessageStorage, StoredPdu
from gsmgw.modem.link_bus import LinkBus
from gsmgw.modem.port.errors import CommandError, CommandTimeout
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.receiving.handover import Handover, Retry
from gsmgw.modem.receiving.indication_watch import IndicationWatch
from gsmgw.modem.receiving.reading import Unreadable, read_all, read_place, undamaged
from gsmgw.modem.receiving.second_port import SecondPort
from gsmgw.modem.sending.sender import Sender
from gsmgw.modem.sending.stored_copies import StoredCopies
from gsmgw.modem.settings import Settings
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.wakeup import Wakeup
from gsmgw.ports import SUBMISSION_STATUSES, RawPdu

log = logging.getLogger(__name__)

#: At most that many indications wait to be read. Messages that further indications announce are found by a sweep.
INDICATIONS_LIMIT = 500
#: The most messages that are read, handed over and deleted together.
BATCH = 16
#: After that many sweeps in a row without a message the next one waits, so that indications that mean nothing cannot
#: keep the port from sending.
IDLE_SWEEPS = 3
IDLE_PAUSE_S = 1.0
#: A copy whose segment is not settled yet, because the queue is only starting, is asked about again after that time.
ASK_AGAIN_S = 1.0
#: How much of a line is reported.
_SHOWN_CHARS = 80
#: A memory and an index in it.
Place = tuple[str, int]


class StoredReceiver:
    """Takes over what lies in the memories of one modem, for one link.

    ``work`` wakes the worker; ``unable`` is the set of what this modem was found unable to do, kept from link to link.
    """

    def __init__(
        self,
        storage: MessageStorage,
        settings: Settings,
        reporter: StatusReporter,
        handover: Handover,
        retry: Retry,
        work: Wakeup,
        *,
        watch: IndicationWatch,
        copies: StoredCopies,
        sender: Sender,
        second_port: SecondPort,
        unable: set[str],
        bus: LinkBus,
    ) -> None:
        self._storage = storage
        self._channel = storage.at.channel
        self._clock = storage.at.clock
        self._settings = settings
        self._reporter = reporter
        self._handover = handover
        self._retry = retry
        self._work = work
        self._watch = watch
        self._copies = copies
        self._sender = sender
        self._second_port = second_port
        self._unable = unable
        self._unreadable = Unreadable(reporter.name, storage.at.clock, bus)
        #: The places that were announced and not read yet, in order: the keys count.
        self._announced: dict[Place, None] = {}
        self._sweep_wanted = False
        #: How many sweeps in a row found nothing, and when the next one may begin.
        self._idle_sweeps = 0
        self._next_sweep_at = 0.0
        #: True if nothing asked for the next sweep: what it finds was not announced.
        self._on_patrol = False
        #: How many messages the last sweep left in each memory: drafts and the like.
        self._left: dict[str, int] = {}
        #: The PDUs that are on disk and could not be deleted yet: they are not handed over twice.
        self._on_disk: dict[Place, str] = {}

    # -- URCs and requests, on the event loop -------------------------------------------------------------------

    def indicated(self, urc: Urc) -> None:
        """Have a message read that the modem says it stored."""
        place = parse_stored(urc.line)
        if place is None or place[1] < 0 or len(self._announced) >= INDICATIONS_LIMIT:
            self.want_sweep()
        else:
            self._announced[place] = None
        self._watch.announced(place or ("", -1))
        self._work.set()

    def storage_full(self, urc: Urc) -> None:
        """Report a full storage and empty it."""
        self._reporter.event(StorageFull(line=urc.line[:_SHOWN_CHARS]))
        self.want_sweep()

    def want_sweep(self, *, patrol: bool = False) -> None:
        """Look through all memories soon. On ``patrol`` nothing tells that there is a new message."""
        if not self._sweep_wanted:
            self._on_patrol = patrol
        elif not patrol:
            self._on_patrol = False
        self._sweep_wanted = True
        self._work.set()

    def holds_more(self, memory: str, used: int) -> bool:
        """Return whether a memory holds more than the last sweep left there."""
        return used > self._left.get(memory, used)

    # -- worker -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Worker: delete settled copies, read what was announced, sweep."""
        while True:
            await self._work.wait(self._pause_s())
            if self._retry.is_due():
                self._sweep_wanted = True
            while self._announced or self._sweep_is_due or self._copies.to_delete:
                if self._copies.to_delete:
                    await self._tolerantly(self._delete_copies())
                elif self._announced:
                    await self._tolerantly(self._fetch())
                else:
                    await self.sweep()

    def _pause_s(self) -> float | None:
        """Return the time until something is due; None where only a wakeup can tell."""
        due = [] if self._retry.at is None else [self._retry.at]
        if self._sweep_wanted:
            due.append(self._next_sweep_at)
        return max(0.0, min(due) - self._clock.monotonic()) if due else None

    @property
    def _sweep_is_due(self) -> bool:
        return self._sweep_wanted and self._clock.monotonic() >= self._next_sweep_at

    async def _tolerantly(self, work: Coroutine[Any, Any, None]) -> None:
        """Try again later what the modem refuses to read or delete now: it is still in the memory."""
        try:
            await work
        except CommandError as exc:
            retry_s = self._retry.after_failure()
            log.warning("%s: %s; trying again in %.0f s", self._reporter.name, exc, retry_s)

    async def _delete_copies(self) -> None:
        async with self._channel.exclusive(PortPriority.RECEIVE):
            await self._copies.delete_settled()

    # -- sweep --------------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Take over all that lies in the memories."""
        self._sweep_wanted = False
        patrol, self._on_patrol = self._on_patrol, False
        self._idle_sweeps += 1
        await self._tolerantly(self._sweep_all(patrol))
        if self._idle_sweeps >= IDLE_SWEEPS:
            self._next_sweep_at = self._clock.monotonic() + IDLE_PAUSE_S

    async def _sweep_all(self, patrol: bool) -> None:
        await self._storage.learn_selection()
        home = self._storage.selected
        for memory in self._settings.sweep_memories or (home,):
            if not memory or await self._storage.select(memory):
                await self._sweep_memory(memory, patrol)
        if home:
            await self._storage.select(home)

    async def _sweep_memory(self, memory: str, patrol: bool) -> None:
        """Take over all that lies in the selected memory."""
        listed = await read_all(self._reporter.name, self._storage, self._unable, self._unreadable)
        # 2 and 3 are drafts and sent messages (TS 27.005 3.1): not received, or copies of ours.
        found = [stored for stored in listed if stored.status in (None, 0, 1)]
        self._left[memory] = len(listed) - len(found) + self._unreadable.count(memory)
        if patrol and self._retry.at is None:
            self._watch.found({(memory, stored.index) for stored in found} - self._on_disk.keys())
        await self._report_copies([stored for stored in listed if stored.status in SUBMISSION_STATUSES])
        if found:
            self._idle_sweeps = 0
        for at in range(0, len(found), BATCH):
            read = [await self._undamaged(stored, self._storage) for stored in found[at : at + BATCH]]
            await self._take_over([stored for stored in read if stored is not None], self._storage)

    async def _report_copies(self, listed: list[StoredPdu]) -> None:
        memory = self._storage.selected
        raws = [self._raw(item, memory) for item in listed]
        if raws:
            async with self._channel.exclusive(PortPriority.RECEIVE):
                if self._storage.selected == memory and await self._copies.found(raws):
                    self._retry.after(ASK_AGAIN_S)

    # -- announced messages -------------------------------------------------------------------------------------

    async def _fetch(self) -> None:
        """Read what was announced: all that lies in the same memory, while the port lock is held, so that the modem is
        emptied between two submissions.
        """
        memory = self._first_place()[0]
        if (aside := self._aside(memory)) is not None:
            try:
                await self._take_over(await self._read_announced(aside, memory), aside)
            except (PortError, CommandTimeout) as exc:
                self._second_port.stop_reading(exc)
                self.want_sweep()
            return
        async with self._channel.exclusive(PortPriority.RECEIVE):
            if memory and not await self._storage.select(memory):
                log.warning("%s: cannot select memory %s", self._reporter.name, memory)
            found = await self._read_announced(self._storage, memory)
        await self._take_over(found, self._storage)

    def _aside(self, memory: str) -> MessageStorage | None:
        """Return the storage of the second port, while a submission occupies the first and nothing must be selected."""
        other = self._second_port.storage
        if other is None or not self._sender.active:
            return None
        return other if other.selected == self._storage.selected and memory in ("", other.selected) else None

    async def _read_announced(self, storage: MessageStorage, memory: str) -> list[StoredPdu]:
        """Read what was announced in the memory that is selected."""
        found: list[StoredPdu] = []
        async with storage.at.channel.exclusive(PortPriority.RECEIVE):
            while self._announced and (place := self._first_place())[0] == memory and len(found) < BATCH:
                del self._announced[place]
                stored = await read_place(storage, place[1], self._unreadable)
                if stored is None:
                    # A sweep took it already, or it lies elsewhere than the modem says.
                    self.want_sweep()
                elif (whole := await self._undamaged(stored, storage)) is not None:
                    found.append(whole)
        return found

    def _first_place(self) -> Place:
        return next(iter(self._announced))

    # -- taking over --------------------------------------------------------------------------------------------

    async def _undamaged(self, stored: StoredPdu, storage: MessageStorage) -> StoredPdu | None:
        found = await undamaged(stored, storage)
        if found is None:
            retry_s = self._retry.after_failure()
            log.warning("%s: message damaged on the line; trying again in %.0f s", self._reporter.name, retry_s)
        return found

    async def _take_over(self, found: list[StoredPdu], storage: MessageStorage) -> None:
        """Hand over messages, in order and in one commit where the store can; then delete those that are on disk."""
        memory = storage.selected
        raws = [self._raw(item, memory) for item in found]
        new = [raw for raw in raws if not self._is_on_disk(raw)]
        for raw, on_disk in zip(new, await self._handover.take_all(new), strict=True):
            if on_disk and raw.index is not None:
                self._on_disk[memory, raw.index] = raw.pdu
        async with storage.at.channel.exclusive(PortPriority.RECEIVE):
            if memory and storage.selected != memory:
                await storage.select(memory)
            for raw in raws:
                if raw.index is not None and self._is_on_disk(raw):
                    await self._tolerantly(self._delete(raw, raw.index, storage))

    async def _delete(self, raw: RawPdu, index: int, storage: MessageStorage) -> None:
        await storage.delete(index)
        del self._on_disk[raw.storage or "", index]
        self._handover.released(raw)
        self._reporter.babble_guard.earn()

    def _raw(self, item: StoredPdu, memory: str) -> RawPdu:
        return self._handover.raw(item.pdu, item.length_octets, memory or None, item.index, item.status)

    def _is_on_disk(self, raw: RawPdu) -> bool:
        return raw.index is not None and self._on_disk.get((raw.storage or "", raw.index)) == raw.pdu
