"""Received PDUs: stored raw, then decoded, all in one transaction before the modem may forget them.

All PDUs go through one function, :meth:`Collector._isolated`: whatever decoding or joining raises, except a failure of
the database, puts the PDU into quarantine with the reason, in the same transaction. So no PDU can harm another one, a
modem or the process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from gsmgw.errors import StoreError, StoreUnavailable
from gsmgw.inbound import receive_hook
from gsmgw.inbound.joining import join, to_ms
from gsmgw.inbound.reassembly import Assembly, Piece, assemble, groups, is_overdue
from gsmgw.model import Outgoing, PartState, StatusReportFacts
from gsmgw.model.events import MessageQuarantined
from gsmgw.pdu import Concat, Deliver, PduError, StatusReport, parse_pdu, status_meaning
from gsmgw.ports import Clock, RawPdu
from gsmgw.store import PendingWrites, Rejected, Store, Tx, inbox, reports
from gsmgw.store.inbox import Group, Part, PartFacts, Received

log = logging.getLogger(__name__)

#: How long a complete long message is remembered to recognise a part that comes twice.
MEMORY_MS = 4 * 86_400_000
#: TP-PID of a type 0 message: acknowledged and not shown (TS 23.040 9.2.3.9).
TYPE_0 = 0x40
#: Time until a PDU is written again after the database refused it, seconds.
RETRY_S = 1.0
#: The number of quarantined PDUs that are read from the database at once.
_PAGE = 100

ReportHook = Callable[[str, int, str], None]


@dataclass(frozen=True, slots=True)
class _Readable:
    """A decoded DELIVER."""

    deliver: Deliver
    raw: RawPdu

    @property
    def sender(self) -> str:
        return self.deliver.originator.number

    @property
    def smsc_ms(self) -> int | None:
        return to_ms(self.deliver.timestamp)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The outcome of a PDU: a report of no known message, messages that are queued again, the reason of a quarantine.

    ``stays``: it was in quarantine and is still there.
    """

    unmatched: StatusReportFacts | None = None
    queued: Sequence[Outgoing] = ()
    problem: str | None = None
    stays: bool = False
    after: receive_hook.AfterCommit | None = None


_NOTHING = _Outcome()


