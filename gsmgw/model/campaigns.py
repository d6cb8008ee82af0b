"""Campaigns: one text to many people, with a row for each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
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
    CampaignState.DRAFT: (CampaignState.SCHEDULED, CampaignState.PAUSED),
    CampaignState.SCHEDULED: (CampaignState.DRAFT, CampaignState.PAUSED),
    CampaignState.RUNNING: (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED, CampaignState.FINISHED),
    CampaignState.PAUSED: (CampaignState.RUNNING, CampaignState.SCHEDULED),
    CampaignState.FINISHED: (CampaignState.RUNNING, CampaignState.SCHEDULED),
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
    DATE_CHANGED = "date_changed"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is texted: members of groups, contacts of a segment, numbers, and who did not answer a campaign (its ID)."""

    groups: tuple[str, ...] = ()
    segment: str | None = None
    numbers: tuple[str, ...] = ()
    unanswered: int | None = None


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
class DateTrigger:
    """Text each contact around the date in one of its fields, at a time of the day in its own zone.

    ``days_before`` is negative for days after it. ``yearly``: the year of the date does not count.
    """

    field: str
    at: time
    days_before: int = 0
    yearly: bool = False


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """The plan of a campaign: its text, recipients and speed.

    ``repeat`` (RRULE of RFC 5545) makes a run at each of its times in ``time_zone``; ``trigger`` makes runs for dates.
    """

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
    repeat: str | None = None
    time_zone: str | None = None
    trigger: DateTrigger | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """How a campaign belongs to the one that made it.

    ``occasion`` is the day for which people are texted because of their date. ``apart_ms``: earlier runs are texts like
    any other for who was texted recently, but for that time at most.
    """

    parent: int
    occasion: date | None = None
    apart_ms: int = 0


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign. ``reason`` says why it is paused; ``first_ms`` is the start of a repetition."""

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
    first_ms: int | None = None
    run: Run | None = None

    @property
    def makes_runs(self) -> bool:
        """Return True for a campaign that texts nobody itself: it makes a campaign each time."""
        return self.plan.repeat is not None or (self.plan.trigger is not None and self.run is None)


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """How a campaign went for a recipient. ``error`` is JSON; ``reply`` is the first text since."""

    number: str
    name: str | None
    variant: int | None
    state: str
    reason: str | None
    message_id: int | None
    status: str | None
    segments: int | None
    modem: str | None
    sent_ms: int | None
    delivered_ms: int | None
    error: str | None
    replied_ms: int | None
    reply: str | None
    opted_out_ms: int | None


@dataclass(frozen=True, slots=True)
class VariantSums:
    """How one of several texts went."""

    sent: int
    delivered: int
    replied: int


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
