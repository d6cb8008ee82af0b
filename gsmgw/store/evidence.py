"""What the reference of an accepted segment says about unknown ones before it.

A SIM counts its submissions: TP-MR goes up by one with each (TS 23.040 9.2.3.6). Segments are handed to a modem one
after the other, in the order of their ``claim``. So when the reference of an accepted segment is not the next one
after the last known, the missing ones were used by the unknown segments in between; which, is reckoned by ``gaps``.

It speaks only of segments handed over since the last known reference: one of an earlier gap that could not be settled
then used a reference of that gap, or none. It is evidence only where the counter is known to go up by one. A refused
submission in between may or may not have used a reference. No gap at all is evidence in any case: nothing has gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.model import Outgoing
from gsmgw.store.gaps import Fate, weigh
from gsmgw.store.rollup import roll_up
from gsmgw.store.rows import OUTGOING_COLUMNS, outgoing_of
from gsmgw.store.tx import Tx

#: Steps of one in a row after which a counter is believed.
RELIABLE_STEPS = 2
#: So often a SIM's own record has to have agreed, each time at another reference.
RELIABLE_RECORDS = 2
#: So long after a segment was handed over the record does not say yet that it was not sent.
RECORD_SETTLES_MS = 30_000
#: A claim behind all others.
NEVER = 2**63 - 1


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
class _Window:
    """What a SIM was given since its last known reference: the unknown, and how many others may have used one."""

    unknown: list[_Doubtful]
    perhaps: int

    @property
    def most(self) -> int:
        """So many references can have been used at the most."""
        return len(self.unknown) + self.perhaps


def _window(tx: Tx, sim: str, after: int, before: int, refused: int) -> _Window:
    """The segments in doubt that were handed over between two claims."""
    rows = tx.all(
        "SELECT status, message_id, seq, doubt, claim, sending_ms, owed FROM segments "
        "WHERE sim = ? AND doubt IS NOT NULL AND reference IS NULL AND claim > ? AND claim < ? ORDER BY claim",
        (sim, after, before),
    )
    unknown = [_Doubtful(*row[1:]) for row in rows if row[0] == "unknown"]
    # One that is to be sent again without evidence may have used a reference, as a refused one may.
    return _Window(unknown, refused + len(rows) - len(unknown))


def accepted(tx: Tx, now_ms: int, sim: str, reference: int, claim: int) -> list[Outgoing]:
    """A SIM's segment was accepted with this reference; settle the unknown ones before it that it speaks about.

    Called with each reference that becomes known, by the modem's answer or by a status report.

    Returns the messages that are queued again, because their segments certainly had not gone.
    """
    known = tx.one("SELECT reference, steps, refused, claim FROM sims WHERE sim = ?", (sim,))
    queued: list[Outgoing] = []
    steps = 0
    if known is not None:
        last, steps, refusals, known_claim = known
        if claim <= known_claim:
            return []  # a later one was accepted before: nothing new
        gap = (reference - last - 1) % 256
        window = _window(tx, sim, known_claim, claim, refusals)
        if steps >= RELIABLE_STEPS and reference != last:
            _settle(tx, now_ms, window, gap, last, queued)
        if gap == 0 or (window.unknown and gap <= len(window.unknown)):
            steps = min(steps + 1, 100)
        elif gap > window.most:
            steps = 0
    tx.run(
        "INSERT INTO sims (sim, reference, claim, steps, refused) VALUES (?, ?, ?, ?, 0) ON CONFLICT (sim) "
        "DO UPDATE SET reference = excluded.reference, claim = excluded.claim, steps = excluded.steps, refused = 0",
        (sim, reference, claim, steps),
    )
    return queued


def recorded(tx: Tx, now_ms: int, sim: str, last: int, confirmed: int | None) -> list[Outgoing]:
    """A SIM says itself which reference it gave last (EF_SMSS, TS 31.102 4.2.28).

    Right after the modem has confirmed a text with a reference (``confirmed``), that shows whether the record can be
    believed: some modems write it when they are switched off. Where something is in doubt, a record that can be
    believed says what the reference of the next accepted segment would say, before anything else is sent. That
    something was not sent it says only some time after the handover: the modem may have been at it.

    Returns the messages that are queued again, because their segments certainly had not gone.
    """
    known = tx.one("SELECT reference, steps, refused, claim, agreed, agreed_at FROM sims WHERE sim = ?", (sim,))
    if known is None:
        return []
    reference, steps, refusals, claim, agreed, agreed_at = known
    if confirmed is not None:
        agreed = _learn(tx, sim, last, agreed, agreed_at, agrees=last == confirmed)
    if agreed < RELIABLE_RECORDS or steps < RELIABLE_STEPS or _is_sending(tx, sim):
        return []
    window = _window(tx, sim, claim, NEVER, refusals)
    if not window.unknown:
        return []
    rested = now_ms >= max(one.sending_ms for one in window.unknown) + RECORD_SETTLES_MS
    queued: list[Outgoing] = []
    settled = _settle(tx, now_ms, window, (last - reference) % 256, reference, queued, "record", rested=rested)
    if settled is not None:
        tx.run("UPDATE sims SET reference = ?, claim = ?, refused = 0 WHERE sim = ?", (*settled, sim))
    return queued


def _learn(tx: Tx, sim: str, last: int, agreed: int, agreed_at: int | None, *, agrees: bool) -> int:
    """How often it has agreed now. One that never moves may by chance: each time has to be at another reference."""
    if agrees and last == agreed_at:
        return agreed
    agreed, agreed_at = (min(agreed + 1, 100), last) if agrees else (0, None)
    tx.run("UPDATE sims SET agreed = ?, agreed_at = ? WHERE sim = ?", (agreed, agreed_at, sim))
    return agreed


def _is_sending(tx: Tx, sim: str) -> bool:
    return bool(
        tx.one(
            "SELECT 1 FROM segments WHERE status IN ('sending', 'unknown') AND status = 'sending' AND sim = ?", (sim,)
        )
    )


def queued_now(tx: Tx, message_id: int) -> list[Outgoing]:
    """The message, when it waits for a modem: what was in doubt is settled, and the rest of it can go."""
    row = tx.one(
        f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE id = ? AND status = 'queued' AND due_ms IS NULL", (message_id,)
    )
    return tx.readable("messages", outgoing_of, () if row is None else (row,))


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


def refused(tx: Tx, sim: str, claim: int = NEVER) -> None:
    """A submission was refused, or is repeated without evidence: whether it used a reference up is not known.

    That matters to the next gap only, not where a later one was accepted already.
    """
    tx.run("UPDATE sims SET refused = refused + 1 WHERE sim = ? AND claim < ?", (sim, claim))


def _settle(
    tx: Tx,
    now_ms: int,
    window: _Window,
    used: int,
    last: int,
    queued: list[Outgoing],
    evidence: str = "reference",
    *,
    rested: bool = True,
) -> tuple[int, int] | None:
    """Apply what so many used references since ``last`` say; messages that are queued again are added to ``queued``.

    One that has not ``rested`` may go yet: that something was not sent is not said then. Returns the last reference
    and claim up to which everything is certain, where that is further than before.
    """
    verdicts = weigh([one.doubt for one in window.unknown], used, window.perhaps)
    frontier: tuple[int, int] | None = None
    certain = window.perhaps == 0
    touched: dict[int, str] = {}
    for one, verdict in zip(window.unknown, verdicts, strict=True):
        if verdict.fate is Fate.SENT:
            reference = None if verdict.place is None else (last + verdict.place) % 256
            tx.run(
                "UPDATE segments SET status = 'sent', reference = ?, sent_ms = ?, error = NULL "
                "WHERE message_id = ? AND seq = ? AND status = 'unknown'",
                (reference, now_ms, one.message_id, one.seq),
            )
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
        tx.event(now_ms, "message.settled", message_id, decision=decision, evidence=evidence)
        roll_up(tx, now_ms, message_id)
        queued += queued_now(tx, message_id)
    return frontier
