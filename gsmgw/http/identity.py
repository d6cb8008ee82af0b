"""Who makes a request: a token from an address, or a process at the other end of the Unix socket."""

from __future__ import annotations

import pwd
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gsmgw.http.problems import Problem
from gsmgw.model import SOCKET
from gsmgw.store.tokens import UNLIMITED, TokenLimits

_KEY = "gsmgw.caller"
#: Where a request's state holds its connection.
LINE = "line"


@dataclass(frozen=True, slots=True)
class Peer:
    """SO_PEERCRED of a connection to the Unix socket (unix(7))."""

    pid: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Caller:
    """``token``: its name, empty for the socket. ``who`` and ``origin`` are words for the audit log."""

    who: str
    origin: str
    token: str = ""
    limits: TokenLimits = UNLIMITED
    #: What a token is for; None for the socket, which is trusted.
    scopes: tuple[str, ...] | None = None
    #: When the token expires, UTC milliseconds; None when it does not.
    expires_ms: int | None = None
    #: The token's number: a later token of the same name has another one.
    owner: int = SOCKET

    def allows(self, scope: str) -> bool:
        """Whether the token is for that."""
        return self.scopes is None or scope in self.scopes or "manage" in self.scopes

    def require(self, scope: str) -> None:
        """Raise :class:`Problem` when the token is not for that."""
        if not self.allows(scope):
            raise Problem("forbidden", f"the token {self.token!r} has no scope {scope!r}")

    def require_whole(self) -> None:
        """Raise :class:`Problem` when the token is held to some modems: it would make itself one that is not."""
        held = (*self.limits.modems, *self.limits.pools)
        if held:
            named = ", ".join(held)
            raise Problem("forbidden", f"the token {self.token!r} is held to {named}, and may not manage the gateway")


@lru_cache(maxsize=256)
def user_name(uid: int) -> str:
    """The name of a user, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def peer_of(scope: MutableMapping[str, Any]) -> Peer | None:
    """The process behind a connection to the Unix socket; None for TCP."""
    peer: Peer | None = scope.get("state", {}).get("peer")
    return peer


def address_of(scope: MutableMapping[str, Any]) -> str:
    """The address of a TCP client."""
    client = scope.get("client")
    return client[0] if client else ""


def enter(scope: MutableMapping[str, Any], caller: Caller) -> None:
    """Note who makes this request. Its connection is no longer that of a stranger."""
    scope[_KEY] = caller
    line = scope.get("state", {}).get(LINE)
    if line is not None:
        line.admit()


def caller_of(scope: MutableMapping[str, Any]) -> Caller:
    """Who makes this request."""
    known: Caller | None = scope.get(_KEY)
    if known is not None:
        return known
    peer = peer_of(scope)
    if peer is None:
        return Caller("", address_of(scope) or "socket")
    return Caller(user_name(peer.uid), f"pid {peer.pid}")
