"""The rules of the network: how well it works. docs/simulator-control.md explains each."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Rules:
    """How well the network works. Times in seconds of the simulation, shares from 0 to 1."""

    delivery_delay_s: tuple[float, float] = (0.0, 0.0)
    report_delay_s: tuple[float, float] = (0.0, 0.0)
    reorder: float = 0.0
    reorder_by_s: float = 2.0
    duplicate: float = 0.0
    loss: float = 0.0
    report_loss: float = 0.0
    outage: bool = False
    per_minute: int | None = None
    throttle_cause: int = 42
    price: float = 0.0
    no_credit_cause: int = 21
    submit_cause: int | None = None
    refused: dict[str, int] = field(default_factory=dict)
    barred: dict[str, int] = field(default_factory=dict)
    country_code: str = "49"
    retry_s: float = 60.0
    delivery_gap_s: float = 0.0
    ussd_delay_s: tuple[float, float] = (0.0, 0.0)
    interim_reports: bool = False
    report_number: str = "as sent"
    zone_quarters: int = 0
    zero_time: bool = False

    def change(self, **changes: Any) -> None:
        """Change rules by name (times as a number or a pair); ValueError for one that does not exist."""
        for name, value in changes.items():
            if name not in Rules.__slots__:
                near = difflib.get_close_matches(name, Rules.__slots__, 1)
                raise ValueError(f"no rule {name}" + (f"; did you mean {near[0]}?" if near else ""))
            if isinstance(getattr(self, name), tuple):
                low, high = value if isinstance(value, list | tuple) else (value, value)
                value = (float(low), float(high))
            setattr(self, name, value)
