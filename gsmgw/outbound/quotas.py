"""How many texts a token may send in any 60 seconds and in any 24 hours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from gsmgw.outbound.errors import QuotaExceeded
from gsmgw.outbound.principal import Principal
from gsmgw.ports import Clock
from gsmgw.rates import RollingCount
from gsmgw.store import Store, tokens

MINUTE_S, DAY_S = 60.0, 86_400.0


class Quota:
    """The texts of one token in the rolling windows of its limits. Knows no clock and no database."""

    def __init__(self, per_minute: int | None, per_day: int | None, earlier: Iterable[tuple[float, int]] = ()) -> None:
        self._windows = [
            (span_s, limit, words)
            for span_s, limit, words in ((MINUTE_S, per_minute, "minute"), (DAY_S, per_day, "day"))
            if limit is not None
        ]
        # A second is exact enough, and bounds what is kept.
        self._taken = RollingCount(DAY_S, earlier, merge=1.0)

    def wait_s(self, now_s: float, count: int) -> tuple[float, str] | None:
        """Return how long ``count`` texts must wait, and the limit that applies; None if they may be sent now.

        A count over the limit never fits: the wait is then the whole window.
        """
        waits = [
            (self._taken.free_at(now_s, span_s, limit, count) - now_s, f"{limit} texts a {words}")
            for span_s, limit, words in self._windows
        ]
        longest = max(waits, key=lambda wait: wait[0], default=None)
        return longest if longest is not None and longest[0] > 0 else None

    def take(self, now_s: float, count: int) -> None:
        """Count texts that are about to be accepted."""
        if count:
            self._taken.add(now_s, count)

    def give_back(self, count: int) -> None:
        """Take back the latest texts, which were not accepted after all."""
        self._taken.take_back(count)


class Reservation:
    """Texts that are counted before they are accepted. Those above ``used`` are given back at the end."""

    used = 0


class Quotas:
    """The quotas of all tokens, each read from the database when it is first needed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._quotas: dict[int, Quota] = {}

    def forget(self, owner: int) -> None:
        """Drop the quota of a token that was revoked."""
        self._quotas.pop(owner, None)

    @staticmethod
    def apply_to(principal: Principal) -> bool:
        """Return True when the caller's token has a quota."""
        return principal.limits.per_minute is not None or principal.limits.per_day is not None

    @asynccontextmanager
    async def reserve(self, principal: Principal, count: int) -> AsyncIterator[Reservation]:
        """Count texts against the caller's quota. Raises :class:`QuotaExceeded`."""
        reservation = Reservation()
        if not self.apply_to(principal):
            yield reservation
            return
        quota = await self._quota(principal)
        now_s = self._clock.wall_ms() / 1000
        if (wait := quota.wait_s(now_s, count)) is not None:
            pause_s, words = wait
            raise QuotaExceeded(f"the token {principal.token!r} may send {words}", int(pause_s) + 1)
        quota.take(now_s, count)
        try:
            yield reservation
        except asyncio.CancelledError:
            reservation.used = count  # they may be on disk: what was accepted must count
            raise
        finally:
            quota.give_back(count - reservation.used)

    async def _quota(self, principal: Principal) -> Quota:
        owner, limits = principal.owner, principal.limits
        quota = self._quotas.get(owner)
        if quota is None:
            since_ms = self._clock.wall_ms() - round(DAY_S * 1000)
            found = await self._store.read(lambda db: tokens.accepted_by_second(db, owner, since_ms))
            earlier = [(float(second + 1), number) for second, number in found]
            quota = self._quotas.setdefault(owner, Quota(limits.per_minute, limits.per_day, earlier))
        return quota
