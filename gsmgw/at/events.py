"""The events of the AT dialogue: responses, prompts, URCs, and lines that came too late."""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.at.result_codes import FinalResult
from gsmgw.at.urcs import UrcKind


@dataclass(frozen=True, slots=True)
class Response:
    """The response to one command. ``pairs`` are headers with their PDU in hexadecimal."""

    final: FinalResult
    lines: list[str]
    pairs: list[tuple[str, str]]
    payload_sent: bool = False


@dataclass(frozen=True, slots=True)
class Prompted:
    """The modem waits for the payload."""


@dataclass(frozen=True, slots=True)
class Urc:
    """An unsolicited line, with its PDU where it has one."""

    kind: UrcKind
    line: str
    pdu: str | None = None


@dataclass(frozen=True, slots=True)
class Stale:
    """A line of a response that was given up. A late ``+CMGS:`` is evidence; the rest is dropped."""

    line: str
    final: FinalResult | None = None


@dataclass(frozen=True, slots=True)
class Probed:
    """AT was answered while the final result of a payload is awaited. That says nothing about the payload."""


Event = Response | Prompted | Urc | Stale | Probed
