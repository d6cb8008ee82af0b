"""Handing received PDUs to the gateway: each is on disk before the modem may forget it."""

from __future__ import annotations

import asyncio
import logging

from gsmgw.errors import StoreError
from gsmgw.model import BabbleKind
from gsmgw.modem.status import StatusReporter
from gsmgw.ports import Clock, RawPdu

log = logging.getLogger(__name__)

#: When the store refuses a message it stays in the modem, and is tried again after that time, seconds.
RETRY_S = 15.0


class Retry:
    """When the memories are looked through again for what was left there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: Monotonic seconds; None where nothing was left.
        self.at: float | None = None

    def after(self, seconds: float) -> None:
        """Look again after that time."""
        self.at = self._clock.monotonic() + seconds

    def after_failure(self) -> float:
        """Look again after the time for failures, and return it in seconds."""
        self.after(RETRY_S)
        return RETRY_S

    def is_due(self) -> bool:
        """Return whether the time has come; if so, it is cleared."""
        if self.at is None or self._clock.monotonic() < self.at:
            return False
        self.at = None
        return True


class Handover:
    """Hands PDUs of one modem to the sink."""

    def __init__(self, reporter: StatusReporter, retry: Retry) -> None:
        self._reporter = reporter
        self._retry = retry

    def raw(
        self,
        pdu: str,
        length_octets: int | None,
        storage: str | None = None,
        index: int | None = None,
        status: int | None = None,
    ) -> RawPdu:
        """Return a PDU as the sink takes it: with this modem and its SIM."""
        return RawPdu(self._reporter.name, self._reporter.status.sim, pdu, length_octets, storage, index, status)

    async def take_all(self, raws: list[RawPdu]) -> list[bool]:
        """Hand over PDUs in order; return which of them are on disk."""
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
            self._retry.after_failure()
            return False
        if raw.storage is None:
            if decoded:
                self._reporter.babble_guard.earn(lines=0, size=len(raw.pdu))
            else:
                self._reporter.babble_guard.take(BabbleKind.PDUS)
        return True

    def released(self, raw: RawPdu) -> None:
        """The modem has forgotten the PDU."""
        self._reporter.sink.pdu_released(raw)
