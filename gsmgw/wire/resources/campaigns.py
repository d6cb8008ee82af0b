"""Campaigns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.model.campaigns import CampaignState, Skipped
from gsmgw.wire.resources.common import Time, closed
from gsmgw.wire.resources.drips import Ask


@closed
class CampaignPeople(TypedDict):
    """Members of groups, contacts of a segment, and numbers."""

    groups: list[str]
    segment: str | None
    numbers: list[str]


@closed
class CampaignAudience(CampaignPeople):
    """Who is texted."""

    unanswered: Annotated[str | None, Field(description="The ID of an earlier campaign: who did not answer it")]


@closed
class CampaignExclusions(CampaignPeople):
    """Who is left out."""

    recent_hours: int
    landlines: bool
    unconfirmed: bool
    max_segments: int


@closed
class CampaignVariant(TypedDict):
    """One of several texts."""

    text: str
    weight: int


@closed
class CampaignWindows(TypedDict):
    """When texts may be sent, in the recipient's time zone."""

    hours: str | None
    days: list[str]


@closed
class CampaignPace(TypedDict):
    """How many recipients a minute."""

    per_minute: int | None


@closed
class CampaignDateTrigger(TypedDict):
    """The date of contacts on which they are texted."""

    field: str
    at: Annotated[str, Field(description="Time of the day in the recipient's time zone")]
    days_before: Annotated[int, Field(description="Negative for days after the date")]
    yearly: Annotated[bool, Field(description="Every year, as on birthdays")]


@closed
class CampaignCounts(TypedDict):
    """How many recipients are where."""

    total: int
    waiting: int
    queued: int
    sent: Annotated[int, Field(description="Sent, those delivered included")]
    delivered: int
    failed: int
    unknown: int
    skipped: int
    replied: int
    opted_out: int


@closed
class Campaign(TypedDict):
    """A text to many people."""

    id: str
    name: str
    state: CampaignState
    reason: Annotated[str | None, Field(description="Why it is paused")]
    audience: CampaignAudience
    exclude: CampaignExclusions
    template: str | None
    variants: list[CampaignVariant]
    windows: CampaignWindows
    pace: CampaignPace
    modems: list[str]
    pool: str | None
    ask: Annotated[Ask | None, Field(description="The question that the text asks")]
    drip: Annotated[str | None, Field(description="Those who did not answer are enrolled in it at the end")]
    repeat: Annotated[str | None, Field(description="RRULE of RFC 5545: when a run is made")]
    time_zone: Annotated[str | None, Field(description="The time zone of repeat")]
    date_trigger: CampaignDateTrigger | None
    parent: Annotated[str | None, Field(description="The campaign that made this one")]
    occasion: Annotated[str | None, Field(description="The date for which people are texted")]
    send_at: Annotated[Time | None, Field(description="When it starts, or makes the next run")]
    created_at: Time
    changed_at: Time
    started_at: Time | None
    ended_at: Time | None
    counts: CampaignCounts
    list: str | None  # last, for it hides the type of that name


@closed
class CampaignList(TypedDict):
    """Campaigns, newest first."""

    data: list[Campaign]
    next_cursor: str | None


@closed
class CampaignSample(TypedDict):
    """A text of a campaign."""

    number: str
    text: str
    segments: int


@closed
class CampaignReview(TypedDict):
    """A prediction of what a campaign would do."""

    recipients: int
    suspected: Annotated[int, Field(description="Of them, those whose text waits for a decision about consent")]
    left_out: dict[Skipped, int]
    segments_least: int
    segments_most: int
    segments_total: int
    encodings: dict[str, int]
    forcing: Annotated[dict[str, int], Field(description="Characters that make a text UCS-2, with the number of texts")]
    duration_s: Annotated[float | None, Field(description="Estimated; null if no modem can send it")]
    bottleneck: Annotated[
        Literal["pace", "limits", "hours", "modems"] | None, Field(description="What holds it back most")
    ]
    bottleneck_detail: str
    cost: float | None
    currency: str | None
    samples: list[CampaignSample]
    next_runs: Annotated[list[Time], Field(description="The next three times of a campaign that repeats")]
    estimated: Annotated[bool, Field(description="The figures come from the first 2000 recipients")]


@closed
class CampaignRecipient(TypedDict):
    """A recipient of a campaign."""

    number: str
    name: Annotated[str | None, Field(description="The name of the contact")]
    state: str
    reason: Skipped | None
    message_id: str | None
    status: str | None
    variant: int | None


@closed
class CampaignRecipientPage(TypedDict):
    """A page of recipients, by number."""

    data: list[CampaignRecipient]
    next_cursor: str | None


@closed
class VariantResult(TypedDict):
    """How one of several texts went."""

    text: str | None
    sent: int
    delivered: int
    replied: int


@closed
class CampaignResults(TypedDict):
    """How a campaign went."""

    counts: CampaignCounts
    skipped: dict[Skipped, int]
    causes: Annotated[dict[str, int], Field(description="Failed messages by the code of their error")]
    variants: list[VariantResult]


@closed
class CampaignRetry(TypedDict):
    """How many recipients are texted again."""

    retried: int
    campaign: Campaign
