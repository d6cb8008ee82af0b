"""The identity behind a request: a token and its address, or a process at the other end of the Unix socket."""

from __future__ import annotations

import pwd
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gsmgw.outbound import Principal

_KEY = "gsmgw.principal"
#: Key of a request's connection in its state.
LINE = "line"


@dataclass(frozen=True, slots=True)
class Peer:
    """SO_PEERCRED of a connection to the Unix socket (unix(7))."""

    pid: int
    uid: int
    gid: int


@lru_cache(maxsize=256)
def user_name(uid: int) -> str:
    """Return the name of a user, or its number if it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def peer_of(scope: MutableMapping[str, Any]) -> Peer | None:
    """Return the process behind a connection to the Unix socket; None for TCP."""
    peer: Peer | None = scope.get("state", {}).get("peer")
    return peer


def address_of(scope: MutableMapping[str, Any]) -> str:
    """Return the address of a TCP client; empty for the Unix socket."""
    client = scope.get("client")
    return client[0] if client else ""


def set_principal(scope: MutableMapping[str, Any], principal: Principal) -> None:
    """Note who makes this request. Its connection no longer counts as unauthenticated."""
    scope[_KEY] = principal
    line = scope.get("state", {}).get(LINE)
    if line is not None:
        line.admit()


def principal_of(scope: MutableMapping[str, Any]) -> Principal:
    """Return who makes this request."""
    known: Principal | None = scope.get(_KEY)
    if known is not None:
        return known
    peer = peer_of(scope)
    if peer is None:
        return Principal("", address_of(scope) or "socket")
    return Principal(user_name(peer.uid), f"pid {peer.pid}")
