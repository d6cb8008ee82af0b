"""Sessions of users: the rights that they give, and how they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gsmgw.http.origins import network_key
from gsmgw.outbound import Principal, owner_of_user
from gsmgw.ports import Clock
from gsmgw.store import Store, sessions, tokens
from gsmgw.store.sessions import Session

#: The scopes of each role.
SCOPES_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "owner": ("send", "read", "manage"),
    "operator": ("send", "read"),
    "viewer": ("read",),
}


class Sessions:
    """All sessions, in memory, so that a wrong token costs no query."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, Session] | None = None
        self._generation = 0
        self._noted_ms: dict[int, int] = {}
        self._used_ms: dict[int, int] = {}

    def reload(self) -> None:
        """Read the sessions again: one was made or ended, or its user changed."""
        self._generation += 1
        self._known = None

    async def enter(self, secret: str, origin: str) -> Principal | None:
        """Return the caller with this token and note that its session is used; None if it is not valid."""
        now_ms = self._clock.wall_ms()
        known = await self._all()
        session = known.get(tokens.digest(secret))
        if session is None or not (session := self._current(session)).is_valid(now_ms):
            return None
        self._used_ms[session.id] = now_ms
        if now_ms - self._noted_ms.get(session.id, session.last_used_ms) > tokens.USE_NOTED_MS:
            self._noted_ms[session.id] = now_ms
            await self._store.write(lambda tx: sessions.note_use(tx, now_ms, session.id))
        return principal_of_session(session.used(now_ms), origin)

    async def valid(self) -> list[Session]:
        """Return the sessions that have not ended, the newest first."""
        now_ms = self._clock.wall_ms()
        found = [self._current(session) for session in (await self._all()).values()]
        return sorted((each for each in found if each.is_valid(now_ms)), key=lambda each: -each.id)

    async def knows(self, user_id: int, source: str) -> bool:
        """Return True if the user has a session from this source."""
        network = network_key(source)
        return any(each.user.id == user_id and network_key(each.source) == network for each in await self.valid())

    def _current(self, session: Session) -> Session:
        """Return a session with its last use, which is not written each time."""
        return session.used(self._used_ms.get(session.id, 0))

    async def _all(self) -> dict[str, Session]:
        while self._known is None:
            generation = self._generation
            found = await self._store.read(sessions.by_digest)
            if generation == self._generation:  # else one may have ended meanwhile
                ids = {session.id for session in found.values()}
                for times in (self._noted_ms, self._used_ms):
                    for gone in times.keys() - ids:
                        del times[gone]
                self._known = found
        return self._known


def principal_of_session(session: Session, origin: str) -> Principal:
    """Return the caller that a session stands for."""
    user = session.user
    return Principal(
        user.name,
        origin,
        f"user:{user.name}",
        scopes=SCOPES_OF[user.role],
        expires_ms=session.expires_ms,
        owner=owner_of_user(user.id),
        session=session.id,
    )
