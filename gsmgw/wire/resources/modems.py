"""Modems and USSD."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.model import ModemState
from gsmgw.wire.resources.common import JsonObject, closed


@closed
class Modem(TypedDict):
    """A modem with its state."""

    name: str
    state: ModemState
    detail: str
    port: str | None
    profile: str | None
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
    limits: JsonObject
    pools: Annotated[list[str], Field(description="The pools that it belongs to")]


@closed
class ModemList(TypedDict):
    """All modems."""

    data: list[Modem]


@closed
class UssdAnswer(TypedDict):
    """The network's answer. ``more``: it waits for a reply."""

    modem: str
    answer: str | None
    more: bool
    outcome: str
