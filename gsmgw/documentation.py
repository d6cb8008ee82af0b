"""Where a page of the documentation is on this machine."""

from __future__ import annotations

from pathlib import Path

#: Installed by the Debian package; else those of a checkout.
PLACES = (Path("/usr/share/doc/gsmgw"), Path(__file__).parents[1] / "docs")


def page(name: str) -> str:
    """Return the path of a page, for example ``guides/upgrade.md``; without one its place in the sources."""
    for place in PLACES:
        if (place / name).is_file():
            return str(place / name)
    return f"docs/{name} in the sources of gsmgw"
