"""Settings of the page's process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Settings of ``[web]``, and the socket of the gateway."""

    socket: str
    #: Path below which a proxy serves the page: "" or "/sms".
    prefix: str = ""
    #: Sites that may show the page in a frame (CSP frame-ancestors).
    frame_ancestors: tuple[str, ...] = ()
    #: Addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted.
    trusted_proxies: tuple[str, ...] = ()
    #: Control socket of a modem simulator whose phones the page shows; "" if there is none.
    simulator: str = ""
