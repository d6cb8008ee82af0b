"""What goes over the wire: requests checked by pydantic, answers built from the store's records."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from gsmgw.dispatch.bodies import event_out, message_out, stamp
from gsmgw.http.problems import Problem, pointer
from gsmgw.http.validation_messages import in_words
from gsmgw.model import ModemStatus, OnUnknown, Priority, SegmentRecord
from gsmgw.outbound import TEXT_LIMIT, Submission

__all__ = [
    "EVENT_TYPE",
    "BatchIn",
    "Flag",
    "MessageIn",
    "Moment",
    "PreviewIn",
    "ResolveIn",
    "event_out",
    "message_out",
    "modem_out",
    "segment_out",
    "stamp",
]

BATCH_LIMIT = 10_000

#: A type of events, or all of a kind.
EVENT_TYPE = re.compile(r"^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$")

Tag = Annotated[str, StringConstraints(min_length=1, max_length=64)]


def _no_surrogates(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode("utf-16", "strict")
        except UnicodeEncodeError as exc:
            raise ValueError(f"holds half of a surrogate pair at position {exc.start}") from None
    return value


#: RFC 3339 5.6, and what else is clear: no seconds, a comma, a zone without its colon. A + in a query is a space.
_MOMENT = re.compile(
    r"(?P<minute>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d)(?:(?P<second>:\d\d)(?P<part>[.,]\d+)?)?"
    r"(?P<zone>[Zz]|[+ -](?:[01]\d|2[0-3]):?[0-5]\d)?",
    re.ASCII,
)
_YEARS = range(1970, 2200)


def _rfc3339(value: Any) -> Any:
    """A number would be taken for seconds since 1970, which nobody means who leaves a zone out."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("is no time of RFC 3339, with a zone: 2026-12-24T18:00:00+01:00")
    minute, second, part, zone = found["minute"], found["second"] or ":00", found["part"] or "", found["zone"] or ""
    if int(minute[:4]) not in _YEARS:
        raise ValueError(f"is outside the years {_YEARS.start} to {_YEARS.stop - 1}")
    leaps = second == ":60"
    try:
        moment = datetime.fromisoformat(
            f"{minute}{':59' if leaps else second}{part.replace(',', '.')}{zone.replace(' ', '+').upper()}"
        )
    except ValueError as exc:
        raise ValueError(f"is no time: {exc}") from None
    return moment + timedelta(seconds=1) if leaps else moment  # no clock here knows leap seconds


#: Written as JSON has it: neither 0 nor "no".
Flag = Annotated[bool, Strict()]
Moment = Annotated[AwareDatetime, BeforeValidator(_rfc3339)]
Text = Annotated[str, BeforeValidator(_no_surrogates)]


_PRIORITIES = {priority.word: priority for priority in Priority}


