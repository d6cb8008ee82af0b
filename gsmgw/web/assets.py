"""The static files: read and compressed once, delivered under the hash of their content."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).with_name("static")
_KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_SHORT = {"Cache-Control": "no-cache"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file."""

    kind: str
    plain: bytes
    compressed: bytes
    version: str


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    version = hashlib.sha256(plain).hexdigest()[:16]
    return Asset(_KINDS[path.suffix], plain, gzip.compress(plain, 9, mtime=0), version)


class Assets:
    """All static files, by their path below ``static``."""

    def __init__(self) -> None:
        self._known = {
            path.relative_to(FOLDER).as_posix(): _read(path) for path in FOLDER.rglob("*") if path.suffix in _KINDS
        }

    def path(self, name: str) -> str:
        """Return the path of a file, with its version."""
        return f"/static/{name}?v={self._known[name].version}"

    async def serve(self, request: Request) -> Response:
        """Answer a request for a file."""
        asset = self._known.get(request.path_params["name"])
        if asset is None:
            return Response("not found", 404, media_type="text/plain")
        kept = _FOREVER if request.query_params.get("v") == asset.version else _SHORT
        headers = {**kept, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=asset.kind)
        return Response(asset.plain, headers=headers, media_type=asset.kind)
