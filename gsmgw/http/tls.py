"""TLS for the TCP listener, with certificate files that may be renewed while the gateway runs."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from gsmgw.errors import Unavailable

log = logging.getLogger(__name__)


class Certificates:
    """A TLS context that checks its files at each connection and reloads them when they have changed.

    If the new files cannot be used, that is logged and the previous ones stay in use.
    """

    def __init__(self, cert: Path, key: Path, section: str = "api") -> None:
        self._cert, self._key, self._section = cert, key, section
        self._seen = self._stamp()
        try:
            self.context = self._load()
        except (OSError, ssl.SSLError) as exc:
            raise Unavailable(f"[{section}] tls_cert, tls_key", [self._explain(exc)]) from None

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._cert, self._key, password=_no_password)
        context.sni_callback = self._reload
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

    def _reload(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        stamp = self._stamp()
        if stamp and stamp != self._seen:
            self._seen = stamp
            try:
                self.context = self._load()
                log.info("%s: new certificates loaded file=%s", self._section, self._cert)
            except (OSError, ssl.SSLError) as exc:
                log.error(
                    "%s: new certificates not loaded, previous ones stay in use error=%s",
                    self._section,
                    self._explain(exc),
                )
        if self.context is not context:
            connection.context = self.context

    def _explain(self, exc: Exception) -> str:
        if isinstance(exc, ssl.SSLError) and exc.reason:
            words = exc.reason.lower().replace("_", " ")
            return f"{self._cert} and {self._key} cannot be used: {words}; both must be PEM files that belong together"
        for path in (self._cert, self._key):
            try:
                path.open("rb").close()
            except OSError as found:
                return f"{path} cannot be read: {found.strerror}"
        return f"{self._cert} and {self._key} cannot be used: {exc}"


def _no_password() -> str:
    """Refuse to ask: a daemon has nobody who could answer."""
    raise OSError("the key is protected by a password")
