"""The caller of the message service, from whichever API or bridge."""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.model import SOCKET
from gsmgw.outbound.errors import Forbidden
from gsmgw.store.tokens import UNLIMITED, TokenLimits


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller with its rights. ``who`` and ``origin`` name it in the audit log."""

    who: str = ""
    origin: str = ""
    #: The name of its token; empty for the Unix socket.
    token: str = ""
    #: How much it may send, and through which modems and pools.
    limits: TokenLimits = UNLIMITED
    #: What its token is for; None for the Unix socket, which is trusted.
    scopes: tuple[str, ...] | None = None
    #: When its token expires, UTC milliseconds; None if it does not.
    expires_ms: int | None = None
    #: The number of its token. A later token of the same name has another number.
    owner: int = SOCKET

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
            raise Forbidden(f"the token {self.token!r} lacks the scope {scope!r}")

    def require_unrestricted(self) -> None:
        """Raise :class:`Forbidden` for a restricted token: it could otherwise create an unrestricted one."""
        if self.is_restricted:
            names = ", ".join((*self.limits.modems, *self.limits.pools))
            raise Forbidden(f"the token {self.token!r} is restricted to {names} and may not manage the gateway")
