"""Rules that choose the route of a message, and the routes that a modem serves. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gsmgw.model.routes import ANY, like_last_time, to_modem, to_pool


def routes_served(modem: str, pools: Iterable[str], unfit: Iterable[str]) -> tuple[str, ...]:
    """The routes a modem takes messages of. ``unfit`` are the modems whose conversations others carry on."""
    return (
        ANY,
        to_modem(modem),
        like_last_time(modem),
        *(to_pool(pool) for pool in pools),
        *(like_last_time(name) for name in unfit if name != modem),
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """Messages that meet every condition given go by ``route``."""

    route: str
    prefix: str | None = None
    country: str | None = None
    tag: str | None = None
    client: str | None = None
    pattern: re.Pattern[str] | None = None

    def matches(self, to: str, country: str | None, tags: Collection[str], client: str) -> bool:
        """True if the rule matches a message by number, country, tags and client."""
        return (
            (self.prefix is None or to.startswith(self.prefix))
            and (self.country is None or self.country == country)
            and (self.tag is None or self.tag in tags)
            and (self.client is None or self.client == client)
            and (self.pattern is None or self.pattern.search(to) is not None)
        )


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Rules in their order, and the pools."""

    rules: Sequence[Rule] = ()
    pools: Mapping[str, Collection[str]] | None = None

    def choose(self, to: str, country: str | None, tags: Collection[str], client: str) -> str:
        """The route of the first rule that matches; any modem where none does."""
        for rule in self.rules:
            if rule.matches(to, country, tags, client):
                return rule.route
        return ANY

    @property
    def wants_country(self) -> bool:
        """True if a rule depends on the country of the number."""
        return any(rule.country is not None for rule in self.rules)

    def pools_of(self, modem: str) -> tuple[str, ...]:
        """The pools that a modem is in."""
        return tuple(name for name, members in (self.pools or {}).items() if modem in members)
