"""What is known of tokens and their use: found once, counted, throttled."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gsmgw.http.origins import place_of
from gsmgw.http.problems import Problem
from gsmgw.outbound import Principal
from gsmgw.ports import Clock
from gsmgw.store import Store, tokens
from gsmgw.store.tokens import Token

#: Wrong tokens from one address within a minute, after which it has to wait.
TRIES_PER_MINUTE: Final = 10
#: Addresses remembered at the most.
REMEMBERED: Final = 10_000
CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="gsmgw"'}


class Rates:
    """So many per key in any minute; keys that were not seen for long are forgotten."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._seen: OrderedDict[str, list[float]] = OrderedDict()

    def wait_s(self, key: str) -> int | None:
        """Seconds until the next one may come; None when it may now."""
        now = time.monotonic()
        recent = [moment for moment in self._seen.get(key, ()) if now - moment < 60]
        return round(60 - (now - recent[-self._limit])) + 1 if len(recent) >= self._limit else None

    def note(self, key: str) -> None:
        """One came."""
        now = time.monotonic()
        recent = [moment for moment in self._seen.pop(key, ()) if now - moment < 60]
        self._seen[key] = [*recent, now]
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)


class Bucket:
    """A request rate that allows a minute's worth at once (token bucket), in constant space per key."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> int | None:
        """Take one; else the seconds until there is one again."""
        now = time.monotonic()
        left, at = self._left.pop(key, (float(self._limit), now))
        left = min(float(self._limit), left + (now - at) * self._limit / 60)
        taken = left >= 1
        self._left[key] = (left - taken, now)
        while len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return None if taken else int((1 - left) * 60 / self._limit) + 1


class Access:
    """The tokens as requests need them, and how often whom."""

    def __init__(self, store: Store, clock: Clock, requests_per_minute: int | None = None) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, Token] | None = None
        self._generation = 0
        self._used_ms: dict[int, int] = {}
        self._failures = Rates(TRIES_PER_MINUTE)
        self._present: dict[int, set[asyncio.Event]] = {}
        self._requests = None if requests_per_minute is None else Bucket(requests_per_minute)

    def forget(self) -> None:
        """Tokens were made or revoked."""
        self._generation += 1
        self._known = None

    def send_away(self, owner: int) -> None:
        """End what callers with a token do that goes on and on: it was revoked."""
        for gone in self._present.get(owner, ()):
            gone.set()

    @property
    def present(self) -> int:
        """How many callers do something that goes on and on."""
        return sum(map(len, self._present.values()))

    @contextmanager
    def presence(self, principal: Principal) -> Iterator[asyncio.Event]:
        """Yield an event that is set when the caller's token is revoked, or has expired."""
        gone = asyncio.Event()
        timer = None
        if principal.expires_ms is not None:
            left_s = (principal.expires_ms - self._clock.wall_ms()) / 1000
            timer = self._clock.call_later(left_s, gone.set)
        self._present.setdefault(principal.owner, set()).add(gone)
        try:
            yield gone
        finally:
            if timer is not None:
                timer.cancel()
            self._present[principal.owner].discard(gone)
            if not self._present[principal.owner]:
                del self._present[principal.owner]

    async def enter(self, address: str, secret: str, name: str | None = None) -> Principal:
        """The caller with this token; :class:`Problem` when it is not valid. With a ``name``, it has to be that one.

        A valid token is let in whatever else came from the address: many clients may share it.
        """
        now_ms = self._clock.wall_ms()
        token = await self._find(secret)
        if token is None or not token.is_valid(now_ms) or (name is not None and name != token.name):
            self.fail(address)
            why = "the token has expired" if token is not None and name in (None, token.name) else "it is not known"
            raise Problem("unauthorized", why, headers=CHALLENGE)
        self.count_request(f"token {token.id}")
        used_ms = self._used_ms.get(token.id, token.last_used_ms)
        if used_ms is None or now_ms - used_ms > tokens.USE_NOTED_MS:
            self._used_ms[token.id] = now_ms
            await self._store.write(lambda tx: tokens.note_use(tx, now_ms, token.id))
        return Principal(token.name, address, token.name, token.limits, token.scopes, token.expires_ms, token.id)

    def fail(self, address: str) -> None:
        """Wrong credentials came from there; :class:`Problem` when there were too many."""
        place = place_of(address)
        wait_s = self._failures.wait_s(place)
        if wait_s is not None:
            raise _slow_down("too many wrong tokens from this address", wait_s)
        self._failures.note(place)

    async def _find(self, secret: str) -> Token | None:
        """Look a token up in memory, where all of them are: a wrong one costs no query."""
        digest = tokens.digest(secret)
        while self._known is None:
            generation = self._generation
            found = await self._store.read(tokens.by_digest)
            if generation == self._generation:  # else one may have been revoked meanwhile
                self._known = found
        return self._known.get(digest)

    def count_request(self, key: str) -> None:
        """A request by this token or from this address; :class:`Problem` when there are too many."""
        if self._requests is not None and (wait_s := self._requests.take(key)) is not None:
            raise _slow_down("too many requests", wait_s)


def _slow_down(detail: str, pause_s: int) -> Problem:
    return Problem("too_many_requests", detail, headers={"Retry-After": f"{pause_s}"})
