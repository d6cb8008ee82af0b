"""Campaigns: their plan and their state."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from typing import Any

from gsmgw.model import format_id
from gsmgw.model.campaigns import (
    CAMPAIGN_SOURCES,
    Audience,
    Campaign,
    CampaignPlan,
    CampaignState,
    DateTrigger,
    Exclusions,
    Run,
    Variant,
)
from gsmgw.model.events import CampaignStateChanged, Json
from gsmgw.store.questions import ask_json, ask_of
from gsmgw.store.rules import hours_json, hours_of
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, kinds, readable

_COLUMNS = (
    "id, name, state, plan, reason, start_ms, created_ms, changed_ms, started_ms, ended_ms, built_to, watched_from, "
    "first_ms, parent_id, occasion, apart_ms"
)
_KINDS = kinds(
    _COLUMNS,
    integers="id start_ms created_ms changed_ms started_ms ended_ms built_to watched_from first_ms parent_id apart_ms",
    optional="reason start_ms started_ms ended_ms built_to first_ms parent_id occasion",
)


def plan_json(plan: CampaignPlan) -> dict[str, Json]:
    """Return a plan as JSON."""
    return {
        "audience": {**_people(plan.audience), "unanswered": plan.audience.unanswered},
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
        "ask": None if plan.ask is None else ask_json(plan.ask),
        "drip": plan.drip,
        "repeat": plan.repeat,
        "time_zone": plan.time_zone,
        "trigger": None if plan.trigger is None else _trigger_json(plan.trigger),
    }


def _trigger_json(trigger: DateTrigger) -> dict[str, Json]:
    return {
        "field": trigger.field,
        "at": f"{trigger.at:%H:%M}",
        "days_before": trigger.days_before,
        "yearly": trigger.yearly,
    }


def _trigger(of: Mapping[str, Any] | None) -> DateTrigger | None:
    if of is None:
        return None
    return DateTrigger(of["field"], time.fromisoformat(of["at"]), of["days_before"], of["yearly"])


def _people(of: Audience | Exclusions) -> dict[str, Json]:
    return {"groups": list(of.groups), "segment": of.segment, "numbers": list(of.numbers)}


def _run(parent: int | None, occasion: str | None, apart_ms: int) -> Run | None:
    if parent is None:
        return None
    return Run(parent, None if occasion is None else date.fromisoformat(occasion), apart_ms)


def _campaign(row: Any) -> Campaign:
    check(row, _KINDS)
    plan: Mapping[str, Any] = json.loads(row[3])
    who, without = plan["audience"], plan["exclude"]
    return Campaign(
        row[0],
        row[1],
        CampaignState(row[2]),
        CampaignPlan(
            audience=Audience(tuple(who["groups"]), who["segment"], tuple(who["numbers"]), who.get("unanswered")),
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
            ask=ask_of(plan.get("ask")),
            drip=plan.get("drip"),
            repeat=plan.get("repeat"),  # plans of earlier versions do not have it
            time_zone=plan.get("time_zone"),
            trigger=_trigger(plan.get("trigger")),
        ),
        row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11], row[12], _run(*row[13:]),
    )  # fmt: skip


def page(
    db: sqlite3.Connection,
    parent: int | None = None,
    before: int | None = None,
    limit: int = -1,
    state: CampaignState | None = None,
) -> list[Campaign]:
    """Return the runs of a campaign, or those that are not runs, newest first, older than the ID ``before``."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM campaigns WHERE parent_id IS ?1 AND (?2 IS NULL OR id < ?2) "
        "AND (?3 IS NULL OR state = ?3) ORDER BY id DESC LIMIT ?4",
        (parent, before, state, limit),
    )
    return readable(db, "campaigns", _campaign, rows)


def names(db: sqlite3.Connection) -> list[tuple[int, str]]:
    """Return the ID and the name of each campaign, oldest first."""
    rows = db.execute("SELECT id, name FROM campaigns WHERE typeof(name) = 'text' ORDER BY id")
    return [(int(row[0]), str(row[1])) for row in rows]


def get(db: sqlite3.Connection, campaign_id: int) -> Campaign | None:
    """Return a campaign, or None if it does not exist."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM campaigns WHERE id = ?", (campaign_id,))
    return next(iter(readable(db, "campaigns", _campaign, rows)), None)


def open_campaigns(db: sqlite3.Connection) -> list[Campaign]:
    """Return the campaigns that are running or scheduled."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM campaigns WHERE state IN ('scheduled', 'running') ORDER BY id")
    return readable(db, "campaigns", _campaign, rows)


def load_runs(tx: Tx, campaign_id: int) -> list[Campaign]:
    """Return the campaigns that a campaign made, in a transaction."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM campaigns WHERE parent_id = ?", (campaign_id,))
    return tx.readable("campaigns", _campaign, rows)


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


def create_run(
    tx: Tx, now_ms: int, campaign_id: int, name: str, parent: Campaign, run: Run, *, whole: bool
) -> Campaign:
    """Create a running campaign that another one makes. With ``whole`` its audience is added by and by."""
    create(tx, now_ms, campaign_id, name, replace(parent.plan, repeat=None, time_zone=None))
    tx.run(
        "UPDATE campaigns SET parent_id = ?, occasion = ?, apart_ms = ?, built_to = ? WHERE id = ?",
        (
            run.parent, None if run.occasion is None else run.occasion.isoformat(), run.apart_ms, 0 if whole else None,
            campaign_id,
        ),
    )  # fmt: skip
    made = load(tx, campaign_id)
    assert made is not None
    set_state(tx, now_ms, made, CampaignState.RUNNING)
    return made


def set_next(tx: Tx, campaign_id: int, start_ms: int | None) -> None:
    """Set when a campaign that makes runs makes the next one."""
    tx.run("UPDATE campaigns SET start_ms = ? WHERE id = ?", (start_ms, campaign_id))


def begin_repeating(tx: Tx, campaign_id: int, first_ms: int) -> None:
    """Set the start of a repetition, from which its COUNT counts."""
    tx.run("UPDATE campaigns SET first_ms = ? WHERE id = ?", (first_ms, campaign_id))


def unschedule(tx: Tx, campaign_id: int) -> None:
    """Forget the times of a campaign that becomes a draft again."""
    tx.run("UPDATE campaigns SET start_ms = NULL, first_ms = NULL, built_to = NULL WHERE id = ?", (campaign_id,))


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
