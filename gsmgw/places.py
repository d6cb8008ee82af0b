"""Where the configuration file is looked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SEARCH = ("/etc/gsmgw/gsmgw.toml", "~/.config/gsmgw/gsmgw.toml")


def find_config(explicit: str | None = None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file to use: ``explicit``, $GSMGW_CONFIG, or the first of ``SEARCH`` that exists; else None."""
    named = explicit or environ.get("GSMGW_CONFIG")
    if named:
        return Path(named).expanduser()
    for place in SEARCH:
        path = Path(place).expanduser()
        try:
            if path.is_file():
                return path
        except PermissionError:  # the directory belongs to the service and is closed to other users
            continue
    return None


def closed_places() -> list[str]:
    """Return the places of ``SEARCH`` that other users must not look into: a configuration file may exist there."""
    closed = []
    for place in SEARCH:
        try:
            Path(place).expanduser().stat()
        except PermissionError:
            closed.append(place)
        except OSError:
            continue
    return closed
