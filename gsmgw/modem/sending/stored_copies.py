"""Submissions that are written to the modem's storage before they are sent, and deleted once their fate is on disk.

The copy is what a crash or a silence leaves behind: its <stat> (TS 27.005 3.1) tells whether the network took it. A
slot is deleted only while it is known to hold a copy, for the next message that comes in may get the same one.
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
from gsmgw.modem.port.driver import Driver
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.status import StatusReporter
from gsmgw.ports import RawPdu

log = logging.getLogger(__name__)

#: <stat> of a submission in a storage: not sent, sent.
OWN = (2, 3)
#: So many refusals to store in a row, and it is not tried any more on this link.
REFUSALS = 3


class StoredCopies:
    """The copies in one modem's storage, for one link. ``writes`` is whether the configuration wants them made."""

    def __init__(
        self, driver: Driver, reporter: StatusReporter, *, writes: bool, on_settled: Callable[[], None]
    ) -> None:
        self._driver = driver
        self._reporter = reporter
        self._writes = writes
        self._on_settled = on_settled
        self._refusals = 0
        self._held: set[tuple[str, int]] = set()
        self._settled: deque[tuple[str, int]] = deque()
        self._foreign: set[tuple[str, int, str]] = set()

    @property
    def memory(self) -> str:
        """Where they are."""
        return self._driver.copies_into

    @property
    def wanted(self) -> bool:
        """Whether submissions are to be stored before they are sent, and can be."""
        return bool(self._writes and self._refusals < REFUSALS and self._driver.profile.keeps_copies and self.memory)

    async def write(self, octets: int, payload: bytes, before: Callable[[], Awaitable[None]]) -> int | None:
        """Store a submission, for the holder of the turn; its index, or None when the modem does not store it.

        ``before`` has been awaited then, too.
        """
        profile = self._driver.profile
        command = commands.write_message(octets, profile.prompt_timeouts_s[-1])
        try:
            answer = await self._driver.channel.submit(command, payload, before, probe_after_s=profile.probe_after_s)
        except CommandError as exc:
            self._refused(exc.title)
            return None
        index = next((place for line in answer.lines if (place := parse_index(line)) is not None), None)
        if not answer.final.ok or index is None:
            self._refused(f"AT+CMGW ended with {answer.final}")
            return None
        self._refusals = 0
        self._held.add((self.memory, index))
        return index

    def _refused(self, reason: str) -> None:
        self._refusals += 1
        log.warning("%s: a text is sent without a copy: %s", self._reporter.name, reason)
        if self._refusals == REFUSALS:
            self._reporter.event(StorageNoCopies(reason=reason))

    def forget(self, memory: str, index: int) -> None:
        """The fate of what lies there is on disk."""
        if (memory, index) in self._held:
            self._settled.append((memory, index))
            self._on_settled()

    @property
    def to_delete(self) -> bool:
        """Whether any copy is of no more use."""
        return bool(self._settled)

    async def delete_settled(self) -> None:
        """Delete what is of no more use, for the holder of the turn."""
        home = self._driver.memory
        while self._settled:
            await self._delete(*self._settled.popleft())
        if home:
            await self._driver.select(home)

    async def _delete(self, memory: str, index: int) -> None:
        if (memory, index) in self._held and await self._driver.select(memory):
            await self._driver.delete(index)
            self._held.discard((memory, index))

    async def found(self, raws: list[RawPdu]) -> bool:
        """Submissions were listed in the selected memory: what they tell is told, and what is settled deleted. For the
        holder of the turn; whether any has to be asked about again.
        """
        news = [raw for raw in raws if (raw.storage or "", raw.index or 0, raw.pdu) not in self._foreign]
        if not news:
            return False
        try:
            fates = await self._reporter.sink.take_copies(news)
        except StoreError as exc:
            log.log(exc.level, "%s: what a stored copy tells could not be kept: %s", self._reporter.name, exc)
            return True
        for raw, fate in zip(news, fates, strict=True):
            memory, index = raw.storage or "", raw.index or 0
            if fate is CopyFate.FOREIGN:
                self._foreign.add((memory, index, raw.pdu))
            elif fate is CopyFate.SETTLED:
                self._held.add((memory, index))
                await self._delete(memory, index)
        return CopyFate.NEEDED in fates
