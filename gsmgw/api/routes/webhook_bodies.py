"""Request bodies of /v1/webhooks."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    Strict,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from gsmgw.api.body import Body
from gsmgw.api.fields import Flag, Moment, RowId, Spelling, Tag
from gsmgw.model.events import check_choice


def _secret(value: str) -> str:
    try:
        key = b64decode(value.removeprefix("whsec_"), validate=True)
    except ValueError as exc:
        raise ValueError(f"is not valid base64 after whsec_: {exc}") from None
    if not 24 <= len(key) <= 64:
        raise ValueError(f"has {len(key)} bytes; it must have 24 to 64")
    return value


Types = Annotated[
    list[Annotated[str, StringConstraints(max_length=64), AfterValidator(check_choice)]],
    Field(max_length=50, description="Event types; message.* for all of a kind. Empty: all"),
]
Tags = Annotated[list[Tag], Field(max_length=50, description="Messages with one of these tags. Empty: all")]
Modems = Annotated[list[str], Field(max_length=50, description="Events of these modems. Empty: all")]
SecretIn = Annotated[
    str, StringConstraints(max_length=120), Spelling(r"^whsec_", "must begin with whsec_"), AfterValidator(_secret)
]
EventId = Annotated[RowId, Strict()]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class WebhookIn(Body):
    """A new webhook."""

    url: Url
    description: str = Field("", max_length=200)
    events: Types = Field(default_factory=list)
    tags: Tags = Field(default_factory=list)
    modems: Modems = Field(default_factory=list)
    ordered: Flag = Field(True, description="Deliver in order; false: later events may overtake one that failed")
    secret: SecretIn | None = Field(None, description="whsec_ and base64 of 24 to 64 bytes; generated if left out")


class WebhookPatch(Body):
    """Changes to a webhook."""

    url: Url | None = None
    description: str | None = Field(None, max_length=200)
    events: Types | None = None
    tags: Tags | None = None
    modems: Modems | None = None
    ordered: Flag | None = None


class SecretRotation(Body):
    """A new secret."""

    secret: SecretIn | None = None
    keep_former: int = Field(
        86_400, ge=0, le=30 * 86_400, strict=True, description="Seconds for which the previous ones sign too"
    )


class ResumeIn(Body):
    """How to resume a webhook."""

    skip: Flag = Field(False, description="Drop the deliveries that failed")


def _event_or_moment(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Return one error for the field, not one for each of its types."""
    try:
        return check(value)
    except ValidationError:
        pass
    raise ValueError("is not an event ID or an RFC 3339 time with a zone, for example 2026-12-24T18:00:00+01:00")


class ReplayIn(Body):
    """Events to deliver again: one, or all since an event or a time."""

    event: EventId | None = None
    since: Annotated[EventId | Moment | None, WrapValidator(_event_or_moment)] = None

    @model_validator(mode="after")
    def _one(self) -> ReplayIn:
        if (self.event is None) == (self.since is None):
            raise ValueError("needs exactly one of event and since")
        return self
