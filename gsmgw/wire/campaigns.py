"""Campaigns as resources."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from gsmgw.model import format_id
from gsmgw.model.campaigns import Audience, Campaign, CampaignCounts, Exclusions
from gsmgw.wire import resources
from gsmgw.wire.drips import ask_resource
from gsmgw.wire.encoding import stamp
from gsmgw.wire.rules import DAYS, hours_text


def campaign_resource(campaign: Campaign, counts: CampaignCounts) -> resources.Campaign:
    """Return a campaign as a resource."""
    plan = campaign.plan
    return {
        "id": format_id(campaign.id),
        "name": campaign.name,
        "state": campaign.state,
        "reason": campaign.reason,
        "audience": _audience(plan.audience),
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


def _audience(of: Audience | Exclusions) -> resources.CampaignAudience:
    return {"groups": list(of.groups), "segment": of.segment, "numbers": list(of.numbers)}
