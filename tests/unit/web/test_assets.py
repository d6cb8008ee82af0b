"""Vendored files are those that were published; static files are delivered under their hash."""

from __future__ import annotations

import gzip
import hashlib
import tomllib
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from support.scripts import PROJECT

from gsmgw.web.assets import FOLDER, Assets

VENDORED = (FOLDER / "vendor", PROJECT / "tests" / "page" / "vendor")


@pytest.mark.parametrize("folder", VENDORED, ids=lambda folder: str(folder.relative_to(PROJECT)))
def test_vendored_files_are_as_they_were_published(folder: Path) -> None:
    about = tomllib.loads((folder / "SOURCES.toml").read_text(encoding="utf-8"))
    files = {path.name for path in folder.iterdir()} - {"SOURCES.toml"}
    assert {name for name in files if not name.endswith(".LICENSE")} == set(about)
    for name, entry in about.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"], name
        assert entry["source"].startswith("https://")
        assert (folder / entry["licence"].rpartition(" ")[2]).is_file()


def test_the_first_page_is_small() -> None:
    """At most 150 kB gzip, of which the page itself takes a few."""
    shipped = ["vendor/bootstrap.min.css", "page.css", "vendor/htmx.min.js", "vendor/hx-sse.min.js", "page.js"]
    shipped += ["icon.svg", "icons.svg"]
    assert sum(len(gzip.compress((FOLDER / name).read_bytes(), 9)) for name in shipped) < 100_000


async def test_a_file_is_kept_under_its_hash() -> None:
    assets = Assets()
    path = assets.path("page.js")
    app = Starlette(routes=[Route("/static/{name:path}", assets.serve)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://page") as client:
        kept = await client.get(path)
        assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert kept.headers["content-type"] == "text/javascript; charset=utf-8"
        assert kept.headers["content-encoding"] == "gzip"
        assert (await client.get("/static/page.js?v=other")).headers["cache-control"] == "no-cache"
        assert (await client.get("/static/..%2Fsite.py")).status_code == 404
