"""Puts the bridges together: those that are routes of the API's listeners, and those that stand beside them."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from gsmgw import __version__
from gsmgw.api import Access
from gsmgw.audience.privacy import Privacy
from gsmgw.audience.recipients import Recipients
from gsmgw.audience.service import Audience
from gsmgw.bridges import BRIDGES, BridgeContext, StandingBridge
from gsmgw.config import Config
from gsmgw.daemon.fleet import Fleet
from gsmgw.daemon.modem_names import ModemNames
from gsmgw.dispatch import EventFeed, Webhooks
from gsmgw.http.mounts import Mount
from gsmgw.inbound import ReceiveHook
from gsmgw.modem import Modem
from gsmgw.outbound import MessageService, Scheduler
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, cursors, tokens
from gsmgw.wire import resources

if TYPE_CHECKING:  # a gateway without a fleet does not import it
    from gsmgw.bridges.fleet.bridge import FleetBridge

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BridgeParts:
    """The parts of the gateway that bridges are made of. ``config`` is the one at the start."""

    config: Config
    store: Store
    clock: Clock
    feed: EventFeed
    service: MessageService
    audience: Audience
    privacy: Privacy
    access: Access
    webhooks: Webhooks
    modems: Mapping[str, Modem]
    #: The names of the pools.
    pools: Callable[[], Collection[str]]
    #: How much of each limit of a modem is used.
    usage: Callable[[str], Sequence[resources.LimitUse]]
    #: Why the database does not keep what is written; None if it does.
    trouble: Callable[[], str | None]
    #: Country of numbers without a plus.
    country: Callable[[], str | None]
    scheduler: Scheduler
    #: Applies what a received text says about consent.
    on_received: ReceiveHook
    #: The names of all modems; a hub adds those of its nodes.
    modem_names: ModemNames


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a standing bridge is made. Its modules are imported by ``make``, so one that is off costs nothing."""

    name: str
    is_on: Callable[[Config], bool]
    #: The addresses or topics that it serves.
    places: Callable[[Config], list[str]]
    make: Callable[[BridgeParts], StandingBridge]
    #: Lets go of the events that are kept for it, where it passes on none.
    release: Callable[[Tx], object]
    passes_on: Callable[[Config], bool]
    #: The packages of its extra, as they are imported.
    packages: tuple[str, ...] = ()

    def missing(self) -> str | None:
        """Return what to do about packages that are not installed."""
        if all(importlib.util.find_spec(package) is not None for package in self.packages):
            return None
        return f'needs more packages: pip install "gsmgw[{self.name}]"'


