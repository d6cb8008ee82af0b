"""Campaigns as resources."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from gsmgw.model import format_id
from gsmgw.model.campaigns import Audience, Campaign, CampaignCounts, DateTrigger, Exclusions
from gsmgw.wire import resources
from gsmgw.wire.drips import ask_resource
from gsmgw.wire.encoding import stamp
from gsmgw.wire.rules import DAYS, hours_text


def campaign_resource(campaign: Campaign, counts: CampaignCounts) -> resources.Campaign:
    """Return a campaign as a resource."""
    plan, run = campaign.plan, campaign.run
    return {
        "id": format_id(campaign.id),
        "name": campaign.name,
        "state": campaign.state,
        "reason": campaign.reason,
        "audience": {
            **_audience(plan.audience),
            "unanswered": None if plan.audience.unanswered is None else format_id(plan.audience.unanswered),
        },
        "exclude": {
            **_audience(plan.exclude),
            "recent_hours": plan.exclude.recent_hours,
            "landlines": plan.exclude.landlines,
            "unconfirmed": plan.exclude.unconfirmed,
            "max_segments": plan.exclude.max_segments,
        },
        "template": plan.template,
        "variants": [{"text": each.text, "weight": each.weight} for each in plan.variants],
        "list": plan.list,
        "windows": {
            "hours": hours_text(plan.hours),
            "days": [] if plan.hours is None else [DAYS[day] for day in plan.hours.days],
        },
        "pace": {"per_minute": plan.per_minute},
        "modems": list(plan.modems),
        "pool": plan.pool,
        "ask": None if plan.ask is None else ask_resource(plan.ask),
        "drip": plan.drip,
        "repeat": plan.repeat,
        "time_zone": plan.time_zone,
        "date_trigger": None if plan.trigger is None else _trigger(plan.trigger),
        "parent": None if run is None else format_id(run.parent),
        "occasion": None if run is None or run.occasion is None else run.occasion.isoformat(),
        "send_at": stamp(campaign.start_ms),
        "created_at": stamp(campaign.created_ms),
        "changed_at": stamp(campaign.changed_ms),
        "started_at": stamp(campaign.started_ms),
        "ended_at": stamp(campaign.ended_ms),
        "counts": counts_resource(counts),
    }


def counts_resource(counts: CampaignCounts) -> resources.CampaignCounts:
    """Return counts as a resource."""
    return cast("resources.CampaignCounts", asdict(counts))


def _trigger(trigger: DateTrigger) -> resources.CampaignDateTrigger:
    return {
        "field": trigger.field,
        "at": f"{trigger.at:%H:%M}",
        "days_before": trigger.days_before,
        "yearly": trigger.yearly,
    }


def _audience(of: Audience | Exclusions) -> resources.CampaignPeople:
    return {"groups": list(of.groups), "segment": of.segment, "numbers": list(of.numbers)}
