"""The bodies of requests, as clients write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NotRequired

from typing_extensions import TypedDict

from gsmgw.model import OnUnknown, PriorityWord, PurposeWord


class Ask(TypedDict):
    """The next text of the recipient sets a field; see ``POST /v1/messages``."""

    field: str
    hours: NotRequired[int]
    thanks: NotRequired[str | None]
    again: NotRequired[str | None]


class MessageFields(TypedDict, total=False):
    """The optional fields of a message to send; see ``POST /v1/messages``."""

    data: str | None
    port: int | None
    modem: str | None
    pool: str | None
    priority: PriorityWord | str | None
    send_at: str | None
    valid_for: int | None
    delivery_report: bool | None
    encoding: Literal["auto", "gsm7", "ucs2"] | str | None
    flash: bool | None
    client_ref: str | None
    tags: Sequence[str] | None
    on_unknown: OnUnknown | str | None
    purpose: PurposeWord | str | None
    list: str | None
    ask: Ask | None


class Message(MessageFields):
    """A message to send."""

    to: str
    text: NotRequired[str | None]
