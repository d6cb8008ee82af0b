"""The network's rules: delays, losses, refusals. docs/reference/simulator-control.md explains each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_type_hints

from ..validation import OptionError, Seconds, Share, Within, convert, invalid, nearest

#: Seconds: the shortest and the longest.
Span = tuple[Seconds, Seconds]
#: A cause of TS 24.011 E.2 or TS 27.005 3.2.5.
Cause = Annotated[int, Within(0, 65535)]


@dataclass(slots=True)
class Rules:
    """Delays, losses and refusals of the network. Times in seconds of the simulation, shares from 0 to 1."""

    delivery_delay_s: Span = (0.0, 0.0)
    report_delay_s: Span = (0.0, 0.0)
    reorder: Share = 0.0
    reorder_by_s: Seconds = 2.0
    duplicate: Share = 0.0
    loss: Share = 0.0
    report_loss: Share = 0.0
    outage: bool = False
    per_minute: Annotated[int, Within(0)] | None = None
    throttle_cause: Cause = 42
    price: Annotated[float, Within(0)] = 0.0
    no_credit_cause: Cause = 21
    submit_cause: Cause | None = None
    refused: dict[str, Cause] = field(default_factory=dict)
    barred: dict[str, Cause] = field(default_factory=dict)
    country_code: str = "49"
    retry_s: Seconds = 60.0
    delivery_gap_s: Seconds = 0.0
    ussd_delay_s: Span = (0.0, 0.0)
    interim_reports: bool = False
    report_number: Literal["as sent", "national", "bare"] = "as sent"
    zone_quarters: Annotated[int, Within(-79, 79)] = 0
    zero_time: bool = False

    def change(self, **changes: Any) -> None:
        """Change rules by name (times as a number or a pair). Raises OptionError, and then changes none."""
        wanted = get_type_hints(Rules, include_extras=True)
        changed = {}
        for name, value in changes.items():
            if name not in wanted:
                raise OptionError(f"rule '{name}' does not exist{nearest(name, wanted)}")
            if wanted[name] == Span and not isinstance(value, list | tuple):
                value = (value, value)
            changed[name] = convert(wanted[name], value, f"rule {name}")
            if wanted[name] == Span and changed[name][0] > changed[name][1]:
                raise invalid(f"rule {name}", value, "the shorter time first")
        for name, value in changed.items():
            setattr(self, name, value)
