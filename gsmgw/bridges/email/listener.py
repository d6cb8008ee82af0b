"""Listens for mails, and tries again where it cannot."""

from __future__ import annotations

import asyncio
import logging
import ssl

from gsmgw.bridges.email.context import MailContext
from gsmgw.bridges.email.intake import Intake
from gsmgw.bridges.email.session import Session
from gsmgw.config.mail import MailSection, is_loopback
from gsmgw.errors import Unavailable
from gsmgw.http.tls import Certificates

log = logging.getLogger(__name__)

#: Pause before it tries again to listen, seconds.
PAUSE_S = 15.0


class Listener:
    """The SMTP server of the bridge."""

    def __init__(self, ctx: MailContext) -> None:
        self._settings = ctx.settings
        self._clock = ctx.clock
        self._intake = Intake(ctx)
        self._sessions: set[Session] = set()
        #: Why it does not listen; None while it does.
        self.trouble: str | None = "does not listen yet"
        #: The port; another than the configured one if that is 0.
        self.port: int | None = None
        # It would log each command, with the numbers, as information.
        logging.getLogger("mail.log").setLevel(logging.ERROR)

    @property
    def sessions(self) -> int:
        """The number of connections."""
        return len(self._sessions)

    async def run(self) -> None:
        """Listen until cancelled."""
        failed = False
        while True:
            try:
                await self._listen()
            except (OSError, Unavailable) as exc:
                self.trouble = f"cannot listen on {self._settings.listen}: {exc}"
                if not failed:
                    log.error("mail: %s; trying again", self.trouble)
                failed = True
            await self._clock.sleep(PAUSE_S)

    async def _listen(self) -> None:
        host, _, port = (self._settings.listen or "").rpartition(":")
        tls = _certificates(self._settings)
        implicit = self._settings.listen_tls == "implicit"
        demand_tls = not implicit and not is_loopback(host)
        server = await asyncio.get_running_loop().create_server(
            lambda: Session(self._intake, self._sessions, None if implicit else tls, demand_tls=demand_tls),
            host.strip("[]"),
            int(port),
            ssl=tls if implicit else None,
        )
        try:
            self.port = server.sockets[0].getsockname()[1]
            self.trouble = None
            log.info("mail: listening on %s", self._settings.listen)
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for session in [*self._sessions]:
                session.close()
            await self._intake.settle()


def _certificates(settings: MailSection) -> ssl.SSLContext | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Certificates(settings.tls_cert, settings.tls_key, "mail").context
