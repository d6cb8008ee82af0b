"""What modems receive: kept raw, then understood, all before the modem may forget it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gsmgw.errors import StoreError
from gsmgw.inbound.reassembly import Assembly, Piece, assemble
from gsmgw.model import Outgoing, StatusReportFacts
from gsmgw.pdu import Deliver, PduError, StatusReport, UserData, join_data, join_text, parse_pdu, status_meaning
from gsmgw.ports import Clock, RawPdu
from gsmgw.store import Store, Tx, inbox, reports
from gsmgw.store.inbox import Part, PartFacts, Received

log = logging.getLogger(__name__)

#: How long a finished long text is remembered to tell a part that comes twice.
MEMORY_MS = 4 * 86_400_000
#: TP-PID of a type 0 message: acknowledged, and shown to nobody (TS 23.040 9.2.3.9).
TYPE_0 = 0x40
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
        return _ms(self.deliver.timestamp)


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
        try:
            tpdu = parse_pdu(raw.pdu, stated_octets=raw.length_octets).tpdu
        except PduError as exc:
            await self._quarantine(now_ms, raw, f"{exc.field}: {exc.title}")
            return
        if isinstance(tpdu, StatusReport):
            await self._take_report(now_ms, raw, tpdu)
        elif isinstance(tpdu, Deliver):
            readable = _Readable(tpdu, raw)
            await self._store.write(lambda tx: self._take_deliver(tx, now_ms, readable))
        else:
            await self._quarantine(now_ms, raw, f"a {type(tpdu).__name__} is no received message")

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
        while True:
            await self._clock.sleep(max(1.0, min(30.0, self._incomplete_ms / 4000)))
            try:
                await self.sweep()
            except StoreError as exc:
                log.error("incomplete texts could not be looked for: %s", exc)

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

    async def _take_report(self, now_ms: int, raw: RawPdu, report: StatusReport) -> None:
        meaning = status_meaning(report.status)
        facts = StatusReportFacts(
            modem=raw.modem,
            sim=raw.sim,
            reference=report.reference,
            recipient=report.recipient.number,
            status=report.status,
            outcome=meaning.outcome.value,
            title=meaning.title,
            discharge_ms=_ms(report.discharge),
            pdu=raw.pdu,
        )
        taken = await self._store.write(lambda tx: reports.take_report(tx, now_ms, facts))
        if taken.message_id is None:
            self._on_unmatched_report(raw.modem, report.reference, facts.recipient)
        if taken.queued:
            self._on_queued(taken.queued)

    def _take_deliver(self, tx: Tx, now_ms: int, readable: _Readable) -> None:
        raw, deliver = readable.raw, readable.deliver
        if inbox.is_held(tx, raw):
            return
        concat = deliver.concat
        if deliver.pid == TYPE_0:
            inbox.keep(tx, now_ms, raw, PartFacts("silent", sender=readable.sender, smsc_ms=readable.smsc_ms))
        elif concat is None or concat.total == 1:
            part = inbox.keep(tx, now_ms, raw, PartFacts("assembled", sender=readable.sender, smsc_ms=readable.smsc_ms))
            piece = Piece(part, 1, now_ms, raw.pdu)
            received = self._join(raw.modem, Assembly((piece,), complete=True), 1)
            inbox.add_message(tx, now_ms, self._store.ids, received, [part])
        else:
            self._take_part(tx, now_ms, readable, concat.reference, concat.total, concat.sequence)

    def _take_part(self, tx: Tx, now_ms: int, readable: _Readable, reference: int, total: int, seq: int) -> None:
        raw = readable.raw
        known = inbox.siblings(tx, raw.sim, readable.sender, reference, total, now_ms - MEMORY_MS)
        facts = PartFacts("waiting", None, readable.sender, reference, total, seq, readable.smsc_ms)
        part = inbox.keep(tx, now_ms, raw, facts)
        assembly = assemble(Piece(part, seq, now_ms, raw.pdu), map(_piece, known), total)
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

    def _join(self, modem: str, assembly: Assembly, total: int) -> Received:
        """Join the content of parts. A part that is missing shows as an ellipsis in brackets."""
        delivers = [(piece.seq, _deliver(piece.pdu)) for piece in assembly.pieces]
        first = delivers[0][1]
        stamps = [stamp for _, deliver in delivers if (stamp := _ms(deliver.timestamp)) is not None]
        fields = [deliver.user_data for _, deliver in delivers]
        is_data = first.data is not None
        ports = first.ports
        return Received(
            sender=first.originator.number,
            modem=modem,
            own=self._own_number(modem),
            encoding=first.user_data.alphabet.value,
            segments=total,
            text=None if is_data else _text(delivers, total),
            data=join_data(fields) if is_data else None,
            port=ports.destination if ports is not None else None,
            message_class=first.message_class,
            smsc_ms=max(stamps, default=None),
            incomplete=not assembly.complete,
        )


GAP = "[…]"


def _text(delivers: Sequence[tuple[int, Deliver]], total: int) -> str:
    """The text of the parts; runs without a gap are joined raw, as a character may be split between two parts."""
    by_seq = {seq: deliver.user_data for seq, deliver in delivers}
    pieces: list[str] = []
    run: list[UserData] = []
    for seq in range(1, total + 1):
        if seq in by_seq:
            run.append(by_seq[seq])
            continue
        if run:
            pieces.append(join_text(run))
            run = []
        if not pieces or pieces[-1] != GAP:
            pieces.append(GAP)
    if run:
        pieces.append(join_text(run))
    return "".join(pieces)


def _deliver(pdu: str) -> Deliver:
    tpdu = parse_pdu(pdu, stated_octets=len(pdu) // 2).tpdu
    if not isinstance(tpdu, Deliver):
        raise PduError("is no DELIVER", field="TP-MTI")
    return tpdu


def _piece(part: Part) -> Piece:
    return Piece(part.id, part.seq, part.at_ms, part.pdu, part.state == "assembled", part.message_id)


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def _log_failure(written: asyncio.Future[None]) -> None:
    if not written.cancelled() and (failure := written.exception()) is not None:
        log.warning("that a modem forgot a message could not be noted: %s", failure)
