"""Evidence from the reference of an accepted segment for earlier segments with unknown outcome.

A SIM counts its submissions: TP-MR goes up by one with each (TS 23.040 9.2.3.6). Segments are handed to a modem one
after the other, in the order of their ``claim``. So when the reference of an accepted segment is not the next one
after the last known, the missing ones were used by the unknown segments in between; ``reference_gaps`` says which.

It speaks only of segments handed over since the last known reference: one of an earlier gap that could not be settled
then used a reference of that gap, or none. It is evidence only where the counter is known to go up by one. A refused
submission in between may or may not have used a reference. No gap at all is evidence in any case: nothing has gone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gsmgw.model import Outgoing, SegmentStatus
from gsmgw.model.events import MessageSettled
from gsmgw.store.derived_status import note_sent, roll_up
from gsmgw.store.reference_gaps import Fate, weigh
from gsmgw.store.rows import OUTGOING_COLUMNS, outgoing_of
from gsmgw.store.states import SENDING
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, kinds, parsed

#: Steps of one in a row after which a counter is believed.
RELIABLE_STEPS = 2
#: So often a SIM's own record has to have agreed, each time at another reference.
RELIABLE_RECORDS = 2
#: So long after a segment was handed over the record does not say yet that it was not sent.
RECORD_SETTLES_MS = 30_000
#: A claim after all others.
NEVER = 2**63 - 1


class _Counter(NamedTuple):
    """The state of a SIM's counter: its last reference and claim, and what may have used references since."""

    reference: int
    claim: int
    #: Number of consecutive steps of one.
    steps: int
    refused: int
    #: Claim and doubt of each earlier try that was repeated without evidence.
    repeated: list[tuple[int, int]]
    agreed: int
    agreed_at: int | None


_COUNTER_COLUMNS = "sim, reference, claim, steps, refused, agreed, agreed_at, repeated"
_COUNTER_KINDS = kinds(
    _COUNTER_COLUMNS, integers="reference claim steps refused agreed agreed_at", optional="agreed_at"
)
_REPEAT_KINDS = (frozenset({int}), frozenset({int}))


def _counter_of(row: Sequence[Any]) -> _Counter:
    check(row, _COUNTER_KINDS)
    _, reference, claim, steps, refused, agreed, agreed_at, text = row
    repeated = [] if text == "[]" else [(claim, doubt) for claim, doubt in parsed(text, list)]
    for each in repeated:
        check(each, _REPEAT_KINDS)
    return _Counter(reference, claim, steps, refused, repeated, agreed, agreed_at)


def _counter(tx: Tx, sim: str) -> _Counter | None:
    """Return what is known of a SIM's counter. One that cannot be decoded is forgotten: counting begins anew."""
    row = tx.one(f"SELECT {_COUNTER_COLUMNS} FROM sims WHERE sim = ?", (sim,))
    if row is None:
        return None
    found = tx.readable("sims", _counter_of, (row,))
    if not found:
        tx.run("DELETE FROM sims WHERE sim = ?", (sim,))
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class _Doubtful:
    message_id: int
    seq: int
    doubt: int
    claim: int
    sending_ms: int
    #: Its result may still come, so that no reference says that it was not sent.
    owed: bool


@dataclass(frozen=True, slots=True)
class _Handover:
    """A segment with unknown outcome, in order; ``unknown`` is None if it was decided without evidence.

    That one may have used a reference all the same. Its place tells about its neighbours of the same interruption.
    """

    claim: int
    doubt: int
    unknown: _Doubtful | None


@dataclass(frozen=True, slots=True)
class _Doubts:
    """The handovers with unknown outcome since a SIM's last known reference, and refusals that may have used one."""

    handovers: list[_Handover]
    perhaps: int

    @property
    def unknown(self) -> list[_Doubtful]:
        """The segments that are still undecided."""
        return [each.unknown for each in self.handovers if each.unknown is not None]

    @property
    def most(self) -> int:
        """The maximum number of references that may have been used."""
        return len(self.handovers) + self.perhaps


_HANDOVER_COLUMNS = "message_id, seq, doubt, claim, sending_ms, owed, status"
_HANDOVER_KINDS = kinds(_HANDOVER_COLUMNS, integers="message_id seq doubt claim sending_ms owed")


def _handover_of(row: Sequence[Any]) -> _Handover:
    check(row, _HANDOVER_KINDS)
    unknown = row[-1] == SegmentStatus.UNKNOWN
    return _Handover(row[3], row[2], _Doubtful(*row[:-1]) if unknown else None)


