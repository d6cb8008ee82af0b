"""How much modems can send: their speed, and what their limits leave. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """A limit in a rolling window: ``limit`` in ``seconds``, of which ``left`` are left now.

    ``owner`` is a modem, or a pool whose modems share it. ``by_message`` counts messages, not segments;
    ``by_recipient`` counts different recipients.
    """

    owner: str
    seconds: int
    limit: int
    left: int
    by_message: bool = False
    by_recipient: bool = False


@dataclass(frozen=True, slots=True)
class ModemCapacity:
    """A modem: the time that it takes for a segment, its own limits and those of its pools."""

    name: str
    segment_s: float
    own: tuple[Allowance, ...] = ()
    shared: tuple[Allowance, ...] = ()