class Bridges:
    """All bridges of a gateway."""

    def __init__(self, parts: BridgeParts) -> None:
        self._parts = parts
        #: The standing bridges that are on, by name.
        self.standing: dict[str, StandingBridge] = {}

        self.fleet = Fleet(
            parts.config.fleet,
            parts.store,
            self._fleet_bridge,
            lambda: self._state(_FLEET)["trouble"],
            lambda: {pool.name: pool.modems for pool in parts.config.pool},
        )

    def _fleet_bridge(self) -> FleetBridge | None:
        return cast("FleetBridge | None", self.standing.get(_FLEET.name))

    async def open(self) -> None:
        """Put the standing bridges together; nothing runs yet."""
        for kind in _KINDS:
            # Events that were kept for a bridge since it was switched off would be passed on one day, and all at once.
            if not kind.passes_on(self._parts.config):
                await self._parts.store.write(kind.release)
            if not kind.is_on(self._parts.config):
                continue
            if (missing := kind.missing()) is not None:
                log.warning("%s: off: [%s] %s", kind.name, kind.name, missing)
                continue
            self.standing[kind.name] = kind.make(self._parts)

    def tasks(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Yield what runs, by name."""
        for bridge in self.standing.values():
            yield from bridge.tasks()

    def mounts(self) -> tuple[Mount, ...]:
        """Return the routes of the bridges; those of a bridge that is off are not served."""
        parts, settings = self._parts, self._parts.config.compat
        context = BridgeContext(
            settings=settings,
            service=parts.service,
            store=parts.store,
            clock=parts.clock,
            feed=parts.feed,
            webhooks=parts.webhooks,
            access=parts.access,
            modems=parts.modems,
        )
        return tuple(
            Mount(bridge.prefixes, bridge.make_router(context) if bridge.is_on(settings) else None)
            for bridge in BRIDGES
        )

    def states(self) -> list[resources.BridgeState]:
        """Return the bridges with their states."""
        config = self._parts.config
        found: list[resources.BridgeState] = [
            {
                "name": bridge.name,
                "enabled": bridge.is_on(config.compat),
                "paths": [*bridge.prefixes],
                "trouble": None,
                "behind": None,
                "dropped": None,
            }
            for bridge in BRIDGES
        ]
        return found + [self._state(kind) for kind in _KINDS]

    def _state(self, kind: _Kind) -> resources.BridgeState:
        config, bridge = self._parts.config, self.standing.get(kind.name)
        is_on = kind.is_on(config)
        return {
            "name": kind.name,
            "enabled": is_on,
            "paths": kind.places(config),
            "trouble": bridge.trouble if bridge is not None else kind.missing() if is_on else None,
            "behind": None if bridge is None else bridge.behind,
            "dropped": None if bridge is None else bridge.dropped,
        }


def _make_mqtt(parts: BridgeParts) -> StandingBridge:
    from gsmgw.bridges.mqtt.bridge import MqttBridge, MqttContext

    return MqttBridge(
        MqttContext(
            settings=parts.config.mqtt,
            version=__version__,
            service=parts.service,
            recipients=Recipients(parts.store, parts.audience.groups, parts.country),
            store=parts.store,
            clock=parts.clock,
            feed=parts.feed,
            modems=parts.modems,
            usage=parts.usage,
            trouble=parts.trouble,
            midnight_ms=lambda: _midnight_ms(parts.clock.wall_ms()),
        )
    )


def _make_smpp(parts: BridgeParts) -> StandingBridge:
    from gsmgw.bridges.smpp.context import SmppContext
    from gsmgw.bridges.smpp.server import SmppServer

    return SmppServer(
        SmppContext(
            settings=parts.config.smpp,
            service=parts.service,
            store=parts.store,
            clock=parts.clock,
            feed=parts.feed,
            access=parts.access,
            modems=parts.modems,
            pools=parts.pools,
            country=parts.country,
        )
    )


def _make_mail(parts: BridgeParts) -> StandingBridge:
    from gsmgw.bridges.email.bridge import MailBridge
    from gsmgw.bridges.email.context import MailContext

    return MailBridge(
        MailContext(
            settings=parts.config.mail,
            service=parts.service,
            recipients=Recipients(parts.store, parts.audience.groups, parts.country),
            access=parts.access,
            store=parts.store,
            clock=parts.clock,
            feed=parts.feed,
            country=parts.country,
        )
    )


def _make_fleet(parts: BridgeParts) -> StandingBridge:
    from gsmgw.bridges.fleet.bridge import FleetBridge
    from gsmgw.bridges.fleet.context import FleetContext

    bridge = FleetBridge(
        FleetContext(
            settings=parts.config.fleet,
            version=__version__,
            service=parts.service,
            store=parts.store,
            clock=parts.clock,
            feed=parts.feed,
            modems=parts.modems,
            usage=parts.usage,
            weight=lambda name: next((each.weight for each in parts.config.modem if each.name == name), 1.0),
            queue=parts.scheduler,
            on_received=parts.on_received,
            privacy=parts.privacy,
        )
    )
    if bridge.hub is not None:
        parts.service.remote = bridge.hub.requests
        parts.modem_names.remote = bridge.hub.nodes.modems
    return bridge


def _midnight_ms(now_ms: int) -> int:
    """Return when the day began, in the time zone of the machine."""
    now = datetime.fromtimestamp(now_ms / 1000).astimezone()
    return round(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def _listed(listen: str | None) -> list[str]:
    return [] if listen is None else [listen]


_FLEET = _Kind(
    "fleet",
    is_on=lambda config: config.fleet.url is not None,
    places=lambda config: config.fleet.servers,
    make=_make_fleet,
    release=lambda tx: cursors.delete(tx, cursors.FLEET),
    passes_on=lambda config: config.fleet.url is not None and not config.fleet.hub,
    packages=("nats",),
)
_KINDS = (
    _Kind(
        "mqtt",
        is_on=lambda config: config.mqtt.url is not None,
        places=lambda config: [config.mqtt.base],
        make=_make_mqtt,
        release=lambda tx: cursors.delete(tx, cursors.MQTT),
        passes_on=lambda config: config.mqtt.url is not None,
        packages=("paho",),
    ),
    _Kind(
        "smpp",
        is_on=lambda config: config.smpp.listen is not None,
        places=lambda config: _listed(config.smpp.listen),
        make=_make_smpp,
        release=lambda tx: cursors.release(tx, tokens.SMPP_CURSORS),
        passes_on=lambda config: config.smpp.listen is not None,
    ),
    _Kind(
        "mail",
        is_on=lambda config: config.mail.listen is not None or bool(config.mail.to),
        places=lambda config: _listed(config.mail.listen),
        make=_make_mail,
        release=lambda tx: cursors.delete(tx, cursors.MAIL),
        passes_on=lambda config: bool(config.mail.to),
        packages=("aiosmtpd", "aiosmtplib"),
    ),
    _FLEET,
)
