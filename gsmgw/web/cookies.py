"""The cookies of the page."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import Response

#: How long a browser keeps choices; seconds.
_YEAR_S = 365 * 86400
#: The longest life of a session of the gateway; seconds.
_SESSION_S = 30 * 86400


def is_secure(request: Request) -> bool:
    """Return True if the browser used TLS."""
    return request.url.scheme == "https"


def _named(request: Request, name: str) -> str:
    return f"__Host-{name}" if is_secure(request) else name


def session_of(request: Request) -> str:
    """Return the token of the session, or an empty text."""
    return request.cookies.get(_named(request, "gsmgw_session"), "")


def seed_of(request: Request) -> str:
    """Return the secret that the tokens of forms are derived from: the session, or that of a visitor."""
    return session_of(request) or request.cookies.get(_named(request, "gsmgw_visitor"), "")


def new_seed() -> str:
    """Return a secret for a visitor."""
    return secrets.token_urlsafe(24)


def keep_session(request: Request, response: Response, token: str) -> None:
    """Set the cookie of a session."""
    _set(request, response, "gsmgw_session", token, _SESSION_S)


def keep_seed(request: Request, response: Response, seed: str) -> None:
    """Set the cookie of a visitor."""
    _set(request, response, "gsmgw_visitor", seed, None)


def forget_session(request: Request, response: Response) -> None:
    """Remove the cookie of a session."""
    _set(request, response, "gsmgw_session", "", 0)


def keep_choice(request: Request, response: Response, name: str, value: str) -> None:
    """Set the cookie of a choice, such as the colours."""
    _set(request, response, name, value, _YEAR_S)


def choice_of(request: Request, name: str) -> str:
    """Return a choice, or an empty text."""
    return request.cookies.get(_named(request, name), "")


def _set(request: Request, response: Response, name: str, value: str, age_s: int | None) -> None:
    response.set_cookie(
        _named(request, name), value, max_age=age_s, path="/", secure=is_secure(request), httponly=True, samesite="lax"
    )
