"""SMSGate's request bodies, and the messages that they ask for."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from gsmgw.bridges.smsgate.words import priority_of, ref_of
from gsmgw.bridges.values import MAX_RECIPIENTS, valid_for, wall_ms
from gsmgw.outbound import Submission

_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")


class Rejected(Exception):
    """The request is not accepted. ``words`` is the message of the response."""

    def __init__(self, words: str, status: int = 400) -> None:
        self.words = words
        self.status = status
        super().__init__(words)


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class TextBody(_Body):
    """A text."""

    text: str


class DataBody(_Body):
    """8-bit data in base64 for an application port."""

    data: str
    port: int = Field(ge=0, le=65_535)


class MessageBody(_Body):
    """A message to one or several recipients."""

    id: str | None = Field(None, max_length=36)
    phone_numbers: list[str] = Field(min_length=1, max_length=MAX_RECIPIENTS)
    text_message: TextBody | None = None
    data_message: DataBody | None = None
    message: str | None = None
    mms_message: dict[str, object] | None = None
    device_id: str | None = None
    priority: int = 0
    with_delivery_report: bool = True
    is_encrypted: bool = False
    ttl: int | None = Field(None, ge=1)
    valid_until: AwareDatetime | None = None
    schedule_at: AwareDatetime | None = None


class WebhookBody(_Body):
    """A webhook for one kind of event."""

    id: str | None = None
    url: str = Field(min_length=1, max_length=2000)
    event: str
    device_id: str | None = None


def check_id(text: str | None) -> None:
    """Raise :class:`Rejected` for an id that SMSGate would not make."""
    if text is not None and not _ID.fullmatch(text):
        raise Rejected("id: must have 1 to 36 letters, digits, _ and -")


def submissions(body: MessageBody, name: str, modems: Collection[str], now_ms: int) -> list[Submission]:
    """Return the messages for all recipients of a body; ``name`` is its id. Raises :class:`Rejected`."""
    if body.is_encrypted:
        raise Rejected("isEncrypted: encrypted messages are not supported")
    if body.mms_message is not None:
        raise Rejected("mmsMessage: MMS is not supported")
    message = Submission(
        to="",
        text=body.text_message.text if body.text_message is not None else body.message,
        data=_data(body),
        port=None if body.data_message is None else body.data_message.port,
        modem=body.device_id if body.device_id in modems else None,
        priority=priority_of(body.priority),
        send_at_ms=_send_at_ms(body),
        valid_for=_validity(body, now_ms),
        report=body.with_delivery_report,
    )
    return [
        message._replace(to=number, client_ref=ref_of(name, place)) for place, number in enumerate(body.phone_numbers)
    ]


def _data(body: MessageBody) -> bytes | None:
    if body.data_message is None:
        return None
    try:
        return base64.b64decode(body.data_message.data, validate=True)
    except binascii.Error:
        raise Rejected("dataMessage.data: is not valid base64") from None


def _validity(body: MessageBody, now_ms: int) -> int | None:
    seconds = body.ttl
    if body.valid_until is not None:
        seconds = round(body.valid_until.timestamp() - now_ms / 1000)
        if seconds <= 0:
            raise Rejected("validUntil: is in the past")
    return None if seconds is None else valid_for(seconds)


def _send_at_ms(body: MessageBody) -> int | None:
    try:
        return None if body.schedule_at is None else wall_ms(body.schedule_at)
    except ValueError as exc:
        raise Rejected(f"scheduleAt: {exc}") from None
