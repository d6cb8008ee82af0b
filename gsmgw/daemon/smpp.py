"""Puts the SMPP server together, where it is configured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from gsmgw.api import Access
from gsmgw.config import Config
from gsmgw.dispatch import EventFeed
from gsmgw.modem import Modem
from gsmgw.outbound import MessageService
from gsmgw.ports import Clock
from gsmgw.store import Store, cursors, tokens
from gsmgw.wire import resources

if TYPE_CHECKING:
    from gsmgw.bridges.smpp.server import SmppServer


class Smpp:
    """The SMPP server of a gateway, if there is one. Its modules are imported only then."""

    def __init__(self, config: Config) -> None:
        self._settings = config.smpp
        #: The server; None if it is off.
        self.server: SmppServer | None = None

    async def open(
        self,
        store: Store,
        clock: Clock,
        feed: EventFeed,
        service: MessageService,
        access: Access,
        modems: Mapping[str, Modem],
        pools: Callable[[], Collection[str]],
    ) -> None:
        """Put it together; nothing runs yet. Where it is off, accounts keep no events from being deleted."""
        if self._settings.listen is None:
            await store.write(lambda tx: cursors.release(tx, tokens.SMPP_CURSORS))
            return
        from gsmgw.bridges.smpp.context import SmppContext
        from gsmgw.bridges.smpp.server import SmppServer

        self.server = SmppServer(
            SmppContext(
                settings=self._settings,
                service=service,
                store=store,
                clock=clock,
                feed=feed,
                access=access,
                modems=modems,
                pools=pools,
            )
        )

    def tasks(self) -> Sequence[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return what runs, by name."""
        return () if self.server is None else self.server.tasks()

    def state(self) -> resources.BridgeState:
        """Return its state."""
        return {
            "name": "smpp",
            "enabled": self.server is not None,
            "paths": [] if self._settings.listen is None else [self._settings.listen],
            "trouble": None if self.server is None else self.server.trouble,
            "behind": None if self.server is None else self.server.behind,
        }
