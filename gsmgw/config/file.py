"""The complete file, and checks across its sections."""

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
    """The complete file."""

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
        """Path of the database."""
        return self.gateway.state_dir / "gsmgw.db"

    @property
    def backups(self) -> Path:
        """Directory of the scheduled backups."""
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
                    raise ValueError(f"modems {ports[modem.port]!r} and {modem.name!r} use the same port {modem.port}")
                ports[modem.port] = modem.name
        pools = {pool.name for pool in self.pool}
        if len(pools) < len(self.pool):
            raise ValueError("two pools have the same name")
        if len({hook.name for hook in self.hook}) < len(self.hook):
            raise ValueError("two hooks have the same name")
        if not self.modems.discover:  # discovered modems get their names later
            for pool in self.pool:
                if unknown := sorted(set(pool.modems) - seen):
                    raise ValueError(f"pool {pool.name!r} refers to unknown modem {', '.join(map(repr, unknown))}")
            for route in self.route:
                if route.modem is not None and route.modem not in seen:
                    raise ValueError(f"route refers to unknown modem {route.modem!r}")
        if len({client.name for client in self.client}) < len(self.client):
            raise ValueError("two clients have the same name")
        for route in self.route:
            if route.pool is not None and route.pool not in pools:
                raise ValueError(f"route refers to unknown pool {route.pool!r}")
        return self
