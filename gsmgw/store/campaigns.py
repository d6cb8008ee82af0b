"""Campaigns and their recipients."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gsmgw.model import Block, Status, format_id
from gsmgw.model.campaigns import (
    CAMPAIGN_SOURCES,
    Audience,
    Campaign,
    CampaignCounts,
    CampaignPlan,
    CampaignState,
    Exclusions,
    Skipped,
    Variant,
)
from gsmgw.model.events import CampaignStateChanged, Json
from gsmgw.store import consent
from gsmgw.store.consent import Query
from gsmgw.store.contacts import Clause
from gsmgw.store.ids import first_id
from gsmgw.store.lifecycle import cancel
from gsmgw.store.rules import hours_json, hours_of
from gsmgw.store.tx import Tx, as_json
from gsmgw.store.unreadable import check, kinds, readable

_COLUMNS = (
    "id, name, state, plan, reason, start_ms, created_ms, changed_ms, started_ms, ended_ms, built_to, watched_from"
)
_KINDS = kinds(
    _COLUMNS,
    integers="id start_ms created_ms changed_ms started_ms ended_ms built_to watched_from",
    optional="reason start_ms started_ms ended_ms built_to",
)
#: Messages that can still be taken back.
_WAITING = (Status.QUEUED, Status.SCHEDULED)
_OPEN = (*_WAITING, Status.SENDING, Status.UNKNOWN)
_FAILED = (Status.FAILED, Status.UNDELIVERED, Status.EXPIRED)


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


def plan_json(plan: CampaignPlan) -> dict[str, Json]:
    """Return a plan as JSON."""
    return {
        "audience": _people(plan.audience),
        "exclude": {
            **_people(plan.exclude),
            "recent_hours": plan.exclude.recent_hours,
            "landlines": plan.exclude.landlines,
            "unconfirmed": plan.exclude.unconfirmed,
            "max_segments": plan.exclude.max_segments,
        },
        "variants": [{"text": each.text, "weight": each.weight} for each in plan.variants],
        "template": plan.template,
        "list": plan.list,
        **hours_json(plan.hours),
        "per_minute": plan.per_minute,
        "modems": list(plan.modems),
        "pool": plan.pool,
    }


def _people(of: Audience | Exclusions) -> dict[str, Json]:
    return {"groups": list(of.groups), "segment": of.segment, "numbers": list(of.numbers)}


def _campaign(row: Any) -> Campaign:
    check(row, _KINDS)
    plan: Mapping[str, Any] = json.loads(row[3])
    who, without = plan["audience"], plan["exclude"]
    return Campaign(
        row[0],
        row[1],
        CampaignState(row[2]),
        CampaignPlan(
            audience=Audience(tuple(who["groups"]), who["segment"], tuple(who["numbers"])),
            exclude=Exclusions(
                tuple(without["groups"]),
                without["segment"],
                tuple(without["numbers"]),
                without["recent_hours"],
                without["landlines"],
                without["unconfirmed"],
                without["max_segments"],
            ),
            variants=tuple(Variant(each["text"], each["weight"]) for each in plan["variants"]),
            template=plan["template"],
            list=plan["list"],
            hours=hours_of(plan["hours"], tuple(plan["days"])),
            per_minute=plan["per_minute"],
            modems=tuple(plan["modems"]),
            pool=plan["pool"],
        ),
        *row[4:],
    )


def all_campaigns(db: sqlite3.Connection) -> list[Campaign]:
    """Return all campaigns, newest first."""
    return readable(db, "campaigns", _campaign, db.execute(f"SELECT {_COLUMNS} FROM campaigns ORDER BY id DESC"))


def get(db: sqlite3.Connection, campaign_id: int) -> Campaign | None:
    """Return a campaign, or None if it does not exist."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM campaigns WHERE id = ?", (campaign_id,))
    return next(iter(readable(db, "campaigns", _campaign, rows)), None)


def open_campaigns(db: sqlite3.Connection) -> list[Campaign]:
    """Return the campaigns that are running or scheduled."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM campaigns WHERE state IN ('scheduled', 'running') ORDER BY id")
    return readable(db, "campaigns", _campaign, rows)


def load(tx: Tx, campaign_id: int) -> Campaign | None:
    """Return a campaign in a transaction."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM campaigns WHERE id = ?", (campaign_id,))
    return next(iter(tx.readable("campaigns", _campaign, rows)), None)


