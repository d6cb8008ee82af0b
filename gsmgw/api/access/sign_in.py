"""Signing in with a name and a password."""

from __future__ import annotations

import logging
from typing import Final

from gsmgw.api.access.passwords import Passwords
from gsmgw.api.access.sessions import Sessions
from gsmgw.api.access.throttling import GrowingPause
from gsmgw.http.origins import network_key
from gsmgw.http.problems import Problem
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, sessions, users
from gsmgw.store.sessions import Session
from gsmgw.store.users import User
from gsmgw.wire.problems import ProblemCode

log = logging.getLogger(__name__)

#: Characters of a User-Agent that are kept.
_AGENT_CHARS: Final = 200


class SignIn:
    """Makes sessions. Guessing is slowed down without locking out the owner of a name.

    Wrong passwords are counted by name and source together. A source from which the user has no session is also counted
    by itself and by the name alone, so that many sources or many names are of no use.
    """

    def __init__(self, store: Store, clock: Clock, known: Sessions) -> None:
        self._store = store
        self._clock = clock
        self._sessions = known
        self._limit = GrowingPause(lambda: clock.monotonic())
        self.passwords = Passwords()

    async def __call__(self, name: str, password: str, source: str, agent: str) -> tuple[Session, str]:
        """Return a new session and its token. Raises :class:`Problem`; it is the same for a name that does not exist.

        ``source`` is the address of the person's device.
        """
        user = await self._store.read(lambda db: users.by_name(db, name))
        keys = await self._keys(name, user, source)
        waits = [wait_s for key in keys if (wait_s := self._limit.wait_s(key)) is not None]
        if waits:
            raise _too_many(max(waits))
        for key in keys:  # before the check: tries that run at the same time count
            self._limit.note(key)
        matches = await self.passwords.matches(password, None if user is None else user.password)
        made = await self._make(user, source, agent[:_AGENT_CHARS]) if matches and user is not None else None
        if made is None:
            log.warning("access: wrong name or password source=%s", source)
            raise Problem(ProblemCode.UNAUTHORIZED, "the name or the password is wrong")
        self._limit.clear(keys[0])
        for key in keys[1:]:
            self._limit.take_back(key)
        self._sessions.reload()
        return made

    async def require_password(self, user: User, password: str) -> None:
        """Raise :class:`Problem` unless this is the user's password. Wrong ones count as in signing in."""
        key = f"user {user.id}"
        if (wait_s := self._limit.wait_s(key)) is not None:
            raise _too_many(wait_s)
        self._limit.note(key)
        if not await self.passwords.matches(password, user.password):
            raise Problem(ProblemCode.FORBIDDEN, "current_password: is not your password")
        self._limit.clear(key)

    async def _keys(self, name: str, user: User | None, source: str) -> list[str]:
        """Return the keys under which a try is counted, the one of name and source first."""
        network, folded = network_key(source), name.casefold()
        both = f"name {folded} from {network}"
        if user is not None and await self._sessions.knows(user.id, source):
            return [both]
        return [both, f"name {folded}", f"source {network}"]

    async def _make(self, user: User, source: str, agent: str) -> tuple[Session, str] | None:
        now_ms = self._clock.wall_ms()

        def make(tx: Tx) -> tuple[Session, str] | None:
            now = users.by_id(tx, user.id)
            if now is None or now.disabled or now.password != user.password:  # changed meanwhile
                return None
            users.note_sign_in(tx, now_ms, user.id)
            return sessions.create(tx, now_ms, now, source, agent)

        return await self._store.write(make)


def _too_many(pause_s: int) -> Problem:
    detail = "too many wrong passwords; try again later"
    return Problem(ProblemCode.TOO_MANY_REQUESTS, detail, headers={"Retry-After": f"{pause_s}"})
