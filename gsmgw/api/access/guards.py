"""Guards: tokens for the TCP listener, the credentials of the process for the Unix socket."""

from __future__ import annotations

import os
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from gsmgw.api.access.audit_log import Audit, is_managing
from gsmgw.api.access.authentication import CHALLENGE, Access
from gsmgw.http.identity import address_of, peer_of, set_principal, user_name
from gsmgw.http.origins import Proxies, network_key
from gsmgw.http.problems import Problem, of_exception
from gsmgw.outbound import ServiceError
from gsmgw.wire.problems import ProblemCode

_MANAGED = ("/v1/tokens", "/v1/webhooks", "/v1/audit", "/v1/backups")
#: People belong to the gateway, not to a modem: a token that is restricted to some modems does not see them.
_PEOPLE = ("/v1/contacts", "/v1/fields", "/v1/groups", "/v1/segments")
#: Calls that only read, although they have a body.
_READING = ("/v1/segments/preview",)


def scope_needed(method: str, path: str, beside: tuple[str, ...] = ()) -> str | None:
    """Return the scope that a request needs; None if it needs none.

    Routes ``beside`` the API check credentials by themselves.
    """
    if path.startswith(("/health/", "/docs", *beside)) or path == "/openapi.json":
        return None
    if method in ("GET", "HEAD") or path in _READING:
        return "manage" if path.startswith(_MANAGED) or path.endswith("/tap") else "read"
    if method == "POST" and path.startswith("/v1/messages"):
        return "send"
    return "manage"


class TokenGuard:
    """Accepts requests on TCP that have a token with the scope they need."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        audit: Audit,
        proxies: Proxies | None = None,
        beside: tuple[str, ...] = (),
    ) -> None:
        self._beside = beside
        self._proxies = proxies or Proxies()
        self._app = app
        self._access = access
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            self._proxies.find_client(scope)
            try:
                await self._check(scope)
            except (Problem, ServiceError) as exc:
                problem = of_exception(exc)
                if is_managing(scope["method"], scope["path"]):
                    await self._audit.note(scope, problem.status)
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope) -> None:
        address, path = address_of(scope), scope["path"]
        needed = scope_needed(scope["method"], path, self._beside)
        if needed is None:
            self._access.count_request(f"address {network_key(address)}")
            return
        header = next((value for name, value in scope["headers"] if name == b"authorization"), b"").decode("latin-1")
        kind, _, secret = header.partition(" ")
        if kind.lower() != "bearer" or not secret:
            self._access.count_request(f"address {network_key(address)}")
            raise Problem(
                ProblemCode.UNAUTHORIZED, "the header Authorization: Bearer TOKEN is missing", headers=CHALLENGE
            )
        principal = await self._access.enter(address, secret.strip())
        set_principal(scope, principal)
        principal.require(needed)
        if path.startswith((*_MANAGED, *_PEOPLE)):
            principal.require_unrestricted()


class SocketUsers:
    """The users that may use the socket; ``names`` may change."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self.names = frozenset(names)


class PeerGuard:
    """Accepts processes of the listed users, of root and of the gateway's own user; of all users if none is listed."""

    def __init__(self, app: ASGIApp, users: SocketUsers, beside: tuple[str, ...] = ()) -> None:
        self._beside = beside
        self._app = app
        self._users = users
        self._own = {0, os.getuid()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and self._users.names and self._is_guarded(scope):
            peer = peer_of(scope)
            if peer is None or (peer.uid not in self._own and user_name(peer.uid) not in self._users.names):
                who = "unknown" if peer is None else user_name(peer.uid)
                problem = Problem(ProblemCode.FORBIDDEN, f"the user {who!r} is not in [api] users")
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_guarded(self, scope: Scope) -> bool:
        return scope_needed(scope["method"], scope["path"], self._beside) is not None
