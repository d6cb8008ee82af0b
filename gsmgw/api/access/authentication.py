"""Tokens and sessions: who has which, how often they are used, and who tries wrong ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from gsmgw.api.access.accounts import Accounts
from gsmgw.api.access.sessions import Sessions
from gsmgw.api.access.setup_code import SetupCode
from gsmgw.api.access.sign_in import SignIn
from gsmgw.api.access.throttling import FailureLimit, RequestLimit
from gsmgw.http.origins import network_key
from gsmgw.http.problems import Problem
from gsmgw.outbound import Principal, credential_of_session, principal_of_token
from gsmgw.ports import Clock
from gsmgw.store import Store, sessions, tokens
from gsmgw.store.tokens import Token
from gsmgw.wire.problems import ProblemCode

#: Wrong tokens from one client network within a minute; further ones are refused without a look.
WRONG_PER_MINUTE: Final = 10
CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="gsmgw"'}


class Access:
    """Authenticates tokens and sessions, and throttles clients."""

    def __init__(self, store: Store, clock: Clock, requests_per_minute: int | None = None) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, Token] | None = None
        self._generation = 0
        self._used_ms: dict[int, int] = {}
        self._failures = FailureLimit(WRONG_PER_MINUTE)
        self._present: dict[int, set[asyncio.Event]] = {}
        self._per_minute: int | None = None
        self._requests: RequestLimit | None = None
        self.sessions = Sessions(store, clock)
        self.sign_in = SignIn(store, clock, self.sessions)
        self.setup_code = SetupCode(clock)
        self.accounts = Accounts(store, clock, self.sign_in.passwords)
        self._listeners: list[Callable[[], None]] = []
        self.limit_requests(requests_per_minute)

    def limit_requests(self, per_minute: int | None) -> None:
        """Set the maximum number of requests per minute of each client; None for no limit."""
        if per_minute != self._per_minute:
            self._requests = None if per_minute is None else RequestLimit(per_minute)
            self._per_minute = per_minute

    def reload(self) -> None:
        """Read the tokens again: one was created or revoked."""
        self._generation += 1
        self._known = None
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when a token was created or revoked."""
        self._listeners.append(listener)

    def revoke(self, owner: int) -> None:
        """Forget a token that was revoked and end the responses that are streamed to it."""
        self.reload()
        self._end_responses(owner)

    def end_session(self, session_id: int) -> int:
        """Forget a session that has ended or changed and end what is streamed to it. Return its credential."""
        self.sessions.reload()
        credential = credential_of_session(session_id)
        self._end_responses(credential)
        return credential

    def _end_responses(self, credential: int) -> None:
        for gone in self._present.get(credential, ()):
            gone.set()

    @property
    def present(self) -> int:
        """The number of callers with a streamed response."""
        return sum(map(len, self._present.values()))

    @contextmanager
    def presence(self, principal: Principal) -> Iterator[asyncio.Event]:
        """Yield an event that is set when the caller's token or session ends."""
        gone = asyncio.Event()
        timer = None
        if principal.expires_ms is not None:
            left_s = (principal.expires_ms - self._clock.wall_ms()) / 1000
            timer = self._clock.call_later(left_s, gone.set)
        self._present.setdefault(principal.credential, set()).add(gone)
        try:
            yield gone
        finally:
            if timer is not None:
                timer.cancel()
            self._present[principal.credential].discard(gone)
            if not self._present[principal.credential]:
                del self._present[principal.credential]

    async def present_bearer(self, address: str, secret: str, origin: str) -> Principal:
        """Return the caller with this token, of a client or of a session. Raises :class:`Problem`.

        ``address`` is empty for the Unix socket, where nothing is throttled; ``origin`` names the caller's place.
        """
        if not secret.startswith(sessions.PREFIX):
            return await self.enter(address, secret, origin=origin)
        principal = await self.sessions.enter(secret, origin)
        if principal is None:
            self.fail(address)
            raise Problem(ProblemCode.UNAUTHORIZED, "the session has ended; sign in again", headers=CHALLENGE)
        if address:
            self.count_request(f"session {principal.session}")
        return principal

    async def enter(
        self, address: str, secret: str, name: str | None = None, *, origin: str | None = None
    ) -> Principal:
        """Return the caller with this token and, if given, this name. Raises :class:`Problem`.

        A valid token is accepted whatever else came from the address: many clients may share it.
        """
        now_ms = self._clock.wall_ms()
        token = await self._find(secret)
        if token is None or not token.is_valid(now_ms) or (name is not None and name != token.name):
            self.fail(address)
            has_expired = token is not None and name in (None, token.name)
            why = "the token has expired" if has_expired else "the token is not valid"
            raise Problem(ProblemCode.UNAUTHORIZED, why, headers=CHALLENGE)
        if address:
            self.count_request(f"token {token.id}")
        await self._note_use(token, now_ms)
        return principal_of_token(token, address if origin is None else origin)

    async def enter_account(self, address: str, name: str, password: str) -> Principal:
        """Return the caller with this SMPP account. Raises :class:`Problem`."""
        token = await self.accounts.enter(address, name, password)
        await self._note_use(token, self._clock.wall_ms())
        return principal_of_token(token, address)

    async def _note_use(self, token: Token, now_ms: int) -> None:
        used_ms = self._used_ms.get(token.id, token.last_used_ms)
        if used_ms is None or now_ms - used_ms > tokens.USE_NOTED_MS:
            self._used_ms[token.id] = now_ms
            await self._store.write(lambda tx: tokens.note_use(tx, now_ms, token.id))

    def fail(self, address: str) -> None:
        """Count wrong credentials from an address. Raises :class:`Problem` if there were too many."""
        if not address:
            return
        key = network_key(address)
        wait_s = self._failures.wait_s(key)
        if wait_s is not None:
            raise _too_many("too many wrong tokens from this address", wait_s)
        self._failures.note(key)

    def count_request(self, key: str) -> None:
        """Count a request of a token or an address. Raises :class:`Problem` if there were too many."""
        if self._requests is not None and (wait_s := self._requests.take(key)) is not None:
            raise _too_many("too many requests", wait_s)

    async def _find(self, secret: str) -> Token | None:
        """Return the token with this secret. All of them are in memory, so that a wrong one costs no query."""
        digest = tokens.digest(secret)
        while self._known is None:
            generation = self._generation
            found = await self._store.read(tokens.by_digest)
            if generation == self._generation:  # else a token may have been revoked meanwhile
                self._known = found
        return self._known.get(digest)


def _too_many(detail: str, pause_s: int) -> Problem:
    return Problem(ProblemCode.TOO_MANY_REQUESTS, detail, headers={"Retry-After": f"{pause_s}"})
