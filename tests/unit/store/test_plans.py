"""Every statement that a working queue runs finds its rows by an index: a backlog of a million costs no scan.

The statements are not typed in here: SQLite tells which ones ran.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.consent import dismiss, say, suspect
from support.databases import index_all
from support.desk import TO, Desk, desk
from support.fakes import ScriptedModem

from gsmgw.clock import VirtualClock
from gsmgw.config import RetentionSection
from gsmgw.dispatch import Retention
from gsmgw.errors import Disposition, SubmitError
from gsmgw.inbound import Collector
from gsmgw.model import ConsentState, DeliveryOutcome, Direction, Purpose, Status, StatusReportFacts
from gsmgw.outbound import Limits, RouteTable, Rule, Submission
from gsmgw.ports import RawPdu
from gsmgw.store import (
    consent_changes,
    consent_reads,
    conversations,
    engine,
    evidence,
    inbox,
    lifecycle,
    messages,
    queue_reads,
    reports,
)

#: Tables with a row for a SIM, a target, a program, a list: these may be read whole.
SMALL = {
    "sims",
    "webhooks",
    "tokens",
    "cursors",
    "consent_settings",
    "consent_lists",
    "pragma_table_info",
    "sqlite_schema",
    "sqlite_master",
    "messages_search_config",
}
#: Indexes that hold nothing but what is in doubt, under way, or waits to be looked at.
FEW = {
    "segments_open", "segments_doubt", "messages_due", "messages_expiry", "messages_awaited", "parts_waiting",
    "parts_quarantined", "messages_ready",
}  # fmt: skip
OTHER = "+4915112345699"
DELIVER = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07"


#: Statements that write a row of a message or segment: several of them are run for each text.
WRITES = re.compile(
    r"\s*(INSERT INTO segments|UPDATE (messages|segments) SET .* WHERE (id|message_id) = \d)", re.DOTALL
)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    seen: set[str] = set()
    connect = engine.connect

    def traced(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
        db = connect(path, read_only=read_only)
        db.set_trace_callback(seen.add)
        return db

    monkeypatch.setattr(engine, "connect", traced)
    return seen


async def test_no_statement_of_a_day_reads_a_table_from_end_to_end(statements: set[str], tmp_path: Path) -> None:
    clock = VirtualClock()
    unclear = SubmitError("silence", Disposition.UNKNOWN, payload_started=True)
    congestion = SubmitError("congestion", Disposition.LATER, cms=42)
    elsewhere = SubmitError("no subscription", Disposition.ELSEWHERE, cms=193)
    modem = ScriptedModem("m", 1, congestion, unclear, elsewhere, 2, 3)
    table = RouteTable([Rule("@pool", tag="t")], {"pool": ["m"]})
    limits = Limits({60: 1000}, recipients_per_day=1000)
    async with desk(tmp_path, modem, ScriptedModem("n"), clock=clock, grace_s=1, table=table, limits=limits) as work:
        numbers = [
            await work.send("x" * 300, to=f"+49151123450{n:02d}", client_ref=f"r{n}", tags=("t",)) for n in range(8)
        ]
        await work.send("later", send_at_ms=clock.wall_ms() + 60_000)
        for _ in range(3):
            await clock.advance(30)
            work.scheduler.due(0)
            for number in numbers:
                await work.until(number, Status.SENT, Status.QUEUED, Status.UNKNOWN)
        store, now_ms = work.store, clock.wall_ms()
        collector = Collector(
            store, clock, incomplete_after_s=600, own_number=lambda _: None,
            on_unmatched_report=work.scheduler.report_unmatched, on_queued=work.scheduler.offer,
        )  # fmt: skip
        for number, pdu in enumerate((DELIVER, "FF", DELIVER)):
            raw = RawPdu("m", "sim-m", pdu, None, "SM", number, 0)
            await collector.take(raw)
            collector.released(raw)
        await collector.reread()
        await collector.sweep()
        for reference in (1, 2, 99):
            facts = StatusReportFacts("m", "sim-m", reference, TO, 0, DeliveryOutcome.DELIVERED, "delivered", 1, "00")
            await store.write(lambda tx, f=facts: reports.take_report(tx, now_ms, f))
        await store.write(lambda tx: evidence.late_answer(tx, now_ms, "sim-m", 9))
        await store.write(lambda tx: lifecycle.cancel(tx, now_ms, numbers[0]))
        await store.write(lambda tx: lifecycle.retry(tx, now_ms, numbers[0], None))
        await store.write(lambda tx: lifecycle.resolve(tx, now_ms, numbers[0], resend=True))
        await store.write(lambda tx: lifecycle.recover(tx, now_ms, 1000))
        await _consent_of_a_day(work)
        await index_all(store)
        for wanted in (
            messages.Filter(before_id=numbers[-1]),
            messages.Filter(direction=Direction.INBOUND),
            messages.Filter(statuses=(Status.UNKNOWN, Status.FAILED)),
            messages.Filter(peer=TO),
            messages.Filter(match='"hello"'),
        ):
            await store.read(lambda db, w=wanted: messages.list_messages(db, w, 10))
        await store.read(messages.counts)
        await store.read(messages.oldest_queued_ms)
        await store.read(lambda db: messages.queued_sample(db, 10))
        await store.read(lambda db: messages.get_message(db, numbers[0]))
        await store.read(lambda db: messages.history(db, numbers[0]))
        await store.read(lambda db: messages.events_after(db, 0, 10))
        await store.read(messages.event_range)
        await store.read(lambda db: conversations.page(db, conversations.Wanted(), 10))
        await store.read(lambda db: inbox.quarantined(db, 10, 5))
        await store.read(queue_reads.last_id)
        retention = Retention(store, clock, RetentionSection(messages_days=31, events_days=7))
        done = asyncio.ensure_future(retention.round())
        while not done.done():
            await clock.advance(1)
            await store.read(messages.event_range)  # time for what the round does meanwhile
        await done
    plans = explained(tmp_path / "g.db", statements)
    assert len(plans) > 60
    scans = [(step, text) for text, steps in plans.items() for step in steps if is_scan(step) and not stops(step, text)]
    assert scans == []
    written = {text for text in statements if WRITES.match(text) and "json_each" not in text}
    assert len(written) > 10
    assert {text for text in written if makes_temporary_table(tmp_path / "g.db", text)} == set()


async def _consent_of_a_day(work: Desk) -> None:
    """Opt-outs come in, are listed, decided about and erased."""
    store = work.store
    await say(work, ConsentState.OUT)
    await suspect(work, OTHER)
    await work.submit([Submission(TO, "x"), Submission(OTHER, "x", purpose=Purpose.MARKETING)])
    await store.read(lambda db: consent_reads.optouts(db, None, None, 10))
    await store.read(lambda db: consent_reads.optouts(db, "*", 99, 10))
    await store.read(lambda db: consent_reads.suspicions(db, None, 10))
    await store.read(lambda db: consent_reads.person(db, TO))
    await dismiss(work, OTHER)
    await store.write(lambda tx: consent_changes.asked_list(tx, TO, 0))
    await store.write(lambda tx: consent_changes.may_reply(tx, 1, TO, "*", "stop", 1))
    await store.write(lambda tx: consent_changes.erase(tx, 1, TO))


def explained(path: Path, statements: set[str]) -> dict[str, list[str]]:
    """The plans of the statements that look for rows."""
    db = sqlite3.connect(path)
    wanted = [text for text in statements if re.match(r"\s*(SELECT|UPDATE|DELETE)\b", text)]
    try:
        return {text: [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {text}")] for text in wanted}
    finally:
        db.close()


def makes_temporary_table(path: Path, text: str) -> bool:
    """Return True if a statement makes a table for itself each time it is run: it costs as much as writing a row."""
    with closing(sqlite3.connect(path)) as db:
        return any(row[1] == "OpenEphemeral" for row in db.execute(f"EXPLAIN {text}"))


def stops(step: str, text: str) -> bool:
    """Return True if the walk ends after the requested rows: it follows the wanted order, and skips none.

    Counting the rows of an index by its first column has to walk through it.
    """
    if text.startswith("SELECT status, count(*)") and text.endswith("GROUP BY status"):
        return "COVERING INDEX messages_open" in step
    ordered = re.search(r"FROM (\w+)( WHERE direction = 'inbound')? ORDER BY id DESC LIMIT \d+$", text)
    return ordered is not None and (ordered[2] is None or "messages_inbound" in step)


def is_scan(step: str) -> bool:
    """Return True if a step of a plan walks through something that grows with the history."""
    scanned = re.match(r"SCAN (?:main\.)?(\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
    if scanned is None:
        return False
    table, index = scanned.groups()
    if "VIRTUAL TABLE" in step:
        return False  # the full-text index
    return table not in SMALL and index not in FEW
