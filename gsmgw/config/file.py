"""The complete file, and checks across its sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gsmgw.config.bridges import CompatSection
from gsmgw.config.consent import ConsentSection
from gsmgw.config.events import HookSection, WebhooksSection
from gsmgw.config.fields import CROSS_PROBLEMS, Section
from gsmgw.config.fleet import FleetSection
from gsmgw.config.lines import Place
from gsmgw.config.mail import MailSection
from gsmgw.config.modems import ModemSection, ModemsSection, PoolSection
from gsmgw.config.mqtt import MqttSection
from gsmgw.config.sending import PriceSection, RouteSection, TimesSection
from gsmgw.config.service import (
    ApiSection,
    BackupSection,
    ClientSection,
    GatewaySection,
    KeepSection,
    RetentionSection,
    WebSection,
)
from gsmgw.config.smpp import SmppSection


class Config(Section):
    """The complete file."""

    gateway: GatewaySection = GatewaySection.model_construct()
    api: ApiSection = ApiSection.model_construct()
    compat: CompatSection = CompatSection.model_construct()
    mqtt: MqttSection = MqttSection.model_construct()
    smpp: SmppSection = SmppSection.model_construct()
    mail: MailSection = MailSection.model_construct()
    fleet: FleetSection = FleetSection.model_construct()
    web: WebSection = WebSection.model_construct()
    backup: BackupSection = BackupSection.model_construct()
    webhooks: WebhooksSection = WebhooksSection.model_construct()
    modems: ModemsSection = ModemsSection.model_construct()
    modem: list[ModemSection] = Field(default_factory=list)
    pool: list[PoolSection] = Field(default_factory=list)
    route: list[RouteSection] = Field(default_factory=list)
    hook: list[HookSection] = Field(default_factory=list)
    client: list[ClientSection] = Field(default_factory=list)
    consent: ConsentSection = ConsentSection.model_construct()
    price: list[PriceSection] = Field(default_factory=list)
    times: TimesSection = TimesSection.model_construct()
    retention: RetentionSection = RetentionSection.model_construct()
    keep: list[KeepSection] = Field(default_factory=list)

    @property
    def database(self) -> Path:
        """Path of the database."""
        return self.gateway.state_dir / "gsmgw.db"

    @property
    def backups(self) -> Path:
        """Directory of the scheduled backups."""
        return self.backup.directory or self.gateway.state_dir / "backups"

    @model_validator(mode="after")
    def _across(self) -> Config:
        found = [*self._twice(), *self._unknown_targets()]
        if found:
            raise PydanticCustomError(CROSS_PROBLEMS, "problems across sections", {"problems": found})
        return self

    def _twice(self) -> Iterator[tuple[Place, str]]:
        """Yield what occurs twice and may not."""
        modems = self.modem
        yield from _repeated("modem", "name", "is the name of another modem", [modem.name for modem in modems])
        yield from _repeated("modem", "port", "is the port of another modem", [modem.port for modem in modems])
        imeis = [None if modem.match is None else modem.match.imei for modem in modems]
        yield from _repeated("modem", "match", "is the IMEI of another modem", imeis)
        paths = [None if modem.match is None else modem.match.usb for modem in modems]
        yield from _repeated("modem", "match", "is the USB path of another modem", paths)
        for key, sections in (("pool", self.pool), ("hook", self.hook), ("client", self.client)):
            yield from _repeated(key, "name", f"is the name of another {key}", [section.name for section in sections])

    def _may_come(self, modem: str) -> bool:
        """Return True if a modem may appear later: a discovered one, or at a hub one of a node, ``ulm/m0``."""
        return self.modems.discover or (self.fleet.hub and "/" in modem)

    def _unknown_targets(self) -> Iterator[tuple[Place, str]]:
        """Yield references to modems and pools that do not exist. Discovered modems get their names later."""
        modems = [modem.name for modem in self.modem]
        pools = [pool.name for pool in self.pool]
        for number, pool in enumerate(self.pool):
            for name in pool.modems:
                if not self._may_come(name) and name not in modems:
                    yield ("pool", number, "modems"), f"pool.modems: {_does_not_exist('modem', name, modems)}"
        for number, price in enumerate(self.price):
            if price.modem is not None and not self._may_come(price.modem) and price.modem not in modems:
                yield ("price", number, "modem"), f"price.modem: {_does_not_exist('modem', price.modem, modems)}"
        for number, route in enumerate(self.route):
            if route.modem is not None and not self._may_come(route.modem) and route.modem not in modems:
                yield ("route", number, "modem"), f"route.modem: {_does_not_exist('modem', route.modem, modems)}"
            if route.pool is not None and route.pool not in pools:
                yield ("route", number, "pool"), f"route.pool: {_does_not_exist('pool', route.pool, pools)}"


def _repeated(section: str, key: str, words: str, values: Sequence[str | None]) -> Iterator[tuple[Place, str]]:
    """Yield a problem for each value that an earlier section of the same kind has."""
    for number, value in enumerate(values):
        if value is not None and value in values[:number]:
            yield (
                (section, number, key),
                f"{section}.{key}: {value!r} {words}, [[{section}]] number {values.index(value) + 1}",
            )


def _does_not_exist(kind: str, name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, 1, 0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(map(repr, known)) or 'none'}"
    return f"the {kind} {name!r} does not exist; {hint}"