def create(tx: Tx, now_ms: int, campaign_id: int, name: str, plan: CampaignPlan) -> None:
    """Save a new campaign."""
    tx.run(
        "INSERT INTO campaigns (id, name, state, plan, created_ms, changed_ms) VALUES (?, ?, 'draft', ?, ?, ?)",
        (campaign_id, name, json.dumps(plan_json(plan), ensure_ascii=False), now_ms, now_ms),
    )


def update(tx: Tx, now_ms: int, campaign_id: int, name: str, plan: CampaignPlan) -> None:
    """Change the name and the plan. Recipients outside of the hours are looked at again."""
    tx.run(
        "UPDATE campaigns SET name = ?, plan = ?, changed_ms = ? WHERE id = ?",
        (name, json.dumps(plan_json(plan), ensure_ascii=False), now_ms, campaign_id),
    )
    tx.run(
        "UPDATE campaign_recipients SET not_before_ms = 0 "
        "WHERE campaign_id = ? AND state = 'waiting' AND not_before_ms > 0",
        (campaign_id,),
    )


def delete(tx: Tx, campaign_id: int) -> None:
    """Delete a campaign with its recipients. Its messages stay."""
    tx.run("DELETE FROM campaigns WHERE id = ?", (campaign_id,))


def set_state(
    tx: Tx,
    now_ms: int,
    campaign: Campaign,
    state: CampaignState,
    *,
    reason: str | None = None,
    at_ms: int | None = None,
) -> bool:
    """Change the state, with its event. Return False if the present state does not allow it."""
    sources = ", ".join(f"'{each.value}'" for each in CAMPAIGN_SOURCES[state])
    ended = state in (CampaignState.FINISHED, CampaignState.CANCELED)
    changed = tx.run(
        "UPDATE campaigns SET state = ?, reason = ?, start_ms = coalesce(?, start_ms), changed_ms = ?, "
        "started_ms = CASE WHEN ? THEN coalesce(started_ms, ?) ELSE started_ms END, ended_ms = ? "
        f"WHERE id = ? AND state IN ({sources})",
        (
            state.value, reason, at_ms, now_ms, state is CampaignState.RUNNING, now_ms, now_ms if ended else None,
            campaign.id,
        ),
    )  # fmt: skip
    if changed:
        tx.event(now_ms, CampaignStateChanged(format_id(campaign.id), campaign.name, state, reason))
    return bool(changed)


def begin_building(tx: Tx, campaign_id: int) -> None:
    """Begin to add the contacts of the audience."""
    tx.run("UPDATE campaigns SET built_to = 0 WHERE id = ?", (campaign_id,))


def watch_from(tx: Tx, campaign_id: int) -> None:
    """Do not count earlier failures."""
    tx.run(
        "UPDATE campaigns SET watched_from = (SELECT coalesce(max(id), 0) FROM messages WHERE campaign = ?) "
        "WHERE id = ?",
        (format_id(campaign_id), campaign_id),
    )


# -- recipients ---------------------------------------------------------------------------------------------------


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


def audience_sample(db: sqlite3.Connection, wanted: Clause, limit: int) -> tuple[int, list[tuple[int, str]]]:
    """Return how many contacts an audience has, and the first ones: ID and number."""
    condition, values = wanted
    total = int(db.execute(f"SELECT count(*) FROM contacts WHERE {condition}", values).fetchone()[0])
    rows = db.execute(f"SELECT id, number FROM contacts WHERE {condition} ORDER BY id LIMIT ?", (*values, limit))
    return total, [(int(row[0]), str(row[1])) for row in rows]


