"""Guards: tokens for the TCP listener; the credentials of the process, or a token, for the Unix socket."""

from __future__ import annotations

import os
import re
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from gsmgw.api.access.audit_log import Audit, is_managing
from gsmgw.api.access.authentication import CHALLENGE, Access
from gsmgw.http.identity import Peer, address_of, peer_of, set_principal, user_name
from gsmgw.http.origins import Proxies, network_key
from gsmgw.http.problems import Problem, of_exception
from gsmgw.outbound import Principal, ServiceError
from gsmgw.wire.problems import ProblemCode

_MANAGED = (
    "/v1/tokens",
    "/v1/webhooks",
    "/v1/audit",
    "/v1/backups",
    "/v1/users",
    "/v1/privacy",
    "/v1/setup/",
    "/v1/configuration",
    "/v1/integrations",
)
#: People belong to the gateway, not to a modem: a token that is restricted to some modems does not see them.
_PEOPLE = (
    "/v1/contacts",
    "/v1/fields",
    "/v1/groups",
    "/v1/segments",
    "/v1/templates",
    "/v1/rules",
    "/v1/campaigns",
    "/v1/drips",
    "/v1/questions",
)
#: People who answer texts change these.
_ANSWERED = ("/v1/conversations/", "/v1/answers/")
#: People who answer texts keep the cards of contacts, too, and opt out whoever asks for that on the telephone.
_KEPT = (
    ("POST", re.compile("/v1/(?:contacts|optouts)")),
    ("PUT|PATCH", re.compile("/v1/contacts/[^/]+")),
    ("POST|DELETE", re.compile("/v1/groups/[^/]+/members(?:/[^/]+)?")),
)
#: Calls that only read, although they have a body.
_READING = ("/v1/segments/preview", "/v1/templates/preview", "/v1/rules/test")


def scope_needed(method: str, path: str, beside: tuple[str, ...] = ()) -> str | None:
    """Return the scope that a request needs; None if it needs none.

    Routes ``beside`` the API check credentials by themselves.
    """
    if path.startswith(("/health/", "/docs", *beside)) or path == "/openapi.json":
        return None
    if path == "/v1/setup":
        return None
    if _is_own(path):
        return None if (method, path) == ("POST", "/v1/sessions") else "read"
    if method in ("GET", "HEAD") or path in _READING:
        return "manage" if path.startswith(_MANAGED) or path.endswith("/tap") else "read"
    if path.startswith(_ANSWERED) or _is_kept(method, path) or (method == "POST" and path.startswith("/v1/messages")):
        return "send"
    return "manage"


def _is_kept(method: str, path: str) -> bool:
    return any(method in methods.split("|") and pattern.fullmatch(path) for methods, pattern in _KEPT)


def _is_own(path: str) -> bool:
    """Return True for what is the caller's own: the routes show nothing else to a caller without ``manage``."""
    return path in ("/v1/users/me", "/v1/sessions") or path.startswith("/v1/sessions/")


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
        secret = _bearer(scope)
        if secret is None:
            self._access.count_request(f"address {network_key(address)}")
            raise Problem(
                ProblemCode.UNAUTHORIZED, "the header Authorization: Bearer TOKEN is missing", headers=CHALLENGE
            )
        _admit(scope, await self._access.present_bearer(address, secret, address), needed)


#: The user of the service of the dashboard, who never has rights of its own.
DASHBOARD_USER = "gsmgw-web"


class SocketUsers:
    """The users of this machine that may use the socket, and those that need a session; both may change."""

    def __init__(self, names: Collection[str] = (), session_only: Collection[str] = ()) -> None:
        self.set(names, session_only)

    def set(self, names: Collection[str], session_only: Collection[str]) -> None:
        """Admit these users from now on; all if there are no ``names``."""
        self._names = frozenset(names)
        self._session_only = frozenset(session_only)
        self._own = {0, os.getuid()}

    def refusal(self, peer: Peer | None) -> str | None:
        """Return why a process has no rights of its own, in a sentence; None if it has."""
        if peer is not None and user_name(peer.uid) == DASHBOARD_USER:
            return "the dashboard has the rights of sessions only: sign in with POST /v1/sessions first"
        if not self._names and not self._session_only:
            return None
        if peer is None:
            return "the process at the other end of the socket is not known"
        name = user_name(peer.uid)
        if name in self._session_only:
            return f"the user {name!r} is in [api] session_users: sign in with POST /v1/sessions first"
        if self._names and peer.uid not in self._own and name not in self._names:
            return f"the user {name!r} is not in [api] users"
        return None


class PeerGuard:
    """Accepts processes of the listed users, of root and of the gateway's own user; of all users if none is listed.

    A request with a token has the rights of that token or session, and no others.
    """

    def __init__(self, app: ASGIApp, users: SocketUsers, access: Access, audit: Audit, beside: tuple[str, ...]) -> None:
        self._beside = beside
        self._app = app
        self._users = users
        self._access = access
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
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
        needed = scope_needed(scope["method"], scope["path"], self._beside)
        if needed is None:
            return
        peer, secret = peer_of(scope), _bearer(scope)
        if secret is not None:
            origin = "socket" if peer is None else f"pid {peer.pid}"
            _admit(scope, await self._access.present_bearer("", secret, origin), needed)
        elif (why := self._users.refusal(peer)) is not None:
            raise Problem(ProblemCode.FORBIDDEN, why)


def _bearer(scope: Scope) -> str | None:
    """Return the token of a request (RFC 6750 2.1)."""
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"").decode("latin-1")
    kind, _, secret = header.partition(" ")
    return secret.strip() or None if kind.lower() == "bearer" else None


def _admit(scope: Scope, principal: Principal, needed: str) -> None:
    """Note the caller. Raises :class:`Forbidden` where it lacks a right."""
    set_principal(scope, principal)
    principal.require(needed)
    if scope["path"].startswith((*_MANAGED, *_PEOPLE)) and not _is_own(scope["path"]):
        principal.require_unrestricted()
