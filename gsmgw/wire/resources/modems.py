"""Modems and USSD."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.model import ModemState, ProfileReason
from gsmgw.wire.resources.common import JsonObject, Time, closed


@closed
class LimitUse(TypedDict):
    """How much of a limit is used in its rolling window. ``owner`` is the modem, or a pool that it shares it with."""

    owner: str
    window_s: int
    unit: Literal["segments", "messages", "recipients"]
    limit: Annotated[int, Field(description="Without the part that is reserved for urgent messages")]
    used: int


@closed
class UssdNote(TypedDict):
    """The network's last answer to a USSD code: the balance, most often."""

    code: str
    answer: str
    at: Time


@closed
class Modem(TypedDict):
    """A modem with its state."""

    name: str
    state: ModemState
    detail: str
    port: str | None
    profile: str | None
    profile_reason: ProfileReason | None
    profile_pattern: Annotated[str | None, Field(description="The pattern of the profile that matches the modem")]
    manufacturer: str | None
    model: str | None
    revision: str | None
    imei: str | None
    iccid: str | None
    imsi: str | None
    number: str | None
    operator: str | None
    registration: str | None
    technology: str | None
    signal_dbm: int | None
    temperature_c: float | None
    voltage_mv: int | None
    storage: dict[str, dict[str, int]]
    pin_attempts_left: Annotated[int | None, Field(description="While the SIM is locked, where the modem tells")]
    last_ussd: Annotated[UssdNote | None, Field(description="Since the gateway started")]
    limits: JsonObject
    pools: Annotated[list[str], Field(description="The pools that it belongs to")]
    usage: Annotated[list[LimitUse], Field(description="How much of the limits is used")]


@closed
class ModemList(TypedDict):
    """All modems."""

    data: list[Modem]


@closed
class ModemSample(TypedDict):
    """The readings of a modem at one moment."""

    at: Time
    state: ModemState
    signal_dbm: int | None
    temperature_c: float | None


@closed
class ModemHistory(TypedDict):
    """The readings of a modem, one each ``interval_s`` seconds, oldest first. They are lost with a restart."""

    interval_s: int
    data: list[ModemSample]


@closed
class UssdAnswer(TypedDict):
    """The network's answer. ``more``: it waits for a reply."""

    modem: str
    answer: str | None
    more: bool
    outcome: str
