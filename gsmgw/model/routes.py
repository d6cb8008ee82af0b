"""Routes: through which modems a message may leave. Written and read here and nowhere else.

A route is kept as a word: empty for any modem, ``=name`` for this modem only, ``@name`` for a pool, ``~name`` for this
modem as long as it is fit (a conversation stays with the SIM that was texted), and any other modem while it is not.
Before it stand the modems that refused the message and are asked again only when no other is left:
``!name!name@pool``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

#: The route through any modem.
ANY = ""
#: A modem's name, as the configuration allows it; before that of a node's modem stands the node.
_NAME = re.compile(r"[A-Za-z0-9_./-]+")


class RouteKind(Enum):
    """The kinds of route; the value is the sign that a route begins with."""

    ANY = ""
    MODEM = "="
    POOL = "@"
    CONVERSATION = "~"


_SIGNS = {kind.value: kind for kind in RouteKind if kind is not RouteKind.ANY}


@dataclass(frozen=True, slots=True)
class Route:
    """A route, taken apart. ``name`` is a modem or a pool, by the kind; ``avoided`` are modems that refused."""

    kind: RouteKind = RouteKind.ANY
    name: str = ""
    avoided: frozenset[str] = frozenset()

    @staticmethod
    @lru_cache(maxsize=1024)
    def parse(word: str) -> Route:
        """Read a route; :class:`ValueError` when it is not one."""
        avoided: list[str] = []
        rest = word
        while rest.startswith("!"):
            name = _NAME.match(rest, 1)
            if name is None:
                raise ValueError(f"not a valid route: {word!r}")
            avoided.append(name[0])
            rest = rest[name.end() :]
        if not rest:
            return Route(avoided=frozenset(avoided))
        kind = _SIGNS.get(rest[0])
        if kind is None:
            raise ValueError(f"not a valid route: {word!r}")
        return Route(kind, rest[1:], frozenset(avoided))

    def __str__(self) -> str:
        return "".join(f"!{name}" for name in sorted(self.avoided)) + self.kind.value + self.name

    @property
    def base(self) -> str:
        """The word of the route without the modems that refused."""
        return self.kind.value + self.name

    def around(self, modem: str) -> Route | None:
        """The route after this modem refused; None where there may be no other modem."""
        if self.kind is RouteKind.MODEM:
            return None
        avoided = self.avoided | {modem}
        if self.kind is RouteKind.CONVERSATION:
            return Route(avoided=avoided)
        return replace(self, avoided=avoided)


def node_of(modem: str | None) -> str | None:
    """Return the node of a modem, ``ulm`` of ``ulm/m0``; None for a modem of this gateway."""
    node, slash, _ = (modem or "").partition("/")
    return node if slash else None


def to_modem(name: str) -> str:
    """The route through one modem only."""
    return RouteKind.MODEM.value + name


def to_pool(name: str) -> str:
    """The route through the modems of a pool."""
    return RouteKind.POOL.value + name


def like_last_time(name: str) -> str:
    """The route of a conversation: through that modem while it is fit."""
    return RouteKind.CONVERSATION.value + name


def is_conversation(word: str) -> bool:
    """Return True for a route that prefers the modem that was texted."""
    return word.startswith(RouteKind.CONVERSATION.value)


def is_detour(word: str) -> bool:
    """Return True for a route that leads around modems that refused."""
    return word.startswith("!")


def target_of(word: str) -> tuple[str | None, str | None]:
    """The modem and the pool that a route is bound to."""
    route = Route.parse(word)
    return (
        route.name if route.kind is RouteKind.MODEM else None,
        route.name if route.kind is RouteKind.POOL else None,
    )
