"""Puts the MQTT bridge together, where it is configured and its package is installed."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gsmgw import __version__
from gsmgw.audience.recipients import Recipients
from gsmgw.audience.service import Audience
from gsmgw.config import Config
from gsmgw.dispatch import EventFeed
from gsmgw.modem import Modem
from gsmgw.outbound import MessageService
from gsmgw.ports import Clock
from gsmgw.store import Store, cursors
from gsmgw.wire import resources

if TYPE_CHECKING:
    from gsmgw.bridges.mqtt.bridge import MqttBridge

log = logging.getLogger(__name__)

#: The cursor of its events.
CURSOR = "mqtt"
Tasks = Sequence[tuple[str, Callable[[], Awaitable[None]]]]


class Mqtt:
    """The MQTT bridge of a gateway, if there is one. Its modules are imported only then."""

    def __init__(self, config: Config) -> None:
        self._settings = config.mqtt
        self._bridge: MqttBridge | None = None
        #: True if it is configured.
        self.enabled = config.mqtt.url is not None

    async def open(
        self,
        store: Store,
        clock: Clock,
        feed: EventFeed,
        service: MessageService,
        audience: Audience,
        country: Callable[[], str | None],
        modems: Mapping[str, Modem],
        usage: Callable[[str], Sequence[resources.LimitUse]],
        trouble: Callable[[], str | None],
    ) -> None:
        """Put it together; nothing runs yet."""
        if not self.enabled:  # else the events since it was switched off would be kept, and published one day
            await store.write(lambda tx: cursors.delete(tx, CURSOR))
            return
        if importlib.util.find_spec("paho") is None:
            log.warning('mqtt: off: [mqtt] needs more packages. Run: pip install "gsmgw[mqtt]"')
            return
        from gsmgw.bridges.mqtt.bridge import MqttBridge, MqttContext

        self._bridge = MqttBridge(
            MqttContext(
                settings=self._settings,
                version=__version__,
                service=service,
                recipients=Recipients(store, audience.groups, country),
                store=store,
                clock=clock,
                feed=feed,
                modems=modems,
                usage=usage,
                trouble=trouble,
                midnight_ms=lambda: _midnight_ms(clock.wall_ms()),
            )
        )

    def tasks(self) -> Tasks:
        """Return what runs, by name."""
        return () if self._bridge is None else self._bridge.tasks()

    def state(self) -> resources.BridgeState:
        """Return its state."""
        return {
            "name": "mqtt",
            "enabled": self.enabled,
            "paths": [self._settings.base],
            "trouble": self.trouble,
            "behind": None if self._bridge is None else self._bridge.publisher.lag,
        }

    @property
    def trouble(self) -> str | None:
        """Why it does not work; None if it does."""
        if self._bridge is None:
            return 'needs more packages: pip install "gsmgw[mqtt]"' if self.enabled else None
        return self._bridge.trouble


def _midnight_ms(now_ms: int) -> int:
    """Return when the day began, in the time zone of the machine."""
    now = datetime.fromtimestamp(now_ms / 1000).astimezone()
    return round(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
