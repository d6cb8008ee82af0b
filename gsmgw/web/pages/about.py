"""The version, the licences, and where to get help."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from starlette.responses import Response

from gsmgw.web.assets import FOLDER
from gsmgw.web.routing import Page
from gsmgw.web.view import View

_VENDOR: Path = FOLDER / "vendor"


@cache
def _vendored() -> list[dict[str, str]]:
    """Return the packages whose files the page delivers: name, version, source, licence and its text."""
    packages: dict[str, dict[str, str]] = {}
    for entry in tomllib.loads((_VENDOR / "SOURCES.toml").read_text(encoding="utf-8")).values():
        licence, _, file = entry["licence"].partition(", ")
        text = (_VENDOR / file).read_text(encoding="utf-8")
        known = {"name": entry["package"], "version": entry["version"], "licence": licence, "text": text}
        packages[entry["package"]] = known
    return list(packages.values())


async def about(view: View) -> Response:
    """Show what this is."""
    return view.render("about.html", stats=await view.gateway.stats(), vendored=_vendored())


PAGES = [Page("/about", about)]
