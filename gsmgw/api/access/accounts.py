"""SMPP accounts: tokens with a short password besides their secret."""

from __future__ import annotations

import logging
import secrets
from typing import Final

from gsmgw.api.access.passwords import Passwords
from gsmgw.api.access.throttling import GrowingPause
from gsmgw.http.origins import network_key
from gsmgw.http.problems import Problem
from gsmgw.ports import Clock
from gsmgw.store import Store, tokens
from gsmgw.store.tokens import Token
from gsmgw.wire.problems import ProblemCode

log = logging.getLogger(__name__)

#: The longest that SMPP has room for (SMPP 3.4, 5.2.1 and 5.2.2).
NAME_CHARS: Final = 15
_PASSWORD_CHARS: Final = 8
#: Without those that look alike.
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def new_password() -> str:
    """Return a new password: 46 random bits, so guessing is slowed down by :class:`Accounts`."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_CHARS))


class Accounts:
    """Checks SMPP accounts. Wrong passwords are counted by name and network together.

    So a client with a wrong password keeps out neither others behind its address nor those with the same account
    elsewhere.
    """

    def __init__(self, store: Store, clock: Clock, passwords: Passwords) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self._limit = GrowingPause(lambda: clock.monotonic())

    async def enter(self, address: str, name: str, password: str) -> Token:
        """Return the account. Raises :class:`Problem`; it is the same for a name that does not exist."""
        key = f"{name} from {network_key(address)}"
        if (wait_s := self._limit.wait_s(key)) is not None:
            raise Problem(
                ProblemCode.TOO_MANY_REQUESTS, "too many wrong passwords", headers={"Retry-After": f"{wait_s}"}
            )
        self._limit.note(key)  # before the check: tries that run at the same time count
        found = await self._store.read(lambda db: tokens.smpp_account(db, name))
        matches = await self._passwords.matches(password, None if found is None else found[1])
        if found is None or not matches or not found[0].is_valid(self._clock.wall_ms()):
            log.warning("smpp: wrong account or password system_id=%s source=%s", name, address)
            raise Problem(ProblemCode.UNAUTHORIZED, "the account or its password is wrong")
        self._limit.clear(key)
        return found[0]
