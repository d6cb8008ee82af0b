"""The TCP listener of the API. It may have to wait for its address or its certificate.

Meanwhile the gateway serves its Unix socket and tries again.
"""

from __future__ import annotations

import logging
import socket

from gsmgw import sdnotify
from gsmgw.config.service import ApiSection
from gsmgw.errors import Unavailable
from gsmgw.http.server import bind_tcp
from gsmgw.http.tls import Certificates
from gsmgw.ports import Clock

log = logging.getLogger(__name__)

#: Seconds between two attempts.
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


class TcpListener:
    """The socket and the certificates of the listener."""

    def __init__(self, section: ApiSection, clock: Clock) -> None:
        self._section, self._clock = section, clock
        self.sockets: list[socket.socket] = []
        self.certificates: Certificates | None = None
        #: Why it is not served, in a sentence; None if it is served or not configured.
        self.trouble: str | None = None

    def open(self) -> bool:
        """Return True if the listener can be served or is not configured. Each reason against it is logged once."""
        api = self._section
        if api.listen is None:
            return True
        try:
            if api.tls_cert is not None and api.tls_key is not None:
                self.certificates = Certificates(api.tls_cert, api.tls_key)
            self.sockets = [bind_tcp(api.listen)]
        except Unavailable as exc:
            if str(exc) != self.trouble:
                self.trouble = str(exc)
                log.warning("api: TCP listener not available, retrying error=%s", self.trouble)
            return False
        if self.trouble is not None:
            log.info("api: TCP listener is available address=%s", api.listen)
            sdnotify.notify("STATUS=serving the socket and TCP")
            self.trouble = None
        return True

    async def wait(self) -> tuple[list[socket.socket], Certificates | None]:
        """Retry until the listener can be served, with growing pauses."""
        pause_s = FIRST_PAUSE_S
        while True:
            await self._clock.sleep(pause_s)
            if self.open():
                return self.sockets, self.certificates
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
