"""What modems receive: kept raw, then understood, all before the modem may forget it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gsmgw.errors import StoreError
from gsmgw.inbound.joining import join, to_ms
from gsmgw.inbound.reassembly import Assembly, Piece, assemble
from gsmgw.model import Outgoing, StatusReportFacts
from gsmgw.pdu import Concat, Deliver, PduError, StatusReport, parse_pdu, status_meaning
from gsmgw.ports import Clock, RawPdu
from gsmgw.store import Store, Tx, inbox, reports
from gsmgw.store.inbox import Part, PartFacts, Received
from gsmgw.store.reports import Taken

log = logging.getLogger(__name__)

#: How long a finished long text is remembered to tell a part that comes twice.
MEMORY_MS = 4 * 86_400_000
#: TP-PID of a type 0 message: acknowledged, and shown to nobody (TS 23.040 9.2.3.9).
TYPE_0 = 0x40
#: Quarantined PDUs looked at together.
_PAGE = 100
#: <stat> of messages that were not received but written or sent by this SIM (TS 27.005 3.1).
_OWN = (2, 3)

ReportHook = Callable[[str, int, str], None]


@dataclass(frozen=True, slots=True)
class _Readable:
    """A DELIVER with what is asked of it."""

    deliver: Deliver
    raw: RawPdu

    @property
    def sender(self) -> str:
        return self.deliver.originator.number

    @property
    def smsc_ms(self) -> int | None:
        return to_ms(self.deliver.timestamp)


@dataclass(frozen=True, slots=True)
class Reread:
    """How many PDUs of the quarantine are understood now, and how many are left there."""

    understood: int
    left: int


class Collector:
    """Takes raw PDUs from the modems; :meth:`take` returns when they are on disk."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        incomplete_after_s: float,
        own_number: Callable[[str], str | None],
        on_unmatched_report: ReportHook,
        on_queued: Callable[[Sequence[Outgoing]], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._incomplete_ms = round(incomplete_after_s * 1000)
        self._own_number = own_number
        self._on_unmatched_report = on_unmatched_report
        self._on_queued = on_queued

    async def take(self, raw: RawPdu) -> None:
        """Keep and understand a received PDU. Raises :class:`StoreError` when it could not be kept."""
        now_ms = self._clock.wall_ms()
        if raw.stored_status in _OWN:
            await self._store.write(lambda tx: self._set_aside(tx, now_ms, raw, PartFacts("stored")))
            return
        tpdu = _parse(raw)
        if isinstance(tpdu, StatusReport):
            await self._take_report(now_ms, raw, tpdu)
        elif isinstance(tpdu, Deliver):
            readable = _Readable(tpdu, raw)
            await self._store.write(lambda tx: self._take_deliver(tx, now_ms, readable))
        else:
            await self._quarantine(now_ms, raw, tpdu)

    async def reread(self) -> Reread:
        """Try the PDUs of the quarantine again, which another version may have put there: what can be understood now
        becomes a message, or settles one. Raises :class:`StoreError`.
        """
        understood, left, before = 0, 0, None
        while page := await self._store.read(partial(inbox.quarantined, limit=_PAGE, before=before)):
            before = page[-1].id
            for item in page:
                tpdu = _parse(item.raw)
                if isinstance(tpdu, StatusReport):
                    await self._take_report(item.at_ms, item.raw, tpdu, item.id)
                elif isinstance(tpdu, Deliver):
                    readable = _Readable(tpdu, item.raw)
                    await self._store.write(
                        partial(self._take_deliver, now_ms=item.at_ms, readable=readable, kept=item.id)
                    )
                else:
                    left += 1
                    continue
                understood += 1
        return Reread(understood, left)

    def released(self, raw: RawPdu) -> None:
        """The modem confirmed that it forgot the PDU."""
        self._store.write(lambda tx: inbox.release(tx, raw)).add_done_callback(_log_failure)

    async def sweep(self) -> None:
        """Show long texts that still lack a part after their time."""
        now_ms = self._clock.wall_ms()

        def show(tx: Tx) -> None:
            for sim, modem, sender, reference, total in inbox.overdue(tx, now_ms - self._incomplete_ms):
                parts = inbox.siblings(tx, sim, sender, reference, total, now_ms - 10 * MEMORY_MS)
                waiting = [_piece(part) for part in parts if part.state == "waiting" and part.message_id is None]
                newest = {piece.seq: piece for piece in waiting}
                pieces = tuple(newest[seq] for seq in sorted(newest))
                received = self._join(modem, Assembly(pieces, complete=False), total)
                inbox.add_message(tx, now_ms, self._store.ids, received, [piece.id for piece in waiting])

        await self._store.write(show)

    async def run(self) -> None:
        """Show incomplete texts when their time has come, for as long as the gateway runs."""
        try:
            again = await self.reread()
            if again.understood:
                log.info("%d PDUs of the quarantine are understood now, %d are not", again.understood, again.left)
        except StoreError as exc:
            log.error("the quarantine could not be looked at: %s", exc)
        while True:
            await self._clock.sleep(max(1.0, min(30.0, self._incomplete_ms / 4000)))
            try:
                await self.sweep()
            except StoreError as exc:
                log.error("incomplete texts could not be looked for: %s", exc)

    def _join(self, modem: str, assembly: Assembly, total: int) -> Received:
        return join(assembly, total, modem=modem, own=self._own_number(modem))

    # -- kinds ----------------------------------------------------------------------------------------------------

    def _set_aside(self, tx: Tx, now_ms: int, raw: RawPdu, facts: PartFacts) -> bool:
        if inbox.is_held(tx, raw):
            return False
        inbox.keep(tx, now_ms, raw, facts)
        return True

    async def _quarantine(self, now_ms: int, raw: RawPdu, problem: str) -> None:
        def keep(tx: Tx) -> None:
            if self._set_aside(tx, now_ms, raw, PartFacts("quarantined", problem=problem)):
                tx.event(now_ms, "message.quarantined", None, raw.modem, problem=problem, pdu=raw.pdu)

        log.warning("%s: a received PDU could not be understood and is kept: %s", raw.modem, problem)
        await self._store.write(keep)

    async def _take_report(self, now_ms: int, raw: RawPdu, report: StatusReport, kept: int | None = None) -> None:
        """Record what a report says; ``kept`` is its part where it was in quarantine."""
        meaning = status_meaning(report.status)
        facts = StatusReportFacts(
            modem=raw.modem,
            sim=raw.sim,
            reference=report.reference,
            recipient=report.recipient.number,
            status=report.status,
            outcome=meaning.outcome.value,
            title=meaning.title,
            discharge_ms=to_ms(report.discharge),
            pdu=raw.pdu,
        )

        def take(tx: Tx) -> Taken:
            if kept is not None and not inbox.understand(tx, kept, PartFacts("silent", sender=facts.recipient)):
                return Taken(None, [])
            return reports.take_report(tx, now_ms, facts)

        taken = await self._store.write(take)
        if taken.message_id is None:
            self._on_unmatched_report(raw.modem, report.reference, facts.recipient)
        if taken.queued:
            self._on_queued(taken.queued)

    def _take_deliver(self, tx: Tx, now_ms: int, readable: _Readable, kept: int | None = None) -> None:
        """Make of a DELIVER what can be made of it; ``kept`` is its part where it was in quarantine."""
        raw, deliver, concat = readable.raw, readable.deliver, readable.deliver.concat
        whole = concat is None or concat.total == 1
        facts = PartFacts("assembled" if whole else "waiting", None, readable.sender, smsc_ms=readable.smsc_ms)
        if deliver.pid == TYPE_0:
            facts = replace(facts, state="silent")
        elif concat is not None and not whole:
            facts = replace(facts, reference=concat.reference, total=concat.total, seq=concat.sequence)
        if kept is not None:
            if not inbox.understand(tx, kept, facts):
                return
            part = kept
        elif inbox.is_held(tx, raw):
            return
        else:
            part = inbox.keep(tx, now_ms, raw, facts)
        if facts.state == "silent":
            return
        if concat is None or whole:
            piece = Piece(part, 1, now_ms, raw.pdu)
            received = self._join(raw.modem, Assembly((piece,), complete=True), 1)
            inbox.add_message(tx, now_ms, self._store.ids, received, [part])
        else:
            self._take_part(tx, now_ms, readable, part, concat)

    def _take_part(self, tx: Tx, now_ms: int, readable: _Readable, part: int, concat: Concat) -> None:
        raw, total = readable.raw, concat.total
        known = inbox.siblings(tx, raw.sim, readable.sender, concat.reference, total, now_ms - MEMORY_MS)
        others = (_piece(one) for one in known if one.id != part)
        assembly = assemble(Piece(part, concat.sequence, now_ms, raw.pdu), others, total)
        if assembly.duplicate:
            inbox.mark_silent(tx, part)
            return
        if not assembly.complete and assembly.message_id is None:
            return
        received = self._join(raw.modem, assembly, total)
        ids = [piece.id for piece in assembly.pieces]
        if assembly.message_id is not None:
            inbox.complete_message(tx, now_ms, assembly.message_id, received, ids)
        else:
            inbox.add_message(tx, now_ms, self._store.ids, received, ids)


def _parse(raw: RawPdu) -> Deliver | StatusReport | str:
    """What was received, or why that cannot be understood."""
    try:
        tpdu = parse_pdu(raw.pdu, stated_octets=raw.length_octets).tpdu
    except PduError as exc:
        return f"{exc.field}: {exc.title}"
    if isinstance(tpdu, Deliver | StatusReport):
        return tpdu
    return f"a {type(tpdu).__name__} is no received message"


def _piece(part: Part) -> Piece:
    return Piece(part.id, part.seq, part.at_ms, part.pdu, part.state == "assembled", part.message_id)


def _log_failure(written: asyncio.Future[None]) -> None:
    if not written.cancelled() and (failure := written.exception()) is not None:
        log.warning("that a modem forgot a message could not be noted: %s", failure)
