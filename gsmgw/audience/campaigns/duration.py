"""How long a campaign takes, and what holds it back: pace, limits of SIMs, sending hours or the number of modems. Pure.

An estimate: time is walked through in quarters of an hour, and what a rolling window has counted is free again only
when the whole window has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gsmgw.model.rules import Hours
from gsmgw.outbound.limits.capacity import Allowance, ModemCapacity
from gsmgw.outbound.limits.sending_hours import SendingTimes

#: A longer campaign is not looked at to its end.
HORIZON_S = 400 * 86_400
_STEP_S = 900


class Bottleneck(StrEnum):
    """The limit that slows a campaign down most."""

    PACE = "pace"
    LIMITS = "limits"
    HOURS = "hours"
    MODEMS = "modems"


@dataclass(frozen=True, slots=True)
class Task:
    """Messages to send: through which modems, at most how fast, and at which local times of the recipients."""

    recipients: int
    segments: int
    modems: Sequence[ModemCapacity]
    per_minute: int | None = None
    hours: Hours | None = None
    times: SendingTimes | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The time until everything is sent, seconds, and what holds it back most, with a phrase for people."""

    duration_s: float
    bottleneck: Bottleneck | None
    detail: str


def estimate(task: Task, now: datetime) -> Estimate | None:
    """Return how long a task takes from a local time of the recipients; None if no modem can send it."""
    if not task.modems:
        return None
    if task.segments == 0:
        return Estimate(0.0, None, "")
    whole_s = duration_s(task, now)
    without_hours_s = duration_s(replace(task, hours=None, times=None), now)
    if whole_s > 2 * without_hours_s:  # most of the time nothing may be sent
        return Estimate(whole_s, Bottleneck.HOURS, _words(Bottleneck.HOURS, task))
    without = {
        Bottleneck.PACE: replace(task, per_minute=None),
        Bottleneck.LIMITS: replace(task, modems=[replace(each, own=(), shared=()) for each in task.modems]),
        Bottleneck.MODEMS: replace(task, modems=[replace(each, segment_s=each.segment_s / 2) for each in task.modems]),
    }
    shorter = {why: duration_s(each, now) for why, each in without.items()}
    worst = min(shorter, key=lambda why: shorter[why])
    if shorter[worst] >= whole_s:  # several hold it back equally: the one that can be changed at once
        worst = Bottleneck.PACE if task.per_minute is not None else Bottleneck.MODEMS
    return Estimate(whole_s, worst, _words(worst, task))


def duration_s(task: Task, now: datetime) -> float:
    """Return the seconds until a task is done, from a local time of the recipients; at most :data:`HORIZON_S`."""
    elapsed = open_s = 0.0
    while elapsed < HORIZON_S:
        is_open = _is_open(task, now + timedelta(seconds=elapsed))
        if _sent(task, elapsed + _STEP_S, open_s + (_STEP_S if is_open else 0)) >= task.segments:
            return _refined(task, elapsed, open_s, is_open)
        elapsed += _STEP_S
        open_s += _STEP_S if is_open else 0
    return float(HORIZON_S)


def _refined(task: Task, elapsed: float, open_s: float, is_open: bool) -> float:
    """Return the end within a step."""
    least, most = 0.0, float(_STEP_S)
    for _ in range(12):
        middle = (least + most) / 2
        if _sent(task, elapsed + middle, open_s + (middle if is_open else 0)) >= task.segments:
            most = middle
        else:
            least = middle
    return elapsed + most


def _is_open(task: Task, local: datetime) -> bool:
    if task.hours is not None and not task.hours.allows(local.weekday(), local.time()):
        return False
    times = task.times
    if times is None:
        return True
    if times.window is not None and not times.window.allows(local.time()):
        return False
    return (not times.days or local.weekday() in times.days) and local.date() not in times.holidays


def _sent(task: Task, elapsed_s: float, open_s: float) -> float:
    """Return how many segments can have been sent after a time, of which ``open_s`` were within the hours."""
    each = task.segments / max(1, task.recipients)
    own = {
        modem.name: min([open_s / modem.segment_s, *(_allowed(of, elapsed_s, each) for of in modem.own)])
        for modem in task.modems
    }
    total = sum(own.values())
    for shared in {of for modem in task.modems for of in modem.shared}:
        of_pool = sum(own[modem.name] for modem in task.modems if shared in modem.shared)
        total -= max(0.0, of_pool - _allowed(shared, elapsed_s, each))
    if task.per_minute is not None:
        total = min(total, (1 + task.per_minute / 60 * open_s) * each)
    return total


def _allowed(of: Allowance, elapsed_s: float, each: float) -> float:
    """Return how many segments a limit allows in a time; ``each`` is the number of segments of a message."""
    return (of.left + of.limit * (elapsed_s // of.seconds)) * (each if of.by_message else 1)


def _words(why: Bottleneck, task: Task) -> str:
    match why:
        case Bottleneck.PACE:
            return f"the pace of {task.per_minute} recipients a minute"
        case Bottleneck.HOURS:
            hours = task.hours or (task.times and task.times.window)
            return f"the sending hours {hours.since:%H:%M}-{hours.until:%H:%M}" if hours else "the days without sending"
        case Bottleneck.LIMITS:
            limits = {of for modem in task.modems for of in (*modem.own, *modem.shared)}
            tight = min(limits, key=lambda of: (of.limit / of.seconds, of.owner))
            more = f", and {len(limits) - 1} more" if len(limits) > 1 else ""
            kind = "recipients" if tight.by_recipient else "messages" if tight.by_message else "segments"
            return (
                f"the limit of {tight.owner}: {tight.limit} {kind} in {_span(tight.seconds)}, {tight.left} left{more}"
            )
        case Bottleneck.MODEMS:
            count = len(task.modems)
            seconds = sum(modem.segment_s for modem in task.modems) / count
            each = f"{seconds:.0f}" if seconds >= 1 else f"{seconds:.1g}"
            return f"{count} modem{'s' if count != 1 else ''}, about {each} s a segment"


def _span(seconds: int) -> str:
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            number = seconds // size
            return f"{number} {name}{'s' if number != 1 else ''}"
    return f"{seconds} s"
