"""The caller of the message service, from whichever API or bridge."""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.model import SOCKET
from gsmgw.outbound.errors import Forbidden
from gsmgw.store.tokens import UNLIMITED, Token, TokenLimits

#: Numbers below these belong to users and to sessions; those of tokens are positive.
_USERS, _SESSIONS = -1_000, -(1 << 40)


def owner_of_user(user_id: int) -> int:
    """Return the owner of a user's messages."""
    return _USERS - user_id


def credential_of_session(session_id: int) -> int:
    """Return the credential of a session."""
    return _SESSIONS - session_id


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller with its rights. ``who`` and ``origin`` name it in the audit log."""

    who: str = ""
    origin: str = ""
    #: The name of its token, or ``user:NAME`` for a session; empty for the Unix socket.
    token: str = ""
    #: How much it may send, and through which modems and pools.
    limits: TokenLimits = UNLIMITED
    #: The purpose of its token; None for the Unix socket, which is trusted.
    scopes: tuple[str, ...] | None = None
    #: When its token expires, UTC milliseconds; None if it does not.
    expires_ms: int | None = None
    #: The number of its token or user. A later token of the same name has another number.
    owner: int = SOCKET
    #: The number of its session; 0 without one.
    session: int = 0

    @property
    def title(self) -> str:
        """The caller in words: ``the token 'web'``, or ``the user 'ann'``."""
        return f"the user {self.who!r}" if self.session else f"the token {self.token!r}"

    @property
    def user_id(self) -> int | None:
        """The number of its user; None without a session."""
        return _USERS - self.owner if self.session else None

    @property
    def credential(self) -> int:
        """The number of its token or session: streams end with it."""
        return credential_of_session(self.session) if self.session else self.owner

    @property
    def is_restricted(self) -> bool:
        """True when the token is restricted to some modems or pools."""
        return bool(self.limits.modems or self.limits.pools)

    def allows(self, scope: str) -> bool:
        """Return True when the token has the scope."""
        return self.scopes is None or scope in self.scopes or "manage" in self.scopes

    def require(self, scope: str) -> None:
        """Raise :class:`Forbidden` when the token lacks the scope."""
        if not self.allows(scope):
            raise Forbidden(f"{self.title} lacks the scope {scope!r}")

    def require_unrestricted(self) -> None:
        """Raise :class:`Forbidden` for a restricted token: it could otherwise create an unrestricted one."""
        if self.is_restricted:
            names = ", ".join((*self.limits.modems, *self.limits.pools))
            raise Forbidden(f"{self.title} is restricted to {names} and may not manage the gateway")


def principal_of_token(token: Token, origin: str) -> Principal:
    """Return the caller that a token stands for."""
    return Principal(token.name, origin, token.name, token.limits, token.scopes, token.expires_ms, token.id)