class MessageIn(BaseModel):
    """A message to be sent. The smallest one is ``{"to": "+49...", "text": "..."}``."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"to": "+4915112345678", "text": "Your table is ready."}]},
    )

    to: Text = Field(max_length=64, description="The recipient: E.164, national with a configured country, short code")
    text: Text | None = None
    data: str | None = Field(None, max_length=60_000, description="8-bit data in base64, instead of text")
    port: int | None = Field(None, ge=0, le=65535, description="The application port that data is meant for")
    modem: str | None = Field(None, max_length=63, description="Send through this modem only")
    pool: str | None = Field(None, max_length=63, description="Send through the modems of this pool")
    priority: Literal["urgent", "normal", "bulk"] = "normal"
    send_at: Moment | None = Field(None, description="Not before this time")
    valid_for: int | None = Field(None, ge=60, le=63 * 7 * 86400, description="Seconds after which it expires")
    delivery_report: Flag | None = None
    encoding: Literal["auto", "gsm7", "ucs2"] = "auto"
    flash: Flag = Field(False, description="Class 0: shown at once, not stored")
    message_class: int | None = Field(
        None, alias="class", ge=0, le=3, strict=True, description="Of TS 23.038 4; 0 is the same as flash"
    )
    client_ref: Text | None = Field(None, min_length=1, max_length=200, description="Your own identifier, unique")
    tags: list[Tag] = Field(default_factory=list, max_length=20)
    on_unknown: Literal["resend", "hold"] | None = None

    @field_validator("data")
    @classmethod
    def _base64(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                base64.b64decode(value, validate=True)
            except binascii.Error as exc:
                raise ValueError(f"is not base64: {exc}") from None
        return value

    @field_validator("message_class")
    @classmethod
    def _one_class(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value and info.data.get("flash"):
            raise ValueError(f"is {value}, and flash asks for class 0")
        return value

    def submission(self) -> Submission:
        """Return the message for the service."""
        return Submission(
            to=self.to,
            text=self.text,
            data=None if self.data is None else base64.b64decode(self.data),
            port=self.port,
            modem=self.modem,
            pool=self.pool,
            priority=_PRIORITIES[self.priority],
            send_at_ms=None if self.send_at is None else round(self.send_at.timestamp() * 1000),
            valid_for=self.valid_for,
            report=self.delivery_report,
            encoding=self.encoding,
            message_class=0 if self.flash else self.message_class,
            client_ref=self.client_ref,
            tags=tuple(self.tags),
            on_unknown=None if self.on_unknown is None else OnUnknown(self.on_unknown),
        )


class BatchIn(BaseModel):
    """Up to 10 000 messages, accepted in one durable transaction. Each is checked by itself."""

    model_config = ConfigDict(extra="forbid")

    messages: list[Any] = Field(min_length=1, max_length=BATCH_LIMIT, description="Objects as of POST /v1/messages")


_FIELDS = len(MessageIn.model_fields)
#: Bad fields that are named of one message of a batch.
_MOST_NAMED = 10


def is_crowded(item: object) -> bool:
    """Whether so many fields are not known that they are not worth a list."""
    return isinstance(item, dict) and len(item) > 2 * _FIELDS


def look_at_each(items: Sequence[Any], first: int = 0) -> list[MessageIn | Problem]:
    """Messages of a batch, each checked by itself; the pointers of its problems lead into the batch.

    ``first`` is the place of the first one.
    """
    checked: list[MessageIn | Problem] = []
    for number, item in enumerate(items, first):
        if is_crowded(item):
            detail = f"has {len(item)} fields; a message has {_FIELDS} at the most"
            errors = [{"pointer": pointer("messages", number), "detail": detail}]
            checked.append(Problem("invalid_request", f"message {number}: {detail}", errors=errors))
            continue
        try:
            checked.append(MessageIn.model_validate(item))
        except ValidationError as exc:
            errors = [
                {"pointer": pointer("messages", number, *error["loc"]), "detail": in_words(error)}
                for error in exc.errors(include_url=False, include_input=False)[:_MOST_NAMED]
            ]
            field = ".".join(errors[0]["pointer"].split("/")[3:])
            detail = f"{field}: {errors[0]['detail']}" if field else errors[0]["detail"]
            checked.append(Problem("invalid_request", f"message {number}: {detail}", errors=errors))
    return checked


class PreviewIn(BaseModel):
    """A text to be looked at."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(max_length=TEXT_LIMIT)
    encoding: Literal["auto", "gsm7", "ucs2"] = "auto"
    transliterate: Flag = False


class ResolveIn(BaseModel):
    """What is to become of an unknown message."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["resend", "leave"]


def segment_out(segment: SegmentRecord) -> dict[str, Any]:
    """One segment of a message."""
    return {
        "number": segment.seq,
        "status": segment.status.value,
        "reference": segment.reference,
        "modem": segment.modem,
        "sim": segment.sim,
        "attempt": segment.attempt,
        "sending_at": stamp(segment.sending_ms),
        "sent_at": stamp(segment.sent_ms),
        "discharged_at": stamp(segment.discharge_ms),
        "report_status": segment.report_status,
        "error": segment.error,
        "pdu": segment.tpdu.hex().upper(),
    }


def modem_out(status: ModemStatus, limits: dict[str, Any]) -> dict[str, Any]:
    """One modem."""
    return {
        "name": status.name,
        "state": status.state.value,
        "detail": status.detail,
        "port": status.port,
        "profile": status.profile,
        "manufacturer": status.manufacturer,
        "model": status.model,
        "revision": status.revision,
        "imei": status.imei,
        "iccid": status.iccid,
        "imsi": status.imsi,
        "number": status.number,
        "operator": status.operator,
        "registration": status.registration,
        "technology": status.technology,
        "signal_dbm": status.signal_dbm,
        "temperature_c": status.temperature_c,
        "voltage_mv": status.voltage_mv,
        "storage": {name: {"used": use.used, "total": use.total} for name, use in status.storage.items()},
        "limits": limits,
    }
