"""Address and connection options of the gateway."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import httpx

DEFAULT_SOCKET = "/run/gsmgw/gsmgw.sock"
TIMEOUT_S = 30.0
#: A stream sends a heartbeat at least every 15 s; after four times that, the connection is lost.
STREAM_TIMEOUT = httpx.Timeout(TIMEOUT_S, read=60.0)
ENDLESS = httpx.Timeout(TIMEOUT_S, read=None)


def no_tls() -> ssl.SSLContext:
    """Return a context that trusts nobody, for connections without TLS: httpx would read all known certificates."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def where(socket: str | Path | None, url: str | None) -> str:
    """Return the address for messages."""
    return url or f"{socket}"


def options(url: str | None, token: str | None, ca_file: str | Path | None) -> dict[str, Any]:
    """Return the arguments for both kinds of httpx client, except the transport.

    ``ca_file`` holds the certificates of the authority, or the gateway's own one, that TLS is to trust.
    Raises ValueError for a URL or token that can be none.
    """
    if token is not None and not (token.isascii() and token.isprintable()):
        raise ValueError("the token contains characters that are not valid in a token")
    if url is not None:
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as exc:
            raise ValueError(f"{url!r} is not a valid URL: {exc}") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError(f"{url!r} is not a valid gateway URL: use http://HOST:PORT or https://HOST:PORT")
    found: dict[str, Any] = {
        "base_url": url or "http://gsmgw",
        "headers": {"Authorization": f"Bearer {token}"} if token else {},
        "timeout": TIMEOUT_S,
        "trust_env": bool(url),
    }
    if ca_file is not None:
        found["verify"] = ssl.create_default_context(cafile=str(ca_file))
    elif not found["base_url"].startswith("https:"):
        found["verify"] = no_tls()
    return found