@dataclass(frozen=True, slots=True)
class Reread:
    """Numbers of PDUs that left the quarantine because they can be decoded now, and that stay."""

    decoded: int
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
        on_received: receive_hook.ReceiveHook | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._incomplete_ms = round(incomplete_after_s * 1000)
        self._own_number = own_number
        self._on_unmatched_report = on_unmatched_report
        self._on_queued = on_queued
        self._on_received = on_received
        self._insisting: set[asyncio.Task[bool]] = set()
        self._released = PendingWrites(store, "received PDUs")

    async def take(self, raw: RawPdu) -> bool:
        """Store and decode a received PDU; return False when it is in quarantine instead.

        Raises :class:`StoreError` when it could not be stored and is still in a memory of the modem. One that was
        routed directly is nowhere else: it is stored as soon as the database takes it, also when the caller has been
        cancelled because its port was lost.
        """
        at_ms = self._clock.wall_ms()
        try:
            outcome = await self._take(raw, at_ms)
            return outcome.problem is None
        except StoreUnavailable:
            if raw.index is not None:
                raise
            task = asyncio.create_task(self._insist(raw, at_ms), name=f"keep a PDU of {raw.modem}")
            self._insisting.add(task)
            task.add_done_callback(self._insisting.discard)
            return await asyncio.shield(task)

    async def _insist(self, raw: RawPdu, at_ms: int) -> bool:
        while True:
            await self._clock.sleep(RETRY_S)
            with suppress(StoreUnavailable):
                outcome = await self._take(raw, at_ms)
                return outcome.problem is None

    @property
    def unsaved(self) -> int:
        """Number of received PDUs that lie nowhere else and that the database has not taken yet."""
        return len(self._insisting)

    async def close(self) -> None:
        """Give up the PDUs that the database did not take until the end of the process."""
        if self._insisting:
            log.error("inbox: received PDUs lost, database writes are failing count=%d", len(self._insisting))
        for task in self._insisting:
            task.cancel()
        await asyncio.gather(*self._insisting, return_exceptions=True)

    async def reread(self) -> Reread:
        """Decode the quarantined PDUs again, which an earlier version may have put there: one that can be decoded now
        becomes a message or a report. Raises :class:`StoreError`.
        """
        decoded, left, before = 0, 0, None
        while page := await self._store.read(partial(inbox.quarantined, limit=_PAGE, before=before)):
            before = page[-1].id
            for item in page:
                outcome = await self._take(item.raw, item.at_ms, item.id)
                if outcome.stays:
                    left += 1
                else:
                    decoded += 1
        return Reread(decoded, left)

    def released(self, raw: RawPdu) -> None:
        """Note that the modem has forgotten the PDU."""
        self._released.record(lambda tx: inbox.release(tx, raw))

    async def sweep(self) -> None:
        """Show long messages whose missing parts were waited for long enough. Raises :class:`StoreError`."""
        now_ms = self._clock.wall_ms()
        for group in await self._store.read(lambda db: inbox.overdue(db, now_ms, self._incomplete_ms)):
            try:
                await self._store.write(partial(self._show_incomplete, now_ms=now_ms, group=group))
            except StoreError:
                raise
            except Exception:  # the others do not wait for it; it is looked at again with the next sweep
                log.exception("%s: the parts of an incomplete message cannot be looked at", group.modem)

    async def run(self) -> None:
        """Show incomplete messages when their time has come, for as long as the gateway runs."""
        try:
            again = await self.reread()
            if again.decoded:
                log.info("inbox: quarantined PDUs decoded again decoded=%d left=%d", again.decoded, again.left)
        except StoreError as exc:
            log.log(exc.level, "inbox: quarantined PDUs could not be decoded again: %s", exc)
        while True:
            await self._clock.sleep(max(1.0, min(30.0, self._incomplete_ms / 4000)))
            try:
                await self.sweep()
            except StoreError as exc:
                log.log(exc.level, "inbox: incomplete messages could not be looked for: %s", exc)

    # -- one PDU --------------------------------------------------------------------------------------------------

    async def _take(self, raw: RawPdu, at_ms: int, kept: int | None = None) -> _Outcome:
        """Store and decode a PDU that came at ``at_ms``; ``kept`` is its row where it is in quarantine."""
        outcome = await self._store.write(partial(self._isolated, at_ms=at_ms, raw=raw, kept=kept))
        if outcome.problem is not None:
            log.warning("%s: a received PDU could not be decoded and is in quarantine: %s", raw.modem, outcome.problem)
        if outcome.unmatched is not None:
            self._on_unmatched_report(raw.modem, outcome.unmatched.reference, outcome.unmatched.recipient)
        if outcome.queued:
            self._on_queued(outcome.queued)
        if outcome.after is not None:
            outcome.after()
        return outcome

    def _isolated(self, tx: Tx, at_ms: int, raw: RawPdu, kept: int | None) -> _Outcome:
        """Decode a PDU; put it into quarantine when that raises."""
        try:
            with tx.savepoint():
                return self._decode(tx, at_ms, raw, kept)
        except Rejected as exc:
            cause = exc.cause
            problem = f"{cause.field}: {cause.title}" if isinstance(cause, PduError) else f"internal error: {exc}"
            if not isinstance(cause, PduError):
                log.error("%s: internal error while decoding a PDU", raw.modem, exc_info=cause)
        if kept is not None:
            return _Outcome(stays=True)
        if self._set_aside(tx, at_ms, raw, PartFacts(PartState.QUARANTINED, problem=problem)) is None:
            return _NOTHING
        tx.event(at_ms, MessageQuarantined(problem=problem, pdu=raw.pdu), None, raw.modem)
        return _Outcome(problem=problem)

    def _show_incomplete(self, tx: Tx, now_ms: int, group: Group) -> None:
        """Show the overdue messages of a group; one that cannot be shown goes into quarantine."""
        waiting = [part for part in inbox.siblings(tx, group, now_ms) if part.message_id is None]
        for pieces in groups(_piece(part) for part in waiting if part.state is PartState.WAITING):
            if not is_overdue(pieces, now_ms, self._incomplete_ms):
                continue
            ids = [piece.id for piece in pieces]
            try:
                with tx.savepoint():
                    received = self._join(
                        group.modem, Assembly(pieces, complete=len(pieces) == group.total), group.total
                    )
                    inbox.add_message(tx, now_ms, self._store.ids, received, ids)
            except Rejected as exc:
                log.error("%s: an incomplete message cannot be shown", group.modem, exc_info=exc.cause)
                inbox.quarantine(tx, now_ms, f"cannot be joined: {exc}", ids)

    def _join(self, modem: str, assembly: Assembly, total: int) -> Received:
        return join(assembly, total, modem=modem, own=self._own_number(modem))

    # -- kinds ----------------------------------------------------------------------------------------------------

    def _decode(self, tx: Tx, at_ms: int, raw: RawPdu, kept: int | None) -> _Outcome:
        if raw.is_submission:
            self._set_aside(tx, at_ms, raw, PartFacts(PartState.STORED))
            return _NOTHING
        tpdu = parse_pdu(raw.pdu, stated_octets=raw.length_octets).tpdu
        if isinstance(tpdu, StatusReport):
            return self._take_report(tx, at_ms, raw, tpdu, kept)
        if isinstance(tpdu, Deliver):
            return self._take_deliver(tx, at_ms, _Readable(tpdu, raw), kept)
        raise PduError(f"a {type(tpdu).__name__} is not a received message", field="TP-MTI")

    def _set_aside(self, tx: Tx, at_ms: int, raw: RawPdu, facts: PartFacts) -> int | None:
        """Store a PDU; return its row, or None when it was taken before."""
        return None if inbox.is_held(tx, raw) else inbox.keep(tx, at_ms, raw, facts)

    def _take_report(self, tx: Tx, at_ms: int, raw: RawPdu, report: StatusReport, kept: int | None) -> _Outcome:
        """Record a delivery report."""
        meaning = status_meaning(report.status)
        facts = StatusReportFacts(
            modem=raw.modem,
            sim=raw.sim,
            reference=report.reference,
            recipient=report.recipient.number,
            status=report.status,
            outcome=meaning.outcome,
            title=meaning.title,
            discharge_ms=to_ms(report.discharge),
            pdu=raw.pdu,
        )
        if kept is not None and not inbox.understand(tx, kept, PartFacts(PartState.SILENT, sender=facts.recipient)):
            return _NOTHING
        taken = reports.take_report(tx, at_ms, facts)
        return _Outcome(unmatched=facts if taken.message_id is None else None, queued=taken.queued)

    def _take_deliver(self, tx: Tx, at_ms: int, readable: _Readable, kept: int | None) -> _Outcome:
        """Make a message of a DELIVER, or one of its parts."""
        raw, deliver, concat = readable.raw, readable.deliver, readable.deliver.concat
        whole = concat is None or concat.total == 1
        is_data = deliver.data is not None
        facts = PartFacts(
            PartState.ASSEMBLED if whole else PartState.WAITING,
            None,
            readable.sender,
            smsc_ms=readable.smsc_ms,
            data=is_data,
        )
        if deliver.pid == TYPE_0:
            facts = replace(facts, state=PartState.SILENT)
        elif concat is not None and not whole:
            facts = replace(facts, reference=concat.reference, total=concat.total, seq=concat.sequence)
        if kept is not None:
            if not inbox.understand(tx, kept, facts):
                return _NOTHING
            part = kept
        else:
            new = self._set_aside(tx, at_ms, raw, facts)
            if new is None:
                return _NOTHING
            part = new
        if facts.state is PartState.SILENT:
            return _NOTHING
        piece = Piece(part, 1, at_ms, raw.pdu, readable.smsc_ms, is_data)
        if concat is None or whole:
            received = self._join(raw.modem, Assembly((piece,), complete=True), 1)
            message_id = inbox.add_message(tx, at_ms, self._store.ids, received, [part])
            return self._received(tx, at_ms, message_id, received)
        return self._take_part(tx, readable, replace(piece, seq=concat.sequence), concat)

    def _received(self, tx: Tx, at_ms: int, message_id: int, received: Received) -> _Outcome:
        return _Outcome(after=receive_hook.apply(self._on_received, tx, at_ms, message_id, received))

    def _take_part(self, tx: Tx, readable: _Readable, piece: Piece, concat: Concat) -> _Outcome:
        raw, total = readable.raw, concat.total
        group = Group(raw.sim, raw.modem, readable.sender, concat.reference, total)
        known = inbox.siblings(tx, group, piece.at_ms - MEMORY_MS)
        assembly = assemble(piece, (_piece(one) for one in known if one.id != piece.id), total)
        if assembly.duplicate:
            inbox.mark_silent(tx, piece.id)
        elif assembly.complete or assembly.message_id is not None:
            ids = [each.id for each in assembly.pieces]
            try:
                with tx.savepoint():
                    received = self._join(raw.modem, assembly, total)
                    message_id = assembly.message_id
                    if message_id is not None:
                        inbox.complete_message(tx, piece.at_ms, message_id, received, ids)
                    else:
                        message_id = inbox.add_message(tx, piece.at_ms, self._store.ids, received, ids)
            except Rejected as exc:
                log.error("%s: the parts of a message cannot be joined", raw.modem, exc_info=exc.cause)
                inbox.quarantine(tx, piece.at_ms, f"cannot be joined: {exc}", ids)
                return _Outcome(stays=True)
            return self._received(tx, piece.at_ms, message_id, received)
        return _NOTHING


def _piece(part: Part) -> Piece:
    return Piece(
        part.id,
        part.seq,
        part.at_ms,
        part.pdu,
        part.smsc_ms,
        None if part.data is None else bool(part.data),
        assembled=part.state is PartState.ASSEMBLED,
        message_id=part.message_id,
    )
