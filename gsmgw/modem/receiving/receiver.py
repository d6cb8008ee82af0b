"""What a modem received: taken over durably, and only then forgotten by the modem.

Two workers, for a status report that comes directly must get through while the port is occupied by the very message
it reports on: one for PDUs that came with their URC (+CMT, +CDS), one for those that lie in storage (+CMTI, +CDSI,
sweeps). Only the second ever selects a memory, reads or deletes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from gsmgw.at.dialogue import Urc
from gsmgw.at.responses import parse_direct_length, parse_stored
from gsmgw.errors import PortError, StoreError
from gsmgw.modem.link.second_port import SecondPort
from gsmgw.modem.port.babble_guard import BabbleKind
from gsmgw.modem.port.driver import Driver, StoredPdu
from gsmgw.modem.port.errors import CommandError, CommandTimeout
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.receiving.indication_watch import IndicationWatch
from gsmgw.modem.sending.stored_copies import OWN, StoredCopies
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.wakeup import Wakeup
from gsmgw.ports import Clock, RawPdu

log = logging.getLogger(__name__)

#: Directly routed PDUs waiting for the store. More than that are not acknowledged, so the network repeats messages.
DIRECT_LIMIT = 1000
#: Indications waiting to be read. More than that are found by a sweep.
STORED_LIMIT = 500
#: How often is told that some were dropped.
TELL_EVERY_S = 10.0
#: How many of them are kept together.
DIRECT_BATCH = 64
#: How many messages are read, kept and deleted together.
BATCH = 16
#: How often a message is read again that was damaged on the line.
READINGS = 3
#: When the store did not take a message it stays in the modem, and is tried again after that time.
RETRY_S = 15.0
#: After so many sweeps in a row that found nothing the next one waits: indications that mean nothing must not keep the
#: port from sending.
IDLE_SWEEPS = 3
IDLE_PAUSE_S = 1.0
#: A copy whose segment is not settled yet, because the queue is only starting, is asked about again after that time.
ASK_AGAIN_S = 1.0


class Receiver:
    """Takes over what one connection receives."""

    def __init__(
        self,
        driver: Driver,
        reporter: StatusReporter,
        clock: Clock,
        unable: set[str],
        indication_watch: IndicationWatch,
        copies: StoredCopies,
    ) -> None:
        self._driver = driver
        self._copies = copies
        self._indication_watch = indication_watch
        self._reporter = reporter
        self._clock = clock
        self._unable = unable
        self._direct: deque[Urc] = deque()
        self._direct_wakeup = Wakeup(clock)
        #: The places that were announced and not read yet, in order: the keys count.
        self._stored: dict[tuple[str, int], None] = {}
        self._dropped = 0
        self._dropped_told_at = float("-inf")
        self._stored_wakeup = Wakeup(clock)
        self._sweep_wanted = False
        #: How many sweeps in a row found nothing, and when the next one may begin.
        self._idle_sweeps = 0
        self._next_sweep_at = 0.0
        #: Whether the next sweep is one that nothing asked for: what it finds was not announced.
        self._on_patrol = False
        #: What the last sweep left in each memory: drafts and the like, which are not ours.
        self._left: dict[str, int] = {}
        self._retry_at: float | None = None
        #: What is kept and could not be deleted yet, by memory and index: it is not taken over twice.
        self._kept: dict[tuple[str, int], str] = {}
        #: The second port, while a message that is being sent occupies the first one.
        self.aside: Callable[[], SecondPort | None] = lambda: None
        #: Whether directly routed PDUs are to be acknowledged by AT+CNMA (AT+CSMS=1).
        self.acknowledges = False
        #: The memories to sweep.
        self.memories: tuple[str, ...] = ()

    # -- news, on the event loop --------------------------------------------------------------------------------

    def direct(self, urc: Urc) -> None:
        """A PDU came with its URC."""
        if len(self._direct) >= DIRECT_LIMIT:
            self._drop()
            return
        self._direct.append(urc)
        self._direct_wakeup.set()

    def _drop(self) -> None:
        """Note that a PDU was dropped; said once in a while."""
        self._dropped += 1
        now = self._clock.monotonic()
        if now - self._dropped_told_at >= TELL_EVERY_S:
            self._dropped_told_at = now
            name, limit = self._reporter.name, DIRECT_LIMIT
            log.error("%s: received PDUs dropped dropped=%d waiting=%d", name, self._dropped, limit)

    def stored(self, urc: Urc) -> None:
        """The modem says that it put something into a memory."""
        place = parse_stored(urc.line)
        if place is None or place[1] < 0 or len(self._stored) >= STORED_LIMIT:
            self.want_sweep()
        else:
            self._stored[place] = None
        self._indication_watch.announced(place or ("", -1))
        self._stored_wakeup.set()

    def wake(self) -> None:
        """There is something to do that is no news of the modem's."""
        self._stored_wakeup.set()

    def want_sweep(self, *, patrol: bool = False) -> None:
        """Look through all memories soon. On ``patrol`` nothing says that there is anything new."""
        if not self._sweep_wanted:
            self._on_patrol = patrol
        elif not patrol:
            self._on_patrol = False
        self._sweep_wanted = True
        self._stored_wakeup.set()

    def holds_more(self, memory: str, used: int) -> bool:
        """Whether more lies in a memory than the last sweep left there."""
        return used > self._left.get(memory, used)

    # -- workers ------------------------------------------------------------------------------------------------

    async def take_direct(self) -> None:
        """Worker: PDUs that came with their URC, in order."""
        while True:
            await self._direct_wakeup.wait()
            while self._direct:
                # An acknowledgement is for one PDU; without one, all that is there goes into one commit.
                count = 1 if self.acknowledges else min(len(self._direct), DIRECT_BATCH)
                urcs = [self._direct.popleft() for _ in range(count)]
                raws = [self._raw(urc.pdu or "", parse_direct_length(urc.line)) for urc in urcs]
                for raw, safe in zip(raws, await self._take_all(raws), strict=True):
                    if safe and self.acknowledges:
                        await self._driver.acknowledge()
                    if safe:
                        self._reporter.sink.pdu_released(raw)

    async def take_stored(self) -> None:
        """Worker: what lies in storage."""
        while True:
            await self._stored_wakeup.wait(self._pause_s())
            if self._retry_at is not None and self._clock.monotonic() >= self._retry_at:
                self._retry_at, self._sweep_wanted = None, True
            while self._stored or self._sweep_is_due or self._copies.to_delete:
                if self._copies.to_delete:
                    await self._tolerantly(self._delete_copies())
                elif self._stored:
                    await self._tolerantly(self._fetch())
                else:
                    await self.sweep()

    def _pause_s(self) -> float | None:
        """How long nothing is to be done unless there is news; None for as long as it takes."""
        due = [] if self._retry_at is None else [self._retry_at]
        if self._sweep_wanted:
            due.append(self._next_sweep_at)
        return max(0.0, min(due) - self._clock.monotonic()) if due else None

    @property
    def _sweep_is_due(self) -> bool:
        return self._sweep_wanted and self._clock.monotonic() >= self._next_sweep_at

    async def _delete_copies(self) -> None:
        async with self._driver.channel.turn(PortPriority.RECEIVE):
            await self._copies.delete_settled()

    async def _tolerantly(self, work: Coroutine[Any, Any, None]) -> None:
        """What the modem refuses to read or delete now it is asked for again later: it is still in there."""
        try:
            await work
        except CommandError as exc:
            log.warning("%s: %s; tried again in %.0f s", self._reporter.name, exc, RETRY_S)
            self._retry_at = self._clock.monotonic() + RETRY_S

    async def sweep(self) -> None:
        """Take over all that lies in the memories."""
        self._sweep_wanted = False
        patrol, self._on_patrol = self._on_patrol, False
        self._idle_sweeps += 1
        await self._tolerantly(self._sweep(patrol))
        if self._idle_sweeps >= IDLE_SWEEPS:
            self._next_sweep_at = self._clock.monotonic() + IDLE_PAUSE_S

    async def _sweep(self, patrol: bool) -> None:
        home = self._driver.memory
        for memory in self.memories or (home,):
            if memory and not await self._driver.select(memory):
                continue
            # 2 and 3 are drafts and sent messages (TS 27.005 3.1): not ours to take, or copies of ours.
            listed = await self._list()
            found = [stored for stored in listed if stored.status in (None, 0, 1)]
            self._left[memory] = len(listed) - len(found)
            if patrol and self._retry_at is None:
                self._indication_watch.found({(memory, stored.index) for stored in found} - self._kept.keys())
            await self._tell_of_copies([stored for stored in listed if stored.status in OWN])
            if found:
                self._idle_sweeps = 0
            for at in range(0, len(found), BATCH):
                read = [await self._whole(stored) for stored in found[at : at + BATCH]]
                await self._take_over([stored for stored in read if stored is not None])
        if home:
            await self._driver.select(home)

    async def _tell_of_copies(self, listed: list[StoredPdu]) -> None:
        memory = self._driver.memory
        raws = [self._raw(item.pdu, item.length_octets, memory, item.index, item.status) for item in listed]
        if raws:
            async with self._driver.channel.turn(PortPriority.RECEIVE):
                if self._driver.memory == memory and await self._copies.found(raws):
                    self._retry_at = self._clock.monotonic() + ASK_AGAIN_S

    async def _list(self) -> list[StoredPdu]:
        if "list" not in self._unable:
            try:
                return await self._driver.list_all()
            except CommandError as exc:
                log.info("%s: %s; places are read one by one", self._reporter.name, exc)
            except CommandTimeout:
                self._unable.add("list")  # some take minutes, or never come back (gammu issue 323)
                raise
        found = []
        for use in (await self._driver.storage_use())[:1]:
            for index in range(use.total + 1 if use.used else 0):  # the first place is 0 or 1
                stored = await self._driver.read(index)
                if stored is not None:
                    found.append(stored)
                if len(found) >= use.used:
                    break
        return found

    async def _fetch(self) -> None:
        """Read what was indicated: all that lies in the same memory, in one turn, so that between two submits the
        modem is emptied and not only one message shorter.
        """
        memory = self._first_place()[0]
        aside = self.aside()
        if aside is not None and aside.driver is not None and self._selected_on_both(aside.driver, memory):
            try:
                await self._take_over(await self._read_stored(aside.driver, memory), aside.driver)
            except (PortError, CommandTimeout) as exc:
                aside.part(exc)
                self.want_sweep()
            return
        async with self._driver.channel.turn(PortPriority.RECEIVE):
            if memory and not await self._driver.select(memory):
                log.warning("%s: cannot select memory %s", self._reporter.name, memory)
            found = await self._read_stored(self._driver, memory)
        await self._take_over(found)

    def _selected_on_both(self, other: Driver, memory: str) -> bool:
        """Whether nothing has to be selected: some keep one choice for all ports, some one for each."""
        return other.memory == self._driver.memory and memory in ("", other.memory)

    async def _read_stored(self, driver: Driver, memory: str) -> list[StoredPdu]:
        """What was indicated and lies in the memory that is selected."""
        found: list[StoredPdu] = []
        async with driver.channel.turn(PortPriority.RECEIVE):
            while self._stored and (place := self._first_place())[0] == memory and len(found) < BATCH:
                del self._stored[place]
                stored = await driver.read(place[1])
                if stored is None:
                    # Taken by a sweep already, or it lies elsewhere than the modem says.
                    self.want_sweep()
                elif (whole := await self._whole(stored, driver)) is not None:
                    found.append(whole)
        return found

    def _first_place(self) -> tuple[str, int]:
        return next(iter(self._stored))

    async def _whole(self, stored: StoredPdu, driver: Driver | None = None) -> StoredPdu | None:
        """Read again what lost bytes on the way; None for what reads otherwise each time: it stays where it is for now.

        One that reads the same twice is what the modem has, whatever length it names.
        """
        driver, first = driver or self._driver, stored
        for _ in range(READINGS):
            if stored.whole and stored.length_octets is not None:
                return stored
            again = await driver.read(stored.index)
            if again is not None and again.pdu == stored.pdu:
                return stored
            stored = again or stored
        if stored is first or (stored.whole and stored.length_octets is not None):
            return stored  # it cannot be read one by one, or it is undamaged now
        log.warning("%s: a message cannot be read undamaged; tried again in %.0f s", self._reporter.name, RETRY_S)
        self._retry_at = self._clock.monotonic() + RETRY_S
        return None

    async def _take_over(self, found: list[StoredPdu], driver: Driver | None = None) -> None:
        """Have it all kept, in order and in one commit where the store can; then delete what was."""
        driver = driver or self._driver
        memory = driver.memory
        raws = [self._raw(item.pdu, item.length_octets, memory or None, item.index, item.status) for item in found]
        new = [raw for raw in raws if not self._is_kept(raw)]
        for raw, safe in zip(new, await self._take_all(new), strict=True):
            if safe and raw.index is not None:
                self._kept[memory, raw.index] = raw.pdu
        async with driver.channel.turn(PortPriority.RECEIVE):
            if memory and driver.memory != memory:
                await driver.select(memory)
            for raw in raws:
                if raw.index is not None and self._is_kept(raw):
                    await driver.delete(raw.index)
                    del self._kept[memory, raw.index]
                    self._reporter.sink.pdu_released(raw)
                    self._reporter.babble_guard.earn()

    def _is_kept(self, raw: RawPdu) -> bool:
        return raw.index is not None and self._kept.get((raw.storage or "", raw.index)) == raw.pdu

    async def _take_all(self, raws: list[RawPdu]) -> list[bool]:
        """Have PDUs kept, in order; which of them are."""
        if len(raws) == 1:
            return [await self._take(raws[0])]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._take(raw)) for raw in raws]
        return [task.result() for task in tasks]

    async def _take(self, raw: RawPdu) -> bool:
        try:
            decoded = await self._reporter.sink.take_pdu(raw)
        except StoreError as exc:
            log.log(exc.level, "%s: a received message stays in the modem: %s", self._reporter.name, exc)
            self._retry_at = self._clock.monotonic() + RETRY_S
            return False
        if raw.storage is None:
            if decoded:
                self._reporter.babble_guard.earn(lines=0, size=len(raw.pdu))
            else:
                self._reporter.babble_guard.take(BabbleKind.PDUS)
        return True

    def _raw(
        self,
        pdu: str,
        length_octets: int | None,
        storage: str | None = None,
        index: int | None = None,
        status: int | None = None,
    ) -> RawPdu:
        return RawPdu(self._reporter.name, self._reporter.status.sim, pdu, length_octets, storage, index, status)
