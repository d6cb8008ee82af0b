"""Protection of browsers: the headers of each answer, forwarded headers of known proxies, tokens of forms."""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gsmgw.web.settings import WebSettings

#: Methods that change nothing.
SAFE = ("GET", "HEAD")


def policy(frame_ancestors: tuple[str, ...]) -> str:
    """Return the Content-Security-Policy: nothing from other hosts, no inline script or style."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {' '.join(frame_ancestors) or chr(39) + 'none' + chr(39)}"
    )


class Headers:
    """Adds the security headers to each answer."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": policy(settings.frame_ancestors),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)


class Forwarded:
    """Takes the client's address and scheme from the headers of trusted proxies, and of nobody else.

    It also removes the prefix from paths, for a proxy that passes it on.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._prefix = settings.prefix
        self._networks = [ip_network(each, strict=False) for each in settings.trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            scope = dict(scope)
            if self._is_trusted(scope):
                self._take(scope)
            if self._prefix and (scope["path"] + "/").startswith(self._prefix + "/"):
                scope["path"] = scope["path"].removeprefix(self._prefix) or "/"
                scope.pop("raw_path", None)
        await self._app(scope, receive, send)

    def _is_trusted(self, scope: Scope) -> bool:
        client = scope.get("client")
        try:
            return client is not None and any(ip_address(client[0]) in network for network in self._networks)
        except ValueError:
            return False

    def _take(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        if address := headers.get(b"x-forwarded-for", b"").decode("latin-1").rpartition(",")[2].strip():
            scope["client"] = (address, 0)
        scheme = headers.get(b"x-forwarded-proto", b"").decode("latin-1").strip().lower()
        if scheme in ("http", "https"):
            scope["scheme"] = scheme
        if host := headers.get(b"x-forwarded-host", b"").strip():
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"].append((b"host", host))


def form_token(seed: str) -> str:
    """Return the token of the forms of a browser: derived from its secret cookie, which no other site can read."""
    return hmac.new(seed.encode(), b"gsmgw form", hashlib.sha256).hexdigest()


def is_own_origin(request: Request) -> bool:
    """Return True unless the browser says that another site made the request.

    The token of the form decides as well: old browsers send neither header.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == request.headers.get("host")
