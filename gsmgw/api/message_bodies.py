"""Request bodies of /v1/messages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from gsmgw.api.ask_body import AskIn
from gsmgw.api.body import Body
from gsmgw.api.fields import Flag, Moment, Tag, Text
from gsmgw.http.problems import Problem, pointer
from gsmgw.http.validation_messages import in_words
from gsmgw.model import OnUnknown, Priority, Purpose
from gsmgw.outbound import TEXT_LIMIT, Submission
from gsmgw.wire.problems import ProblemCode

BATCH_LIMIT = 10_000

# Looked up: to call an enumeration costs twenty times as much.
_PRIORITIES = {priority.word: priority for priority in Priority}
_ON_UNKNOWN: dict[str | None, OnUnknown | None] = {None: None, **{choice.value: choice for choice in OnUnknown}}
_PURPOSES = {purpose.value: purpose for purpose in Purpose}


class _Options(Body):
    """The fields of a message besides its recipient and its text."""

    data: str | None = Field(None, max_length=60_000, description="8-bit data in base64, instead of text")
    port: int | None = Field(None, ge=0, le=65535, strict=True, description="The application port for data")
    modem: str | None = Field(None, max_length=63, description="Send through this modem only")
    pool: str | None = Field(None, max_length=63, description="Send through the modems of this pool")
    priority: Literal["urgent", "normal", "bulk"] = "normal"
    send_at: Moment | None = Field(None, description="Earliest time to send it")
    valid_for: int | None = Field(None, ge=60, le=63 * 7 * 86400, strict=True, description="Seconds until it expires")
    delivery_report: Flag | None = None
    encoding: Literal["auto", "gsm7", "ucs2"] = "auto"
    flash: Flag = Field(False, description="Class 0: shown at once and not stored")
    message_class: int | None = Field(
        None, alias="class", ge=0, le=3, strict=True, description="Message class (TS 23.038 4); 0 is the same as flash"
    )
    client_ref: Text | None = Field(None, min_length=1, max_length=200, description="Your own unique ID")
    tags: list[Tag] = Field(default_factory=list, max_length=20)
    on_unknown: Literal["resend", "hold"] | None = None
    purpose: Literal["transactional", "marketing", "conversation"] = "transactional"
    list_name: Text | None = Field(
        None, alias="list", max_length=63, description="The consent list of a marketing message"
    )
    ask: AskIn | None = None

    @field_validator("data")
    @classmethod
    def _base64(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                base64.b64decode(value, validate=True)
            except binascii.Error as exc:
                raise ValueError(f"is not valid base64: {exc}") from None
        return value

    @field_validator("message_class")
    @classmethod
    def _one_class(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value and info.data.get("flash"):
            raise ValueError(f"is {value}, but flash means class 0")
        return value


class _Content(BaseModel):
    """The fields that come first in the documentation of :class:`MessageIn`."""

    to: Text = Field(max_length=64, description="E.164, a short code, or a national number if a country is set")
    text: Text | None = None


class MessageIn(_Options, _Content):  # pydantic lists the fields of the last base first
    """A message to send. The smallest one is ``{"to": "+49...", "text": "..."}``."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"to": "+4915112345678", "text": "Your table is ready."}]}
    )

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
            on_unknown=_ON_UNKNOWN[self.on_unknown],
            purpose=_PURPOSES[self.purpose],
            list=self.list_name,
            ask=None if self.ask is None else self.ask.ask(),
        )


class BatchIn(Body):
    """Up to 10 000 messages, saved in one transaction. Each is checked by itself."""

    messages: list[Any] = Field(min_length=1, max_length=BATCH_LIMIT, description="Bodies as of POST /v1/messages")


_FIELDS = len(MessageIn.model_fields)
#: Errors that are reported for one message of a batch.
_MAX_ERRORS = 10


def is_crowded(item: object) -> bool:
    """Return True for a message with too many unknown fields to list."""
    return isinstance(item, dict) and len(item) > 2 * _FIELDS


def look_at_each(items: Sequence[Any], first: int = 0) -> list[MessageIn | Problem]:
    """Return the messages of a batch, or what is wrong with each.

    ``first`` is the place of the first one in the batch, for the pointers of the problems.
    """
    checked: list[MessageIn | Problem] = []
    for number, item in enumerate(items, first):
        if is_crowded(item):
            detail = f"has {len(item)} fields; a message has at most {_FIELDS}"
            errors = [{"pointer": pointer("messages", number), "detail": detail}]
            checked.append(Problem(ProblemCode.INVALID_REQUEST, f"message {number}: {detail}", errors=errors))
            continue
        try:
            checked.append(MessageIn.model_validate(item))
        except ValidationError as exc:
            errors = [
                {"pointer": pointer("messages", number, *error["loc"]), "detail": in_words(error)}
                for error in exc.errors(include_url=False, include_input=False)[:_MAX_ERRORS]
            ]
            field = ".".join(errors[0]["pointer"].split("/")[3:])
            detail = f"{field}: {errors[0]['detail']}" if field else errors[0]["detail"]
            checked.append(Problem(ProblemCode.INVALID_REQUEST, f"message {number}: {detail}", errors=errors))
    return checked


class PreviewIn(_Options):
    """A text to preview. Takes the whole body of a message to send; only ``text`` and ``encoding`` matter."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Your table is ready."}]})

    to: Text | None = Field(None, max_length=64)
    text: Text = Field(max_length=TEXT_LIMIT)
    transliterate: Flag = False


class ResolveIn(Body):
    """The decision about a message with unknown outcome."""

    action: Literal["resend", "leave"]
