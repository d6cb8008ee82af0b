"""Makes changed settings effective in the parts of a running gateway."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from gsmgw import logs
from gsmgw.api import Access, SocketUsers
from gsmgw.audience.consent.desk import ConsentDesk
from gsmgw.config import Config, ModemSection
from gsmgw.daemon.conversation_log import ConversationLog
from gsmgw.daemon.settings import (
    consent_settings,
    defaults_of,
    keep_rules,
    limits_of,
    log_settings,
    prices_of,
    route_table,
    sending_times,
)
from gsmgw.dispatch import Hooks, Indexer, Retention, Rollups, Webhooks
from gsmgw.http.origins import Proxies, networks_of
from gsmgw.outbound import MessageService, Scheduler
from gsmgw.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """The parts that take new settings while they run."""

    service: MessageService
    consent: ConsentDesk
    scheduler: Scheduler
    webhooks: Webhooks
    hooks: Hooks
    retention: Retention
    indexer: Indexer
    rollups: Rollups
    access: Access
    users: SocketUsers
    proxies: Proxies
    supervisor: Supervisor
    conversations: ConversationLog
    limits: dict[str, dict[str, Any]]
    add_modem: Callable[[ModemSection], None]
    #: The level that the command line asked for.
    log_level: str | None

    async def apply(self, config: Config, keys: Collection[str]) -> None:
        """Apply a configuration; ``keys`` names what has changed in it."""
        changed = {key.partition(".")[0] for key in keys}
        if any(key.startswith("gateway.log_") for key in keys):
            logs.configure(log_settings(config, self.log_level))
            self.conversations.levels_changed(numbers=config.gateway.log_numbers)
        if changed & {"gateway", "client", "route"}:
            self.service.reconfigure(defaults_of(config), route_table(config))
        if changed & {"gateway", "consent"}:
            await self.consent.reconfigure(consent_settings(config), config.consent.blocks)
        if "api" in changed:
            self.users.set(config.api.users, config.api.session_users)
            self.access.limit_requests(config.api.requests_per_minute)
            self.proxies.trust(networks_of(config.api.trusted_proxies))
        if "keep" in changed:
            self.indexer.reconfigure(keep_rules(config))
        if "price" in changed:
            self.rollups.reconfigure(prices_of(config))
        if "retention" in changed:
            self.retention.reconfigure(config.retention)
        if "times" in changed:
            self.scheduler.change_times(sending_times(config))
        if "modem" in changed:
            self._apply_modems(config, keys)
        await self._restart_targets(config, changed)

    def _apply_modems(self, config: Config, keys: Collection[str]) -> None:
        for modem in config.modem:
            if f"modem.{modem.name}" in keys:
                self.add_modem(modem)
            elif any(f"modem.{modem.name}.{key}" in keys for key in ("limits", "weight")):
                self.scheduler.change_limits(modem.name, limits_of(modem.limits), modem.weight)
                self.limits[modem.name] = modem.limits.model_dump(exclude_defaults=True)

    async def _restart_targets(self, config: Config, changed: Collection[str]) -> None:
        """Restart webhooks and hooks: their cursors are on disk, and what was interrupted is repeated."""
        if {"webhooks", "compat"} & set(changed):
            await self.supervisor.stop("webhooks")
            self.webhooks.reconfigure(config.webhooks, config.compat.callback_allow)
            self.supervisor.start("webhooks", self.webhooks.run)
        if "hook" in changed:
            await self.supervisor.stop("hooks")
            self.hooks.reconfigure(config.hook)
            self.supervisor.start("hooks", self.hooks.run)
