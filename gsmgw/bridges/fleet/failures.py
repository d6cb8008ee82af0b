"""Failures of the connection to the NATS server, in words."""

from __future__ import annotations

import asyncio
import ssl

import nats.errors
from nats.js.errors import APIError

from gsmgw.errors import GsmgwError

#: All that nats-py raises when a connection or a request fails.
FAILURES = (nats.errors.Error, OSError, asyncio.TimeoutError, ssl.SSLError)


class ConnectionLost(GsmgwError):
    """The server cannot be reached, refuses, or went away. The message says why."""


def words_of(exc: Exception, otherwise: str) -> str:
    """Return why something failed, in words."""
    if isinstance(exc, nats.errors.NoServersError):
        return otherwise if otherwise not in ("", "closed") else "no NATS server answers"
    if isinstance(status := getattr(exc, "status", None), int):  # of aiohttp
        return f"what answers there does not speak WebSocket (HTTP {status})"
    if isinstance(exc, APIError):
        return str(exc.description or exc)
    if isinstance(exc, asyncio.TimeoutError | nats.errors.TimeoutError):
        return "the NATS server does not answer in time"
    return str(getattr(exc, "strerror", None) or exc or type(exc).__name__).removeprefix("nats: ").strip("'\"")
