"""Which modem may take which message. Pure."""

from __future__ import annotations

#: The route of a message that any modem may carry.
ANY = ""


def routes_served(modem: str) -> tuple[str, ...]:
    """The lanes that a modem takes messages from."""
    return (ANY, modem)


def serves(modem: str, route: str) -> bool:
    """Whether a modem may carry a message of that route."""
    return route in (ANY, modem)