def matching(db: sqlite3.Connection, wanted: Clause, ids: Sequence[int]) -> set[int]:
    """Return which of these contacts meet a condition."""
    condition, values = wanted
    rows = db.execute(
        f"SELECT id FROM contacts WHERE id IN (SELECT value FROM json_each(?)) AND ({condition})",
        (as_json(ids), *values),
    )
    return {int(row[0]) for row in rows}


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
    for number in numbers:
        block, joined = standings[number]
        if block is Block.OPTED_OUT:
            reasons[number] = Skipped.OPTED_OUT
        elif number in unwanted:
            reasons[number] = Skipped.EXCLUDED
        elif plan.exclude.unconfirmed and not joined:
            reasons[number] = Skipped.NO_CONSENT
        elif plan.exclude.recent_hours and _was_texted(query, campaign, number, now_ms):
            reasons[number] = Skipped.RECENTLY_TEXTED
        elif block is Block.SUSPECTED:
            suspected.add(number)
    return LeftOut(reasons, frozenset(suspected))


def _was_texted(query: Query, campaign: Campaign, number: str, now_ms: int) -> bool:
    """Return True for a number that got marketing in the last hours, but for that of this campaign."""
    since = first_id(now_ms - campaign.plan.exclude.recent_hours * 3_600_000)
    rows = query(
        "SELECT 1 FROM messages WHERE peer = ? AND id > ? AND direction = 'outbound' AND purpose = 'marketing' "
        "AND status NOT IN ('canceled', 'failed', 'expired') AND campaign IS NOT ? LIMIT 1",
        (number, since, format_id(campaign.id)),
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
        f"SELECT id, peer FROM messages WHERE campaign = ? AND status IN ({_quoted(_WAITING)})",
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
        f"(SELECT id FROM messages WHERE campaign = ? AND status IN ({_quoted(_FAILED)}))",
        (campaign_id, format_id(campaign_id)),
    )


def forget(tx: Tx, number: str) -> None:
    """Remove a number from the recipients and the plans of all campaigns."""
    tx.run("DELETE FROM campaign_recipients WHERE campaign_id IN (SELECT id FROM campaigns) AND number = ?", (number,))
    for campaign_id, text in tx.all("SELECT id, plan FROM campaigns WHERE instr(plan, ?)", (number,)):
        plan = json.loads(text)
        for people in (plan["audience"], plan["exclude"]):
            people["numbers"] = [each for each in people["numbers"] if each != number]
        tx.run("UPDATE campaigns SET plan = ? WHERE id = ?", (json.dumps(plan, ensure_ascii=False), campaign_id))


# -- reading ------------------------------------------------------------------------------------------------------


def count_open(db: sqlite3.Connection, campaign_id: int) -> int:
    """Return how many messages of a campaign are not sent yet."""
    return _count(db, campaign_id, _OPEN)


def is_on_the_way(db: sqlite3.Connection, campaign_id: int) -> bool:
    """Return True while a message of a campaign is not final: not sent, or its delivery report is awaited."""
    if count_open(db, campaign_id):
        return True
    row = db.execute(
        "SELECT 1 FROM messages WHERE campaign = ? AND status = 'sent' AND report = 1 AND report_missing = 0 LIMIT 1",
        (format_id(campaign_id),),
    ).fetchone()
    return row is not None


def last_failures(db: sqlite3.Connection, campaign: Campaign, most: int) -> int:
    """Return how many of the last messages that ended have failed."""
    ended = (Status.SENT, Status.DELIVERED, *_FAILED)
    rows = db.execute(
        f"SELECT status FROM messages WHERE campaign = ? AND status IN ({_quoted(ended)}) AND id > ? "
        "ORDER BY id DESC LIMIT ?",
        (format_id(campaign.id), campaign.watched_from, most),
    )
    failed = {status.value for status in _FAILED}
    return sum(row[0] in failed for row in rows)


