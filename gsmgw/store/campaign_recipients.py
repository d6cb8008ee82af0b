"""The recipients of campaigns: who is one, who is left out, and whose message was accepted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gsmgw.model import Block, format_id
from gsmgw.model.campaigns import Campaign, Skipped
from gsmgw.store import consent
from gsmgw.store.campaign_results import FAILED
from gsmgw.store.consent import Query
from gsmgw.store.contacts import Clause
from gsmgw.store.ids import first_id
from gsmgw.store.lifecycle import cancel
from gsmgw.store.states import WAITING, one_of
from gsmgw.store.tx import Tx, as_json


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of a campaign."""

    number: str
    contact_id: int | None
    state: str
    reason: str | None
    message_id: int | None
    variant: int | None
    status: str | None = None
    #: The name of the contact.
    name: str | None = None


def add_contacts(tx: Tx, campaign: Campaign, wanted: Clause, after: int, limit: int) -> int | None:
    """Add the next contacts as recipients. Return the last one, or None if these were all."""
    condition, values = wanted
    rows = tx.all(
        f"SELECT id, number FROM contacts WHERE id > ? AND ({condition}) ORDER BY id LIMIT ?", (after, *values, limit)
    )
    tx.run_many(
        "INSERT OR IGNORE INTO campaign_recipients (campaign_id, number, contact_id) VALUES (?, ?, ?)",
        [(campaign.id, number, contact_id) for contact_id, number in rows],
    )
    last = int(rows[-1][0]) if len(rows) == limit else None
    tx.run("UPDATE campaigns SET built_to = ? WHERE id = ?", (last, campaign.id))
    return last


def add_numbers(tx: Tx, campaign_id: int, numbers: Iterable[str]) -> None:
    """Add numbers as recipients."""
    tx.run_many(
        "INSERT OR IGNORE INTO campaign_recipients (campaign_id, number, contact_id) "
        "VALUES (?1, ?2, (SELECT id FROM contacts WHERE number = ?2))",
        [(campaign_id, number) for number in numbers],
    )


_UNANSWERED = (
    "FROM campaign_recipients r JOIN messages m ON m.id = r.message_id "
    "WHERE r.campaign_id IN (SELECT id FROM campaigns WHERE id = ?1 UNION ALL "
    "SELECT id FROM campaigns WHERE parent_id = ?1) AND r.number > ?2 AND m.status IN ('sent', 'delivered') "
    "AND NOT EXISTS (SELECT 1 FROM messages i WHERE i.peer = r.number AND i.direction = 'inbound' AND i.id > m.id)"
)


def unanswered(db: sqlite3.Connection, campaign_id: int, after: str, limit: int) -> list[str]:
    """Return recipients of a campaign, by number, who got its text and sent none since."""
    rows = db.execute(f"SELECT r.number {_UNANSWERED} ORDER BY r.number LIMIT ?3", (campaign_id, after, limit))
    return [str(row[0]) for row in rows]


def count_unanswered(db: sqlite3.Connection, campaign_id: int) -> int:
    """Return how many recipients of a campaign sent no text since they got its text."""
    return int(db.execute(f"SELECT count(*) {_UNANSWERED}", (campaign_id, "")).fetchone()[0])


def audience_sample(db: sqlite3.Connection, wanted: Clause, limit: int) -> tuple[int, list[tuple[int, str]]]:
    """Return how many contacts an audience has, and the first ones: ID and number."""
    condition, values = wanted
    total = int(db.execute(f"SELECT count(*) FROM contacts WHERE {condition}", values).fetchone()[0])
    rows = db.execute(f"SELECT id, number FROM contacts WHERE {condition} ORDER BY id LIMIT ?", (*values, limit))
    return total, [(int(row[0]), str(row[1])) for row in rows]


def waiting(db: sqlite3.Connection, campaign_id: int, now_ms: int, limit: int) -> list[Recipient]:
    """Return the next recipients whose time has come."""
    rows = db.execute(
        "SELECT number, contact_id, state, reason, message_id, variant FROM campaign_recipients "
        "WHERE campaign_id = ? AND state = 'waiting' AND not_before_ms <= ? ORDER BY not_before_ms LIMIT ?",
        (campaign_id, now_ms, limit),
    )
    return [Recipient(*row) for row in rows]


