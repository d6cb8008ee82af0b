"""The modem as its parts see it. Each part adds its own needs to ``Host`` in its module."""

from __future__ import annotations

import random
from typing import Protocol

from ..clock import Clock
from ..profiles.sections import Profile
from ..simcard import SimCard


class Host(Protocol):
    """The needs of every part: the profile, the card, time, chance, and a way to write unsolicited lines."""

    profile: Profile
    card: SimCard
    clock: Clock
    random: random.Random
    powered: bool

    def seconds(self, profile_s: float) -> float:
        """Return a time of the profile; 0 when the simulation runs without latencies."""

    def urc(self, text: str) -> None:
        """Write an unsolicited line to the ports that carry them."""
