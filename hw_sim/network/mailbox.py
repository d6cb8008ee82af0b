"""TPDUs on their way to a subscriber."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..clock import Timer
from ..codec.tpdu import Tpdu
from .subscriber import Subscriber


@dataclass(slots=True)
class Transit:
    """A TPDU on its way to one subscriber."""

    tpdu: Tpdu
    sender: str
    origin: Subscriber | None
    mr: int = 0
    report_wanted: bool = False
    expires_at: float = 0.0
    stamped: bytes = b""
    interim: bool = False


@dataclass(slots=True)
class Mailbox:
    """The TPDUs that wait for one subscriber, in order."""

    owner: Subscriber
    queue: deque[Transit] = field(default_factory=deque)
    busy: bool = False
    held: bool = False
    expiry: Timer | None = None
    retry: Timer | None = None
    #: Time of the clock when the radio takes the next one, seconds.
    free_s: float = 0.0