def still_waiting(tx: Tx, campaign_id: int, numbers: Iterable[str]) -> set[str]:
    """Return which of these recipients are still waiting, in the transaction that takes them up."""
    rows = tx.all(
        "SELECT r.number FROM json_each(?) j CROSS JOIN campaign_recipients r "
        "ON r.campaign_id = ? AND r.number = j.value WHERE r.state = 'waiting'",
        (as_json(numbers), campaign_id),
    )
    return {row[0] for row in rows}


def next_time(db: sqlite3.Connection, campaign_id: int) -> int | None:
    """Return when the next waiting recipient may be texted; None if nobody waits."""
    row = db.execute(
        "SELECT min(not_before_ms) FROM campaign_recipients WHERE campaign_id = ? AND state = 'waiting'", (campaign_id,)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def take_up(tx: Tx, campaign_id: int, number: str, message_id: int, variant: int | None) -> None:
    """Note the message of a recipient, in the transaction that accepts it."""
    tx.run(
        "UPDATE campaign_recipients SET state = 'queued', message_id = ?, variant = ? "
        "WHERE campaign_id = ? AND number = ? AND state = 'waiting'",
        (message_id, variant, campaign_id, number),
    )
    tx.run("UPDATE messages SET campaign = ? WHERE id = ?", (format_id(campaign_id), message_id))


def skip(tx: Tx, campaign_id: int, number: str, reason: Skipped) -> None:
    """Leave a recipient out."""
    tx.run(
        "UPDATE campaign_recipients SET state = 'skipped', reason = ? "
        "WHERE campaign_id = ? AND number = ? AND state = 'waiting'",
        (reason.value, campaign_id, number),
    )


def postpone(tx: Tx, campaign_id: int, number: str, until_ms: int) -> None:
    """Let a recipient wait for its hours."""
    tx.run(
        "UPDATE campaign_recipients SET not_before_ms = ? WHERE campaign_id = ? AND number = ? AND state = 'waiting'",
        (until_ms, campaign_id, number),
    )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Who is left out of a campaign and why, and whose marketing a person has to decide about first."""

    reasons: dict[str, Skipped]
    suspected: frozenset[str]


def left_out(query: Query, campaign: Campaign, exclude: Clause, numbers: Sequence[str], now_ms: int) -> LeftOut:
    """Return which numbers consent and the exclusions leave out. ``exclude`` is the condition for contacts."""
    plan, reasons = campaign.plan, dict[str, Skipped]()
    unwanted = frozenset(plan.exclude.numbers)
    condition, values = exclude
    rows = query(
        f"SELECT number FROM contacts WHERE number IN (SELECT value FROM json_each(?)) AND ({condition})",
        (as_json(numbers), *values),
    )
    unwanted |= {row[0] for row in rows}
    standings = consent.marketing_standings(query, numbers, plan.list)
    suspected: set[str] = set()
    of_series = as_json(map(format_id, _own_runs(query, campaign, now_ms)))
    since = first_id(now_ms - campaign.plan.exclude.recent_hours * 3_600_000)
    for number in numbers:
        block, joined = standings[number]
        if block is Block.OPTED_OUT:
            reasons[number] = Skipped.OPTED_OUT
        elif number in unwanted:
            reasons[number] = Skipped.EXCLUDED
        elif plan.exclude.unconfirmed and not joined:
            reasons[number] = Skipped.NO_CONSENT
        elif plan.exclude.recent_hours and _was_texted(query, of_series, since, number):
            reasons[number] = Skipped.RECENTLY_TEXTED
        elif block is Block.SUSPECTED:
            suspected.add(number)
    return LeftOut(reasons, frozenset(suspected))


def _own_runs(query: Query, campaign: Campaign, now_ms: int) -> list[int]:
    """Return the campaigns whose texts do not count as earlier ones: this one, and runs that are far enough apart.

    Runs of a repetition are texts like others for half of the time between them only, so that no daily run leaves all
    out who were texted a day ago. A run that was made up for just before the next is too near.
    """
    if campaign.run is None:
        return [campaign.id]
    recent_ms = now_ms - campaign.plan.exclude.recent_hours * 3_600_000
    rows = query(
        "SELECT id FROM campaigns WHERE parent_id = ? AND id > ? AND started_ms <= ?",
        (campaign.run.parent, first_id(recent_ms - 30 * 86_400_000), now_ms - campaign.run.apart_ms),
    )
    return [campaign.id, *(int(row[0]) for row in rows)]


def _was_texted(query: Query, of_series: str, since: int, number: str) -> bool:
    """Return True for a number that got marketing after a time, but for that of some campaigns."""
    rows = query(
        "SELECT 1 FROM messages WHERE peer = ? AND id > ? AND direction = 'outbound' AND purpose = 'marketing' "
        "AND status NOT IN ('canceled', 'failed', 'expired') "
        "AND (campaign IS NULL OR campaign NOT IN (SELECT value FROM json_each(?))) LIMIT 1",
        (number, since, of_series),
    )
    return bool(rows)


def skip_waiting(tx: Tx, campaign_id: int) -> None:
    """Leave out all who wait."""
    tx.run(
        "UPDATE campaign_recipients SET state = 'skipped', reason = ? WHERE campaign_id = ? AND state = 'waiting'",
        (Skipped.CANCELED.value, campaign_id),
    )


def take_back(tx: Tx, now_ms: int, campaign_id: int) -> list[tuple[int, str]]:
    """Cancel the messages that have not begun to leave; their recipients wait again. Return ID and number of each."""
    rows = tx.all(
        f"SELECT id, peer FROM messages WHERE campaign = ? AND {WAITING}",
        (format_id(campaign_id),),
    )
    taken = [(int(message_id), str(peer)) for message_id, peer in rows if cancel(tx, now_ms, message_id)]
    tx.run_many(
        "UPDATE campaign_recipients SET state = 'waiting', message_id = NULL WHERE campaign_id = ? AND number = ? "
        "AND message_id = ?",
        [(campaign_id, number, message_id) for message_id, number in taken],
    )
    return taken


def retry_failed(tx: Tx, campaign_id: int) -> int:
    """Let the recipients wait again whose message failed. Return how many."""
    return tx.run(
        "UPDATE campaign_recipients SET state = 'waiting', message_id = NULL WHERE campaign_id = ? "
        "AND state = 'queued' AND message_id IN "
        f"(SELECT id FROM messages WHERE campaign = ? AND {one_of(FAILED)})",
        (campaign_id, format_id(campaign_id)),
    )


def forget(tx: Tx, number: str) -> None:
    """Remove a number from the recipients and the plans of all campaigns."""
    for table in ("campaign_recipients", "campaign_occasions"):
        tx.run(f"DELETE FROM {table} WHERE campaign_id IN (SELECT id FROM campaigns) AND number = ?", (number,))
    for campaign_id, text in tx.all("SELECT id, plan FROM campaigns WHERE instr(plan, ?)", (number,)):
        plan = json.loads(text)
        for people in (plan["audience"], plan["exclude"]):
            people["numbers"] = [each for each in people["numbers"] if each != number]
        tx.run("UPDATE campaigns SET plan = ? WHERE id = ?", (json.dumps(plan, ensure_ascii=False), campaign_id))


def recipients(
    db: sqlite3.Connection,
    campaign_id: int,
    after: str,
    limit: int,
    state: str | None = None,
    reason: str | None = None,
    status: str | None = None,
) -> list[Recipient]:
    """Return recipients by number, after a number; ``status`` is that of their message."""
    rows = db.execute(
        "SELECT r.number, r.contact_id, r.state, r.reason, r.message_id, r.variant, m.status, "
        "(SELECT name FROM contacts WHERE number = r.number) "
        "FROM campaign_recipients r LEFT JOIN messages m ON m.id = r.message_id "
        "WHERE r.campaign_id = ?1 AND r.number > ?2 "
        "AND (?3 IS NULL OR r.state = ?3) AND (?4 IS NULL OR r.reason = ?4) AND (?5 IS NULL OR m.status = ?5) "
        "ORDER BY r.number LIMIT ?6",
        (campaign_id, after, state, reason, status, limit),
    )
    return [Recipient(*row) for row in rows]
