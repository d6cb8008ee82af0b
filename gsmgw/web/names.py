"""Who has a number."""

from __future__ import annotations

from gsmgw.client import ApiError, AsyncClient
from gsmgw.wire import resources


async def contact_of(gateway: AsyncClient, number: str) -> resources.Contact | None:
    """Return the contact with a number; None if there is none."""
    if not number.startswith("+"):
        return None
    try:
        return await gateway.contact(number)
    except ApiError:
        return None
