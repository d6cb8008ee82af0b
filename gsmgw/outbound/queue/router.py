"""Which modems may carry which message. Pure.

A route is a word: empty for any modem, ``=name`` for this modem only, ``@name`` for a pool, ``~name`` for this modem as
long as it is fit (a conversation stays with the SIM that was texted), and any other one while it is not. Before it
stand the modems that refused the message and are asked again only when no other is left: ``!name!name@pool``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

ANY = ""
#: A modem's name, as the configuration allows it.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def to_modem(name: str) -> str:
    """The route through one modem only."""
    return f"={name}"


def to_pool(name: str) -> str:
    """The route through the modems of a pool."""
    return f"@{name}"


def like_last_time(name: str) -> str:
    """The route of a conversation: through that modem while it is fit."""
    return f"~{name}"


def is_conversation(route: str) -> bool:
    """Whether it is a route that prefers the modem that was texted."""
    return route.startswith("~")


def routes_served(modem: str, pools: Iterable[str], unfit: Iterable[str]) -> tuple[str, ...]:
    """The routes a modem takes messages of. ``unfit`` are the modems whose conversations others carry on."""
    return (
        ANY,
        to_modem(modem),
        like_last_time(modem),
        *(to_pool(pool) for pool in pools),
        *(like_last_time(name) for name in unfit if name != modem),
    )


def avoided_by(route: str) -> tuple[frozenset[str], str]:
    """The modems that a route leads around, and the route without them."""
    *refusers, last = route.split("!")
    if not refusers:
        return frozenset(), route
    name = _NAME.match(last)
    assert name is not None, route
    return frozenset((*refusers[1:], name[0])), last[name.end() :]


def around(route: str, modem: str) -> str | None:
    """The route of a message that this modem refused and another one may carry; None where there may be no other."""
    avoided, base = avoided_by(route)
    if base.startswith("="):
        return None
    if base.startswith("~"):
        base = ANY
    return "".join(f"!{name}" for name in sorted({*avoided, modem})) + base


def target_of(route: str) -> tuple[str | None, str | None]:
    """The modem and the pool that a route is bound to."""
    _, route = avoided_by(route)
    if route.startswith("="):
        return route[1:], None
    if route.startswith("@"):
        return None, route[1:]
    return None, None


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
        """Whether a message to that number, of that country, with these tags, of that client, is meant."""
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
        """Whether a rule asks for the country of the number."""
        return any(rule.country is not None for rule in self.rules)

    def pools_of(self, modem: str) -> tuple[str, ...]:
        """The pools that a modem is in."""
        return tuple(name for name, members in (self.pools or {}).items() if modem in members)