def _doubts(tx: Tx, sim: str, counter: _Counter, before: int) -> _Doubts:
    """Return the handovers with unknown outcome between the last known claim and another one."""
    rows = tx.all(
        f"SELECT {_HANDOVER_COLUMNS} FROM segments "
        "WHERE sim = ? AND doubt IS NOT NULL AND reference IS NULL AND claim > ? AND claim < ?",
        (sim, counter.claim, before),
    )
    found = tx.readable("segments", _handover_of, rows)
    # A row that cannot be decoded may have used a reference, as a refused one may.
    perhaps = counter.refused + len(rows) - len(found)
    found += [_Handover(claim, doubt, None) for claim, doubt in counter.repeated if counter.claim < claim < before]
    return _Doubts(sorted(found, key=lambda each: each.claim), perhaps)


def accepted(tx: Tx, now_ms: int, sim: str, reference: int, claim: int) -> list[Outgoing]:
    """Settle earlier segments with unknown outcome after a SIM's segment was accepted with a reference.

    Called with each reference that becomes known, by the modem's answer or by a status report.

    Returns the messages that are queued again, because their segments certainly had not gone.
    """
    counter = _counter(tx, sim)
    queued: list[Outgoing] = []
    steps = 0
    if counter is not None:
        last, steps = counter.reference, counter.steps
        if claim <= counter.claim:
            return []  # a later one was accepted before: nothing new
        gap = (reference - last - 1) % 256
        doubts = _doubts(tx, sim, counter, claim)
        unknown = len(doubts.unknown)
        if steps >= RELIABLE_STEPS and reference != last:
            _settle(tx, now_ms, doubts, gap, last, queued)
        if gap == 0 or 0 < gap <= unknown:
            steps = min(steps + 1, 100)
        elif gap > doubts.most:
            steps = 0
    tx.run(
        "INSERT INTO sims (sim, reference, claim, steps, refused) VALUES (?, ?, ?, ?, 0) ON CONFLICT (sim) "
        "DO UPDATE SET reference = excluded.reference, claim = excluded.claim, steps = excluded.steps, refused = 0",
        (sim, reference, claim, steps),
    )
    if counter is not None and counter.repeated:
        _forget_repeats(tx, sim)
    return queued


def _forget_repeats(tx: Tx, sim: str) -> None:
    """Drop the repeats that were handed over before the last known reference: the next gap says nothing about them."""
    tx.run(
        "UPDATE sims SET repeated = (SELECT json_group_array(json(value)) FROM json_each(sims.repeated) "
        "WHERE value ->> 0 > sims.claim) WHERE sim = ?",
        (sim,),
    )


def recorded(tx: Tx, now_ms: int, sim: str, last: int, confirmed: int | None) -> list[Outgoing]:
    """Apply the last reference that a SIM has recorded (EF_SMSS, TS 31.102 4.2.28).

    Right after the modem has confirmed a text with a reference (``confirmed``), that shows whether the record can be
    believed: some modems write it when they are switched off. Where something is in doubt, a record that can be
    believed says what the reference of the next accepted segment would say, before anything else is sent. That
    something was not sent it says only some time after the handover: the modem may have been at it.

    Returns the messages that are queued again, because their segments certainly had not gone.
    """
    counter = _counter(tx, sim)
    if counter is None:
        return []
    reference, agreed = counter.reference, counter.agreed
    if confirmed is not None:
        agreed = _learn(tx, sim, last, agreed, counter.agreed_at, agrees=last == confirmed)
    if agreed < RELIABLE_RECORDS or counter.steps < RELIABLE_STEPS or _is_sending(tx, sim):
        return []
    doubts = _doubts(tx, sim, counter, NEVER)
    if not doubts.unknown:
        return []
    rested = now_ms >= max(one.sending_ms for one in doubts.unknown) + RECORD_SETTLES_MS
    queued: list[Outgoing] = []
    settled = _settle(tx, now_ms, doubts, (last - reference) % 256, reference, queued, "record", rested=rested)
    if settled is not None:
        tx.run("UPDATE sims SET reference = ?, claim = ?, refused = 0 WHERE sim = ?", (*settled, sim))
        _forget_repeats(tx, sim)
    return queued


def _learn(tx: Tx, sim: str, last: int, agreed: int, agreed_at: int | None, *, agrees: bool) -> int:
    """Return how often the record has agreed. Only different references count: a constant one may agree by chance."""
    if agrees and last == agreed_at:
        return agreed
    agreed, agreed_at = (min(agreed + 1, 100), last) if agrees else (0, None)
    tx.run("UPDATE sims SET agreed = ?, agreed_at = ? WHERE sim = ?", (agreed, agreed_at, sim))
    return agreed


def _is_sending(tx: Tx, sim: str) -> bool:
    return bool(tx.one(f"SELECT 1 FROM segments WHERE {SENDING} AND sim = ?", (sim,)))


