"""The receiver of what the modems report: passes it to the inbox, the queue and the event log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from gsmgw.daemon import event_lines
from gsmgw.imeilinks import ImeiLinks
from gsmgw.inbound import Collector
from gsmgw.model import CopyFate, ModemState, ModemStatus, Outgoing
from gsmgw.model.events import EventData, ModemStateChanged, SubmitLateConfirmation, SubmitLateRefusal
from gsmgw.outbound import Scheduler
from gsmgw.ports import Clock, ModemHandle, RawPdu
from gsmgw.store import PendingWrites, Store, Tx, evidence, stored_copies

log = logging.getLogger(__name__)

#: The most modem events that wait for the disk. More are dropped, and counted in the log.
EVENTS_MAX = 1000


class Sink:
    """The :class:`gsmgw.ports.EventSink` of the daemon."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        collector: Collector,
        scheduler: Scheduler,
        links: ImeiLinks,
        modems: Mapping[str, ModemHandle],
    ) -> None:
        self._store = store
        self._clock = clock
        self._collector = collector
        self._scheduler = scheduler
        self._links = links
        self._modems = modems
        self._states: dict[str, ModemState] = {}
        self._evidence = PendingWrites(store, "evidence")
        self._events = PendingWrites(store, "events of modems")
        self._dropped = 0

    async def take_pdu(self, raw: RawPdu) -> bool:
        """Take a received PDU; it is on disk when this returns."""
        return await self._collector.take(raw)

    async def take_copies(self, raws: list[RawPdu]) -> list[CopyFate]:
        """Take stored submissions; what they tell about messages in doubt is on disk when this returns."""
        now_ms, found = self._clock.wall_ms(), [_copy(raw) for raw in raws]
        judged = await self._store.write(lambda tx: stored_copies.judge(tx, now_ms, [copy for copy in found if copy]))
        self._scheduler.offer(judged.queued)
        fates = iter(judged.fates)
        return [next(fates) if copy else CopyFate.FOREIGN for copy in found]

    def pdu_released(self, raw: RawPdu) -> None:
        """Note that the modem has forgotten the PDU."""
        self._collector.released(raw)

    def reference_read(self, modem: str, sim: str, reference: int, confirmed: int | None) -> None:
        """Take the last reference that a SIM recorded."""
        now_ms = self._clock.wall_ms()
        self._settle(lambda tx: evidence.recorded(tx, now_ms, sim, reference, confirmed))

    def modem_changed(self, status: ModemStatus) -> None:
        """Take a changed status."""
        previous = self._states.get(status.name)
        if status.state is not previous:
            self._states[status.name] = status.state
            self._note(status.name, ModemStateChanged(status.state, previous, status.detail))
        self._links.show(status)
        self._scheduler.modem_changed(status)

    def modem_event(self, modem: str, data: EventData) -> None:
        """Take an event."""
        if isinstance(data, SubmitLateConfirmation):
            self._late_answer(modem, data.reference)
        elif isinstance(data, SubmitLateRefusal):
            self._scheduler.late_refusal(modem, data)
        event_lines.log_modem_event(modem, data)
        self._note(modem, data)

    def _late_answer(self, modem: str, reference: int) -> None:
        """Record a confirmation of a segment that had been given up: it is evidence."""
        handle = self._modems.get(modem)
        if handle is None:
            return
        if self._scheduler.late_result(modem, reference):
            return
        now_ms, sim = self._clock.wall_ms(), handle.status.sim
        self._settle(lambda tx: evidence.late_answer(tx, now_ms, sim, reference))

    def _settle(self, operation: Callable[[Tx], list[Outgoing]]) -> None:
        """Record evidence, and queue the messages again that follow from it."""
        self._evidence.record(operation, self._scheduler.offer)

    def _note(self, modem: str, data: EventData) -> None:
        """Record an event of a modem. While the disk is full a limited number of events waits."""
        if len(self._events) >= EVENTS_MAX:
            self._dropped += 1
            return
        if self._dropped:
            log.error("modem events lost, database writes were failing count=%d", self._dropped)
            self._dropped = 0
        now_ms = self._clock.wall_ms()
        self._events.record(lambda tx: tx.event(now_ms, data, None, modem))


def _copy(raw: RawPdu) -> stored_copies.Copy | None:
    """Return a stored submission as evidence; None for one that cannot be read."""
    try:
        octets = bytes.fromhex(raw.pdu)
    except ValueError:
        return None
    tpdu = octets[1 + octets[0] :] if octets else b""
    if not tpdu or raw.index is None or raw.stored_status is None:
        return None
    return stored_copies.Copy(raw.sim, raw.storage or "", raw.index, raw.stored_status, tpdu)
