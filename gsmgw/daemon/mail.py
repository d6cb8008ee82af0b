"""Puts the e-mail bridge together, where it is configured and its packages are installed."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from gsmgw.api.access.authentication import Access
from gsmgw.audience.recipients import Recipients
from gsmgw.audience.service import Audience
from gsmgw.config import Config
from gsmgw.dispatch import EventFeed
from gsmgw.outbound import MessageService
from gsmgw.ports import Clock
from gsmgw.store import Store, cursors
from gsmgw.wire import resources

if TYPE_CHECKING:
    from gsmgw.bridges.email.bridge import MailBridge

log = logging.getLogger(__name__)

Tasks = Sequence[tuple[str, Callable[[], Awaitable[None]]]]

_MISSING = 'needs more packages: pip install "gsmgw[mail]"'


class Mail:
    """The e-mail bridge of a gateway, if there is one. Its modules are imported only then."""

    def __init__(self, config: Config) -> None:
        self._settings = config.mail
        self._bridge: MailBridge | None = None
        #: True if it is configured.
        self.enabled = config.mail.listen is not None or bool(config.mail.to)

    async def open(
        self,
        store: Store,
        clock: Clock,
        feed: EventFeed,
        service: MessageService,
        audience: Audience,
        access: Access,
        country: Callable[[], str | None],
    ) -> None:
        """Put it together; nothing runs yet."""
        if not self._settings.to:  # else the events since it was switched off would be kept, and mailed one day
            await store.write(lambda tx: cursors.keep_only(tx, "mail", ()))
        if not self.enabled:
            return
        if any(importlib.util.find_spec(name) is None for name in ("aiosmtpd", "aiosmtplib")):
            log.warning("mail: off: [mail] %s", _MISSING)
            return
        from gsmgw.bridges.email.bridge import MailBridge
        from gsmgw.bridges.email.context import MailContext

        self._bridge = MailBridge(
            MailContext(
                settings=self._settings,
                service=service,
                recipients=Recipients(store, audience.groups, country),
                access=access,
                store=store,
                clock=clock,
                feed=feed,
                country=country,
            )
        )

    @property
    def port(self) -> int | None:
        """The port that it listens on; None while it does not."""
        listener = None if self._bridge is None else self._bridge.listener
        return None if listener is None else listener.port

    @property
    def sessions(self) -> int:
        """The number of connections to the listener."""
        listener = None if self._bridge is None else self._bridge.listener
        return 0 if listener is None else listener.sessions

    def tasks(self) -> Tasks:
        """Return what runs, by name."""
        return () if self._bridge is None else self._bridge.tasks()

    def state(self) -> resources.BridgeState:
        """Return its state."""
        outbox = None if self._bridge is None else self._bridge.outbox
        settings = self._settings
        return {
            "name": "mail",
            "enabled": self.enabled,
            "paths": [] if settings.listen is None else [settings.listen],
            "trouble": self.trouble,
            "behind": None if outbox is None else outbox.lag,
        }

    @property
    def trouble(self) -> str | None:
        """Why it does not work; None if it does."""
        if self._bridge is None:
            return _MISSING if self.enabled else None
        return self._bridge.trouble
