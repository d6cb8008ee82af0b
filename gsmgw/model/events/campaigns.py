"""Events of campaigns."""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.model.campaigns import CampaignState
from gsmgw.model.events.types import EventData, EventType


@dataclass(slots=True)
class CampaignStateChanged(EventData):
    """A campaign changed its state; ``reason`` says why it was paused."""

    type = EventType.CAMPAIGN_STATE_CHANGED
    campaign: str
    name: str
    state: CampaignState
    reason: str | None = None
