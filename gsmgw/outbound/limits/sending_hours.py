"""When people may be texted: windows of the day, days of the week and holidays, in the recipient's own time. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gsmgw.model import Priority

#: A moment that is allowed is looked for this many days ahead.
HORIZON_DAYS = 400


@dataclass(frozen=True, slots=True)
class Window:
    """Allowed between two times of the day; over midnight where ``until`` is not later than ``since``."""

    since: time
    until: time

    def allows(self, moment: time) -> bool:
        """Return True if that time of the day is inside."""
        if self.since < self.until:
            return self.since <= moment < self.until
        return moment >= self.since or moment < self.until


@dataclass(frozen=True, slots=True)
class SendingTimes:
    """Which messages may be sent when. ``days`` are weekdays, Monday is 0; none given means every day."""

    window: Window | None = None
    days: Collection[int] = ()
    holidays: Collection[date] = ()
    classes: Collection[Priority] = field(default_factory=lambda: frozenset({Priority.NORMAL, Priority.BULK}))

    def applies_to(self, priority: Priority) -> bool:
        """Return True if messages of a class wait for sending hours. Urgent messages never do."""
        if self.window is None and not self.days and not self.holidays:
            return False
        return priority is not Priority.URGENT and priority in self.classes

    def _allows(self, moment: datetime, zones: Sequence[ZoneInfo]) -> bool:
        for zone in zones:
            local = moment.astimezone(zone)
            if self.window is not None and not self.window.allows(local.time()):
                return False
            if self.days and local.weekday() not in self.days:
                return False
            if local.date() in self.holidays:
                return False
        return True

    def next_allowed_ms(self, now_ms: int, zones: Sequence[ZoneInfo]) -> int | None:
        """The earliest moment from now on at which it is allowed in every one of the zones; None when there is none.

        A country with several zones is safe only where it is a proper time in all of them.
        """
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        if self._allows(now, zones):
            return now_ms
        best: datetime | None = None
        for openings in self._openings(now, zones):
            last_day = best is not None
            for moment in openings:
                if moment > now and (best is None or moment < best) and self._allows(moment, zones):
                    best = moment
            if last_day:  # the next day of a zone in the east may have begun before this day of one in the west
                break
        return None if best is None else round(best.timestamp() * 1000)

    def _openings(self, now: datetime, zones: Sequence[ZoneInfo]) -> Iterator[list[datetime]]:
        """For each day, the moments at which something may become allowed: midnight and opening of the window."""
        times = {time(0)} | ({self.window.since} if self.window is not None else set())
        days = [(now.astimezone(zone).date(), zone) for zone in zones]
        for ahead in map(timedelta, range(HORIZON_DAYS)):
            yield [
                datetime.combine(day + ahead, moment, zone).astimezone(UTC) for day, zone in days for moment in times
            ]
