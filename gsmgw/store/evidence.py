"""What the reference of an accepted segment says about unknown ones before it.

A SIM counts its submissions: TP-MR goes up by one with each (TS 23.040 9.2.3.6). Segments are handed to a modem one
after the other, in the order of their ``claim``. So when the reference of an accepted segment is not the next one
after the last known, the missing ones were used by the unknown segments in between, the first of them first.

It speaks only of segments handed over since the last known reference: one of an earlier gap that could not be settled
then used a reference of that gap, or none. Which ones went is known only where all were left by one interruption
(``doubt``): in a later one the gateway may have gone on with other segments. And it is evidence only where the counter
is known to go up by one, and where no refusal lies in between, because a refused submission may or may not have used a
reference. No gap at all is evidence in any case: nothing has gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.model import Outgoing
from gsmgw.store.rollup import roll_up
from gsmgw.store.rows import OUTGOING_COLUMNS, outgoing_of
from gsmgw.store.tx import Tx

#: Steps of one in a row after which a counter is believed.
RELIABLE_STEPS = 2
#: So often a SIM's own record has to have agreed, each time at another reference.
RELIABLE_RECORDS = 3
#: So long after a segment was handed over the record does not say yet that it was not sent.
RECORD_SETTLES_MS = 30_000


@dataclass(frozen=True, slots=True)
class _Doubtful:
    message_id: int
    seq: int
    doubt: int


def accepted(tx: Tx, now_ms: int, sim: str, reference: int, claim: int) -> list[Outgoing]:
    """A SIM's segment was accepted with this reference; settle the unknown ones before it that it speaks about.

    Called with each reference that becomes known, by the modem's answer or by a status report.

    Returns the messages that are queued again, because their segments certainly had not gone.
    """
    known = tx.one("SELECT reference, steps, refused, claim FROM sims WHERE sim = ?", (sim,))
    queued: list[Outgoing] = []
    steps = 0
    if known is not None:
        if claim <= known[3]:
            return []  # a later one was accepted before: nothing new
        gap = (reference - known[0] - 1) % 256
        rows = tx.all(
            "SELECT message_id, seq, doubt, status FROM segments "
            "WHERE sim = ? AND doubt IS NOT NULL AND reference IS NULL AND claim > ? AND claim < ? ORDER BY claim",
            (sim, known[3], claim),
        )
        doubtful = [_Doubtful(*row[:3]) for row in rows if row[3] == "unknown"]
        # One that is to be sent again without evidence may have used a reference, as a refused one may.
        refusals = known[2] + len(rows) - len(doubtful)
        if gap == 0 or (doubtful and gap <= len(doubtful)):
            steps = min(known[1] + 1, 100)
        if doubtful and known[1] >= RELIABLE_STEPS and reference != known[0]:
            queued = _settle(tx, now_ms, doubtful, gap, known[0], refusals)
    tx.run(
        "INSERT INTO sims (sim, reference, claim, steps, refused) VALUES (?, ?, ?, ?, 0) ON CONFLICT (sim) "
        "DO UPDATE SET reference = excluded.reference, claim = excluded.claim, steps = excluded.steps, refused = 0",
        (sim, reference, claim, steps),
    )
    return queued


def recorded(tx: Tx, now_ms: int, sim: str, last: int, *, learn: bool) -> list[Outgoing]:
    """A SIM says itself which reference it gave last (EF_SMSS, TS 31.102 4.2.9).

    Where nothing is in doubt and texts were sent before, that shows whether its record can be believed (``learn``):
    some modems write it when they are switched off. Where something is in doubt, a record that can be believed says
    what the reference of the next accepted segment would say, before anything else is sent. That something was not
    sent it says only some time after the handover: the modem may have been at it.

    Returns the messages that are queued again, because their segments certainly had not gone.
    """
    known = tx.one("SELECT reference, steps, refused, claim, agreed, agreed_at FROM sims WHERE sim = ?", (sim,))
    if known is None or tx.one(
        "SELECT 1 FROM segments WHERE status IN ('sending', 'unknown') AND status = 'sending' AND sim = ?", (sim,)
    ):
        return []
    reference, steps, refusals, claim, agreed, agreed_at = known
    rows = tx.all(
        "SELECT message_id, seq, doubt, status, claim, sending_ms FROM segments "
        "WHERE sim = ? AND doubt IS NOT NULL AND reference IS NULL AND claim > ? ORDER BY claim",
        (sim, claim),
    )
    if not rows:
        if learn and refusals == 0:
            _learn(tx, sim, last, agreed, agreed_at, agrees=last == reference)
        return []
    doubtful = [_Doubtful(*row[:3]) for row in rows if row[3] == "unknown"]
    gap = (last - reference) % 256
    settled_ms = max(row[5] for row in rows) + RECORD_SETTLES_MS
    if not doubtful or agreed < RELIABLE_RECORDS or steps < RELIABLE_STEPS:
        return []
    if gap < len(doubtful) and now_ms < settled_ms:
        return []
    queued = _settle(tx, now_ms, doubtful, gap, reference, refusals + len(rows) - len(doubtful), "record")
    tx.run(
        "UPDATE sims SET reference = ?, claim = ?, refused = 0 WHERE sim = ? AND NOT EXISTS (SELECT 1 FROM segments "
        "WHERE sim = ? AND doubt IS NOT NULL AND reference IS NULL AND status = 'unknown' AND claim > ?)",
        (last, rows[-1][4], sim, sim, claim),
    )
    return queued


def _learn(tx: Tx, sim: str, last: int, agreed: int, agreed_at: int | None, *, agrees: bool) -> None:
    """A record that never moves agrees by chance: what counts is that it did at different references."""
    if not agrees:
        tx.run("UPDATE sims SET agreed = 0, agreed_at = NULL WHERE sim = ?", (sim,))
    elif last != agreed_at:
        tx.run("UPDATE sims SET agreed = ?, agreed_at = ? WHERE sim = ?", (min(agreed + 1, 100), last, sim))


def queued_now(tx: Tx, message_id: int) -> list[Outgoing]:
    """The message, when it waits for a modem: what was in doubt is settled, and the rest of it can go."""
    row = tx.one(
        f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ? AND status = 'queued' AND due_ms IS NULL", (message_id,)
    )
    return [] if row is None else [outgoing_of(row)]


def late_answer(tx: Tx, now_ms: int, sim: str, reference: int) -> list[Outgoing]:
    """A modem confirmed a segment after it had been given up: the one handed to it last, if that is in doubt still."""
    row = tx.one(
        "SELECT message_id, seq, claim FROM segments WHERE sim = ? AND doubt IS NOT NULL AND reference IS NULL "
        "AND claim = (SELECT max(claim) FROM segments WHERE sim = ? AND doubt IS NOT NULL)",
        (sim, sim),
    )
    if row is None:
        return []
    message_id, seq, claim = row
    tx.run(
        "UPDATE segments SET status = 'sent', reference = ?, sent_ms = ?, error = NULL, "
        "report_due = (SELECT report FROM messages WHERE id = message_id) "
        "WHERE message_id = ? AND seq = ? AND status IN ('unknown', 'queued')",
        (reference, now_ms, message_id, seq),
    )
    tx.event(now_ms, "message.settled", message_id, decision="sent", evidence="answer")
    roll_up(tx, now_ms, message_id)
    return [*queued_now(tx, message_id), *accepted(tx, now_ms, sim, reference, claim)]


def is_plausible(tx: Tx, sim: str, reference: int, claim: int, doubtful: int) -> bool:
    """Whether the unknown segment of that claim, one of so many, can have got that reference.

    Those handed over since the last known reference got one of the next; those before, one that lies behind it.
    """
    known = tx.one("SELECT reference, steps, refused, claim FROM sims WHERE sim = ?", (sim,))
    if known is None or known[1] < RELIABLE_STEPS:
        return True
    is_next = (reference - known[0] - 1) % 256 < doubtful + known[2]
    return bool(is_next == (claim > known[3]))


def refused(tx: Tx, sim: str) -> None:
    """A submission was refused, or is repeated without evidence: whether it used a reference up is not known."""
    tx.run("UPDATE sims SET refused = refused + 1 WHERE sim = ?", (sim,))


def _settle(
    tx: Tx,
    now_ms: int,
    doubtful: list[_Doubtful],
    gap: int,
    last_reference: int,
    refusals: int,
    evidence: str = "reference",
) -> list[Outgoing]:
    if gap > len(doubtful) or (gap and refusals):
        return []
    if 0 < gap < len(doubtful) and len({one.doubt for one in doubtful}) > 1:
        return []
    queued: list[Outgoing] = []
    touched: dict[int, str] = {}
    for number, one in enumerate(doubtful, 1):
        if number <= gap:
            tx.run(
                "UPDATE segments SET status = 'sent', reference = ?, sent_ms = ?, error = NULL "
                "WHERE message_id = ? AND seq = ? AND status = 'unknown'",
                ((last_reference + number) % 256, now_ms, one.message_id, one.seq),
            )
            touched.setdefault(one.message_id, "sent")
        else:
            tx.run(
                "UPDATE segments SET status = 'queued', report_due = 0 "
                "WHERE message_id = ? AND seq = ? AND status = 'unknown'",
                (one.message_id, one.seq),
            )
            touched[one.message_id] = "resend"
    for message_id, decision in touched.items():
        tx.event(now_ms, "message.settled", message_id, decision=decision, evidence=evidence)
        roll_up(tx, now_ms, message_id)
        queued += queued_now(tx, message_id)
    return queued
