"""Campaigns: one text to many people, with a row for each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gsmgw.model.questions import Ask
from gsmgw.model.rules import Hours


class CampaignState(StrEnum):
    """The states of a campaign."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELED = "canceled"


#: The states from which a campaign may go to each state.
CAMPAIGN_SOURCES = {
    CampaignState.SCHEDULED: (CampaignState.DRAFT,),
    CampaignState.RUNNING: (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED, CampaignState.FINISHED),
    CampaignState.PAUSED: (CampaignState.RUNNING,),
    CampaignState.FINISHED: (CampaignState.RUNNING,),
    CampaignState.CANCELED: (CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED),
}


class Skipped(StrEnum):
    """Why a recipient gets no text."""

    EXCLUDED = "excluded"
    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    RECENTLY_TEXTED = "recently_texted"
    INVALID_NUMBER = "invalid_number"
    LANDLINE = "landline"
    EMPTY_FIELD = "empty_field"
    TOO_LONG = "too_long"
    REFUSED = "refused"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is texted: members of groups, contacts of a segment, and numbers."""

    groups: tuple[str, ...] = ()
    segment: str | None = None
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Who is left out besides those who opted out. ``recent_hours`` 0 does not look at earlier campaigns."""

    groups: tuple[str, ...] = ()
    segment: str | None = None
    numbers: tuple[str, ...] = ()
    recent_hours: int = 24
    landlines: bool = True
    unconfirmed: bool = False
    max_segments: int = 10


@dataclass(frozen=True, slots=True)
class Variant:
    """One of several texts; ``weight`` is its share."""

    text: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What a campaign sends, to whom, and how fast."""

    audience: Audience
    variants: tuple[Variant, ...]
    template: str | None = None
    exclude: Exclusions = field(default_factory=Exclusions)
    list: str | None = None
    hours: Hours | None = None
    per_minute: int | None = None
    modems: tuple[str, ...] = ()
    pool: str | None = None
    #: The next text of a recipient answers it.
    ask: Ask | None = None
    #: The drip in which those are enrolled at the end who did not answer.
    drip: str | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign. ``reason`` says why it is paused."""

    id: int
    name: str
    state: CampaignState
    plan: CampaignPlan
    reason: str | None
    start_ms: int | None
    created_ms: int
    changed_ms: int
    started_ms: int | None
    ended_ms: int | None
    built_to: int | None
    watched_from: int


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    """How many recipients are where."""

    total: int = 0
    waiting: int = 0
    queued: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    replied: int = 0
    opted_out: int = 0
