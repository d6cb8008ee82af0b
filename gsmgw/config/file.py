"""The whole file, and what must hold between its sections."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from gsmgw.config.bridges import CompatSection
from gsmgw.config.events import HookSection, WebhooksSection
from gsmgw.config.fields import Section
from gsmgw.config.modems import ModemSection, ModemsSection, PoolSection
from gsmgw.config.sending import RouteSection, TimesSection
from gsmgw.config.service import (
    ApiSection,
    BackupSection,
    ClientSection,
    GatewaySection,
    RetentionSection,
    WebSection,
)


class Config(Section):
    """The whole file."""

    gateway: GatewaySection = GatewaySection.model_construct()
    api: ApiSection = ApiSection.model_construct()
    compat: CompatSection = CompatSection.model_construct()
    web: WebSection = WebSection.model_construct()
    backup: BackupSection = BackupSection.model_construct()
    webhooks: WebhooksSection = WebhooksSection.model_construct()
    modems: ModemsSection = ModemsSection.model_construct()
    modem: list[ModemSection] = Field(default_factory=list)
    pool: list[PoolSection] = Field(default_factory=list)
    route: list[RouteSection] = Field(default_factory=list)
    hook: list[HookSection] = Field(default_factory=list)
    client: list[ClientSection] = Field(default_factory=list)
    times: TimesSection = TimesSection.model_construct()
    retention: RetentionSection = RetentionSection.model_construct()

    @property
    def database(self) -> Path:
        """Where the messages are."""
        return self.gateway.state_dir / "gsmgw.db"

    @property
    def backups(self) -> Path:
        """Where scheduled backups are kept."""
        return self.backup.directory or self.gateway.state_dir / "backups"

    @model_validator(mode="after")
    def _distinct(self) -> Config:
        seen: set[str] = set()
        ports: dict[str, str] = {}
        for modem in self.modem:
            if modem.name in seen:
                raise ValueError(f"two modems are named {modem.name!r}")
            seen.add(modem.name)
            if modem.port is not None:
                if modem.port in ports:
                    raise ValueError(f"modems {ports[modem.port]!r} and {modem.name!r} have the same port {modem.port}")
                ports[modem.port] = modem.name
        pools = {pool.name for pool in self.pool}
        if len(pools) < len(self.pool):
            raise ValueError("two pools have the same name")
        if len({hook.name for hook in self.hook}) < len(self.hook):
            raise ValueError("two hooks have the same name")
        if not self.modems.discover:  # a discovered modem is named when it is found
            for pool in self.pool:
                if strangers := sorted(set(pool.modems) - seen):
                    raise ValueError(f"pool {pool.name!r} names a modem that is not there: {', '.join(strangers)}")
            for route in self.route:
                if route.modem is not None and route.modem not in seen:
                    raise ValueError(f"a route leads to a modem that is not there: {route.modem}")
        if len({client.name for client in self.client}) < len(self.client):
            raise ValueError("two clients have the same name")
        for route in self.route:
            if route.pool is not None and route.pool not in pools:
                raise ValueError(f"a route leads to a pool that is not there: {route.pool}")
        return self