def queued_now(tx: Tx, message_id: int) -> list[Outgoing]:
    """Return the message if it is queued again: its unknown segments are settled and the rest can be sent."""
    row = tx.one(
        f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ? AND status = 'queued' AND due_ms IS NULL", (message_id,)
    )
    return tx.readable("messages", outgoing_of, () if row is None else (row,))


def late_answer(tx: Tx, now_ms: int, sim: str, reference: int) -> list[Outgoing]:
    """Apply a late confirmation of the segment that was handed to the modem last, if its outcome is still unknown."""
    row = tx.one(
        "SELECT message_id, seq, claim FROM segments WHERE sim = ? AND doubt IS NOT NULL AND reference IS NULL "
        "AND claim = (SELECT max(claim) FROM segments WHERE sim = ? AND doubt IS NOT NULL)",
        (sim, sim),
    )
    if row is None:
        return []
    message_id, seq, claim = row
    changed = tx.run(
        "UPDATE segments SET status = 'sent', reference = ?, sent_ms = ?, error = NULL, "
        "report_due = (SELECT report FROM messages WHERE id = message_id) "
        "WHERE message_id = ? AND seq = ? AND status IN ('unknown', 'queued')",
        (reference, now_ms, message_id, seq),
    )
    tx.event(now_ms, MessageSettled(decision="sent", evidence="answer"), message_id)
    note_sent(tx, now_ms, message_id, [seq] * changed, reference)
    roll_up(tx, now_ms, message_id)
    return [*queued_now(tx, message_id), *accepted(tx, now_ms, sim, reference, claim)]


def is_plausible(tx: Tx, sim: str, reference: int, claim: int, doubtful: int) -> bool:
    """Return True if the segment with unknown outcome at a claim may have got a reference.

    Those handed over since the last known reference got one of the next; those before, one that lies behind it.
    """
    counter = _counter(tx, sim)
    if counter is None or counter.steps < RELIABLE_STEPS:
        return True
    is_next = (reference - counter.reference - 1) % 256 < doubtful + counter.refused + len(counter.repeated)
    return is_next == (claim > counter.claim)


def refused(tx: Tx, sim: str) -> None:
    """Note a refused submission: it is not known whether it used a reference. That matters to the next gap only."""
    tx.run("UPDATE sims SET refused = refused + 1 WHERE sim = ?", (sim,))


def repeated(tx: Tx, sim: str, claim: int, doubt: int) -> None:
    """Note that a segment in doubt is handed over again without evidence: its earlier try may have used a reference.

    ``claim`` and ``doubt`` are those of the earlier try. It does not matter where a later one was accepted already.
    """
    counter = _counter(tx, sim)
    if counter is not None and counter.claim < claim:
        text = json.dumps([*counter.repeated, (claim, doubt)])
        tx.run("UPDATE sims SET repeated = ? WHERE sim = ?", (text, sim))


def _settle(
    tx: Tx,
    now_ms: int,
    doubts: _Doubts,
    used: int,
    last: int,
    queued: list[Outgoing],
    evidence: str = "reference",
    *,
    rested: bool = True,
) -> tuple[int, int] | None:
    """Apply the number of references used since ``last``; messages that are queued again are added to ``queued``.

    One that has not ``rested`` may go yet: that something was not sent is not said then. Returns the last reference
    and claim up to which everything is certain, where that is further than before.
    """
    verdicts = weigh([each.doubt for each in doubts.handovers], used, doubts.perhaps)
    frontier: tuple[int, int] | None = None
    certain = doubts.perhaps == 0
    touched: dict[int, str] = {}
    for each, verdict in zip(doubts.handovers, verdicts, strict=True):
        one = each.unknown
        if one is None:
            certain = False
        elif verdict.fate is Fate.SENT:
            reference = None if verdict.place is None else (last + verdict.place) % 256
            tx.run(
                "UPDATE segments SET status = 'sent', reference = ?, sent_ms = ?, error = NULL "
                "WHERE message_id = ? AND seq = ? AND status = 'unknown'",
                (reference, now_ms, one.message_id, one.seq),
            )
            note_sent(tx, now_ms, one.message_id, [one.seq], reference)
            touched.setdefault(one.message_id, "sent")
            if certain and reference is not None:
                frontier = reference, one.claim
        elif verdict.fate is Fate.NOT_SENT and rested and not one.owed:
            tx.run(
                "UPDATE segments SET status = 'queued', doubt = NULL, report_due = 0 "
                "WHERE message_id = ? AND seq = ? AND status = 'unknown'",
                (one.message_id, one.seq),
            )
            touched[one.message_id] = "resend"
            if certain:
                frontier = (last if frontier is None else frontier[0]), one.claim
        else:
            certain = False
    for message_id, decision in touched.items():
        tx.event(now_ms, MessageSettled(decision=decision, evidence=evidence), message_id)
        roll_up(tx, now_ms, message_id)
        queued += queued_now(tx, message_id)
    return frontier
