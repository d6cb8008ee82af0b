"""TLS of the TCP listener by certificate files, which may be renewed while the gateway runs."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from gsmgw.errors import Unavailable

log = logging.getLogger(__name__)


class Certificates:
    """A context that looks at its files when a client comes, and uses new ones from then on.

    Files that cannot be used any more are reported, and the former ones stay in use.
    """

    def __init__(self, cert: Path, key: Path) -> None:
        self._cert, self._key = cert, key
        self._seen = self._stamp()
        try:
            self.context = self._load()
        except (OSError, ssl.SSLError) as exc:
            raise Unavailable("[api] tls_cert, tls_key", [self._explain(exc)]) from None

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._cert, self._key, password=_no_password)
        context.sni_callback = self._look
        return context

    def _stamp(self) -> tuple[int, ...]:
        found = []
        for path in (self._cert, self._key):
            try:
                status = path.stat()
            except OSError:
                return ()
            found += [status.st_mtime_ns, status.st_ino, status.st_size]
        return tuple(found)

    def _look(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        stamp = self._stamp()
        if stamp and stamp != self._seen:
            self._seen = stamp
            try:
                self.context = self._load()
                log.info("new certificates are in use: %s", self._cert)
            except (OSError, ssl.SSLError) as exc:
                log.error("the new certificates cannot be used, the former ones stay: %s", self._explain(exc))
        if self.context is not context:
            connection.context = self.context

    def _explain(self, exc: Exception) -> str:
        if isinstance(exc, ssl.SSLError) and exc.reason:
            words = exc.reason.lower().replace("_", " ")
            return f"{self._cert} and {self._key} cannot be used: {words}; both have to be PEM and belong together"
        for path in (self._cert, self._key):
            try:
                path.open("rb").close()
            except OSError as found:
                return f"{path} cannot be read: {found.strerror}"
        return f"{self._cert} and {self._key} cannot be used: {exc}"


def _no_password() -> str:
    """A daemon has nobody to ask."""
    raise OSError("the key is locked by a password")
