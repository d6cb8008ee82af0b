"""Match status reports to segments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gsmgw.model import DeliveryOutcome, Outgoing, SegmentStatus, StatusReportFacts
from gsmgw.numbers import digits_of, same_number
from gsmgw.store.derived_status import note_sent, roll_up
from gsmgw.store.evidence import accepted, is_plausible, queued_now
from gsmgw.store.states import SEGMENT_ON_AIR, segment_may_become
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, kinds, strings

#: Digits of the shortest number that a report can be about: a short code.
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Taken:
    """The effect of a report: the matched message, and messages that its evidence queues again."""

    message_id: int | None
    queued: list[Outgoing]


def take_report(tx: Tx, now_ms: int, report: StatusReportFacts) -> Taken:
    """Match a status report to its segment and record it.

    Looked for in this order: the newest segment of that SIM with that reference and recipient whose report is
    awaited (the recipient does not count where the report names none and a single segment has the reference); one to
    that recipient that is or was unknown, whose reference never came. An unmatched report is kept: the modem's answer
    to the submit may still be on its way.
    """
    taken = _match(tx, now_ms, report)
    if taken is not None:
        return taken
    known = json.dumps([digits_of(report.recipient), report.outcome, report.title])
    tx.run(
        "INSERT INTO reports (at_ms, modem, sim, reference, recipient, report_status, discharge_ms, pdu) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            now_ms,
            report.modem,
            report.sim,
            report.reference,
            known,
            report.status,
            report.discharge_ms,
            report.pdu,
        ),
    )
    return Taken(None, [])


def _match(tx: Tx, now_ms: int, report: StatusReportFacts) -> Taken | None:
    """Apply a report to its segment. Return None if no segment matches."""
    digits = digits_of(report.recipient)
    found = tx.all(
        "SELECT s.message_id, s.seq, s.recipient, m.own FROM segments s JOIN messages m ON m.id = s.message_id "
        "WHERE s.sim = ? AND s.reference = ? AND s.report_due = 1 ORDER BY s.sent_ms DESC",
        (report.sim, report.reference),
    )
    awaited = tx.readable("segments", _awaited, found)
    for message_id, seq, recipient, own in awaited:
        if same_number(recipient, digits) or (len(awaited) == 1 and _names_nobody(digits, own)):
            _apply_report(tx, now_ms, message_id, seq, report)
            return Taken(int(message_id), [])
    rows = tx.all(
        "SELECT message_id, seq, recipient, claim FROM segments "
        "WHERE sim = ? AND doubt IS NOT NULL AND reference IS NULL ORDER BY claim",
        (report.sim,),
    )
    doubtful = tx.readable("segments", _doubtful, rows)
    for message_id, seq, recipient, claim in doubtful:
        if same_number(recipient, digits) and is_plausible(tx, report.sim, report.reference, claim, len(doubtful)):
            tx.run(
                "UPDATE segments SET reference = ? WHERE message_id = ? AND seq = ?",
                (report.reference, message_id, seq),
            )
            if tx.one(
                f"SELECT 1 FROM segments WHERE message_id = ? AND seq = ? AND NOT {SEGMENT_ON_AIR}", (message_id, seq)
            ):
                note_sent(tx, now_ms, message_id, [seq], report.reference)
            _apply_report(tx, now_ms, message_id, seq, report)
            others = accepted(tx, now_ms, report.sim, report.reference, claim)
            return Taken(int(message_id), [*queued_now(tx, message_id), *others])
    return None


_AWAITED_KINDS = kinds("message_id, seq, recipient, own", integers="message_id seq", optional="own")
_DOUBTFUL_KINDS = kinds("message_id, seq, recipient, claim", integers="message_id seq claim")


def _awaited(row: tuple[int, int, str, str | None]) -> tuple[int, int, str, str | None]:
    check(row, _AWAITED_KINDS)
    return row


def _doubtful(row: tuple[int, int, str, int]) -> tuple[int, int, str, int]:
    check(row, _DOUBTFUL_KINDS)
    return row


def _names_nobody(digits: str, own: str | None) -> bool:
    """Return True if a report has no recipient address or the sender's own."""
    return len(digits) < _SHORTEST or (own is not None and same_number(digits_of(own), digits))


def apply_early_report(tx: Tx, now_ms: int, message: Outgoing, seq: int, sim: str, reference: int) -> bool:
    """Match a report that arrived before the modem's answer. Return True if there was one."""
    found = False
    rows = tx.all(
        f"SELECT {_KEPT_COLUMNS} FROM reports WHERE sim = ? AND reference = ? "
        "AND at_ms >= (SELECT sending_ms FROM segments WHERE message_id = ? AND seq = ?) ORDER BY id",
        (sim, reference, message.id, seq),
    )
    for number, facts in tx.readable("reports", _kept, rows):
        if same_number(digits_of(message.to), facts.recipient):
            tx.run("DELETE FROM reports WHERE id = ?", (number,))
            _apply_report(tx, now_ms, message.id, seq, facts, roll=False)
            found = True
    return found


def look_again(tx: Tx, now_ms: int, sim: str, since_ms: int) -> list[Outgoing]:
    """Match unmatched reports to a SIM's segments whose outcome has become unknown.

    Returns the messages that are queued again by that evidence.
    """
    rows = tx.all(
        f"SELECT {_KEPT_COLUMNS} FROM reports WHERE at_ms >= ? AND +sim = ? ORDER BY at_ms, id", (since_ms, sim)
    )
    queued: list[Outgoing] = []
    for number, facts in tx.readable("reports", _kept, rows):
        taken = _match(tx, now_ms, facts)
        if taken is not None:
            tx.run("DELETE FROM reports WHERE id = ?", (number,))
            queued += taken.queued
    return queued


_KEPT_COLUMNS = "id, modem, sim, reference, recipient, report_status, discharge_ms, pdu"


_KEPT_KINDS = kinds(_KEPT_COLUMNS, integers="id reference report_status discharge_ms", optional="discharge_ms")


def _kept(row: Sequence[Any]) -> tuple[int, StatusReportFacts]:
    """A report that matched no segment when it arrived, and its number."""
    check(row, _KEPT_KINDS)
    number, modem, sim, reference, known, status, discharge_ms, pdu = row
    digits, outcome, title = strings(known)
    return number, StatusReportFacts(
        modem, sim, reference, digits, status, DeliveryOutcome(outcome), title, discharge_ms, pdu
    )


def _apply_report(
    tx: Tx, now_ms: int, message_id: int, seq: int, report: StatusReportFacts, *, roll: bool = True
) -> None:
    if report.outcome is DeliveryOutcome.PENDING:
        tx.run(
            "UPDATE segments SET report_status = ?, status = 'sent', sent_ms = coalesce(sent_ms, ?) "
            f"WHERE message_id = ? AND seq = ? AND {segment_may_become(SegmentStatus.SENT)}",
            (report.status, now_ms, message_id, seq),
        )
    else:
        good = report.outcome is DeliveryOutcome.DELIVERED
        became = SegmentStatus.DELIVERED if good else SegmentStatus.UNDELIVERED
        tx.run(
            "UPDATE segments SET status = ?, report_status = ?, discharge_ms = ?, report_due = 0, error = ?, "
            f"sent_ms = coalesce(sent_ms, ?) WHERE message_id = ? AND seq = ? AND {segment_may_become(became)}",
            (
                became.value,
                report.status,
                report.discharge_ms,
                None if good else report.title,
                now_ms,
                message_id,
                seq,
            ),
        )
    if roll:
        roll_up(tx, now_ms, message_id)
