"""Take the pictures."""

from __future__ import annotations

import argparse
import base64
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent.parent))

from page.place import SIZES
from playwright.sync_api import sync_playwright

from pictures.stage import ANNA, Stage, stage

#: Of a picture: between small and sharp.
QUALITY = 82
MOST_BYTES = 120_000
ASSETS = Path(__file__).parents[2] / "docs" / "assets"


@dataclass(frozen=True)
class Picture:
    """A picture: where it is taken, at which size, and the element that must be there first."""

    name: str
    path: str
    size: str = "desktop"
    scheme: str = "light"
    wait: str = "main"
    #: A link that is followed first.
    follow: str = ""


PICTURES = (
    Picture("overview", "/", wait="#modems"),
    Picture("overview-phone", "/", "phone", "dark", wait="#modems"),
    Picture("conversation", f"/conversations/{quote(ANNA)}", wait=".bubble"),
    Picture("conversation-phone", f"/conversations/{quote(ANNA)}", "phone", wait=".bubble"),
    Picture("campaign", "/campaigns", wait="table.list", follow="Oven Saturday"),
    Picture("rules", "/rules"),
    Picture("statistics", "/statistics", wait=".chart canvas"),
    Picture("modem", "/modems/counter", scheme="dark"),
)


def main(arguments: list[str]) -> None:
    """Take all pictures, those that are named, or those of pages that are given as paths."""
    parser = argparse.ArgumentParser(prog="python -m tests.pictures")
    parser.add_argument("--out", type=Path, default=ASSETS)
    parser.add_argument("--whole", action="store_true", help="whole pages as PNG, to look at")
    parser.add_argument("names", nargs="*", metavar="NAME|PATH")
    given = parser.parse_args(arguments)
    wanted = [each for each in PICTURES if not given.names or each.name in given.names]
    for path in given.names:
        if path.startswith("/"):
            name = path.strip("/").replace("/", "-").replace("?", "-") or "home"
            wanted += [
                Picture(f"{name}-{size}-{scheme}", path, size, scheme)
                for size, scheme in (("desktop", "light"), ("phone", "dark"))
            ]
    with tempfile.TemporaryDirectory(prefix="gsmgw-pictures-") as directory, stage(Path(directory)) as place:
        _take(place, wanted, given.out, whole=given.whole)


def _take(place: Stage, pictures: list[Picture], out: Path, *, whole: bool) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing. Run: sudo sh tests/page/install-debian.sh")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for picture in pictures:
            _one(browser, place, picture, out / picture.name, whole=whole)
        browser.close()


def _one(browser: Any, place: Stage, picture: Picture, file: Path, *, whole: bool) -> None:
    width, height = SIZES[picture.size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=picture.scheme,
        locale="en",
        device_scale_factor=1,
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )
    context.add_cookies([{"name": "gsmgw_session", "value": place.token, "url": place.base}])
    page = context.new_page()
    page.goto(place.base + picture.path)
    page.wait_for_selector(picture.wait)
    if picture.follow:
        page.click(f"main a:has-text('{picture.follow}')")
        page.wait_for_selector("#progress")
    page.wait_for_timeout(500)  # charts are drawn
    if whole:
        file = file.with_suffix(".png")
        page.screenshot(path=file, full_page=True)
    else:
        file = file.with_suffix(".webp")
        taken = context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        file.write_bytes(base64.b64decode(taken["data"]))
    context.close()
    print(f"{file.name}: {file.stat().st_size // 1024} kB")
    if not whole and file.stat().st_size > MOST_BYTES:
        sys.exit(f"{file.name} is larger than {MOST_BYTES // 1000} kB")


main(sys.argv[1:])
