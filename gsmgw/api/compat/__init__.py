"""Doors for clients that were written for other gateways: small, off until the configuration opens them.

Each translates its requests for the same intake, and its callbacks are webhooks in a dialect of their own.
"""

from __future__ import annotations

from fastapi import APIRouter

from gsmgw.api.compat import kannel, smsgate, twilio
from gsmgw.config import CompatSection


def open_doors(settings: CompatSection) -> list[APIRouter]:
    """The routers of the doors that are open."""
    doors = ((settings.kannel, kannel), (settings.smsgate, smsgate), (settings.twilio, twilio))
    return [door.router for is_open, door in doors if is_open]
