"""Routes that are served beside those of the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gsmgw.http.routes import Router


@dataclass(frozen=True, slots=True)
class Mount:
    """Paths whose routes read bodies and check credentials in their own way. ``router`` is None while it is off."""

    prefixes: tuple[str, ...]
    router: Router | None


def prefixes_of(mounts: Sequence[Mount]) -> tuple[str, ...]:
    """Return the paths of all mounts, also of those that are off."""
    return tuple(prefix for mount in mounts for prefix in mount.prefixes)