def counts(db: sqlite3.Connection, campaign: Campaign) -> CampaignCounts:
    """Return how many recipients are where."""
    states = dict(
        db.execute(
            "SELECT state, count(*) FROM campaign_recipients WHERE campaign_id = ? GROUP BY state", (campaign.id,)
        ).fetchall()
    )
    statuses = dict(
        db.execute(
            "SELECT m.status, count(*) FROM campaign_recipients r JOIN messages m ON m.id = r.message_id "
            "WHERE r.campaign_id = ? GROUP BY m.status",
            (campaign.id,),
        ).fetchall()
    )
    replied = db.execute(
        "SELECT count(*) FROM campaign_recipients r WHERE r.campaign_id = ? AND r.message_id IS NOT NULL AND EXISTS "
        "(SELECT 1 FROM messages i WHERE i.peer = r.number AND i.direction = 'inbound' AND i.id > r.message_id)",
        (campaign.id,),
    ).fetchone()[0]
    opted_out = db.execute(
        "SELECT count(DISTINCT r.number) FROM campaign_recipients r JOIN consent c ON c.number = r.number "
        "WHERE r.campaign_id = ? AND r.message_id IS NOT NULL AND c.state = 'out' AND c.changed_ms >= ?",
        (campaign.id, campaign.started_ms or campaign.created_ms),
    ).fetchone()[0]

    def of(*wanted: Status) -> int:
        return sum(statuses.get(status.value, 0) for status in wanted)

    return CampaignCounts(
        total=sum(states.values()),
        waiting=states.get("waiting", 0),
        queued=of(*_WAITING, Status.SENDING),
        sent=of(Status.SENT, Status.DELIVERED),
        delivered=of(Status.DELIVERED),
        failed=of(*_FAILED, Status.CANCELED),
        unknown=of(Status.UNKNOWN),
        skipped=states.get("skipped", 0),
        replied=replied,
        opted_out=opted_out,
    )


def skipped_by_reason(db: sqlite3.Connection, campaign_id: int) -> dict[str, int]:
    """Return how many recipients were left out, by reason."""
    return dict(
        db.execute(
            "SELECT reason, count(*) FROM campaign_recipients WHERE campaign_id = ? AND state = 'skipped' "
            "GROUP BY reason",
            (campaign_id,),
        ).fetchall()
    )


def failures_by_cause(db: sqlite3.Connection, campaign_id: int) -> dict[str, int]:
    """Return how many messages failed, by the code of their error."""
    return dict(
        db.execute(
            "SELECT coalesce(json_extract(m.error, '$.code'), m.status), count(*) FROM campaign_recipients r "
            f"JOIN messages m ON m.id = r.message_id WHERE r.campaign_id = ? AND m.status IN ({_quoted(_FAILED)}) "
            "GROUP BY 1",
            (campaign_id,),
        ).fetchall()
    )


def by_variant(db: sqlite3.Connection, campaign_id: int) -> dict[int, tuple[int, int, int]]:
    """Return for each variant how many were sent and delivered, and how many answered."""
    rows = db.execute(
        "SELECT r.variant, sum(m.status IN ('sent', 'delivered')), sum(m.status = 'delivered'), sum(EXISTS "
        "(SELECT 1 FROM messages i WHERE i.peer = r.number AND i.direction = 'inbound' AND i.id > r.message_id)) "
        "FROM campaign_recipients r JOIN messages m ON m.id = r.message_id WHERE r.campaign_id = ? GROUP BY r.variant",
        (campaign_id,),
    )
    return {int(row[0] or 0): (int(row[1]), int(row[2]), int(row[3])) for row in rows}


def recipients(
    db: sqlite3.Connection, campaign_id: int, after: str, limit: int, state: str | None, reason: str | None
) -> list[Recipient]:
    """Return recipients by number, after a number."""
    rows = db.execute(
        "SELECT r.number, r.contact_id, r.state, r.reason, r.message_id, r.variant, m.status "
        "FROM campaign_recipients r LEFT JOIN messages m ON m.id = r.message_id "
        "WHERE r.campaign_id = ?1 AND r.number > ?2 "
        "AND (?3 IS NULL OR r.state = ?3) AND (?4 IS NULL OR r.reason = ?4) ORDER BY r.number LIMIT ?5",
        (campaign_id, after, state, reason, limit),
    )
    return [Recipient(*row) for row in rows]


def _count(db: sqlite3.Connection, campaign_id: int, statuses: Sequence[Status]) -> int:
    row = db.execute(
        f"SELECT count(*) FROM messages WHERE campaign = ? AND status IN ({_quoted(statuses)})",
        (format_id(campaign_id),),
    ).fetchone()
    return int(row[0])


def _quoted(statuses: Sequence[Status]) -> str:
    return ", ".join(f"'{status.value}'" for status in statuses)
