"""Rules about what a caller may see, change and send through. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gsmgw.model import Direction, MessageRecord
from gsmgw.model.routes import target_of, to_modem, to_pool
from gsmgw.outbound.errors import Forbidden, Refusal, RouteForbidden
from gsmgw.outbound.principal import Principal
from gsmgw.outbound.submission import Submission
from gsmgw.store.tokens import TokenLimits
from gsmgw.store.visibility import Sight
from gsmgw.wire.problems import ProblemCode

Pools = Mapping[str, Collection[str]]


def visible_to(principal: Principal, pools: Pools) -> Sight | None:
    """Return which messages a caller may see; None for all.

    A token without the scope ``read`` sees its own messages only. A restricted token also sees those of its modems.
    """
    limits = principal.limits
    if not principal.allows("read"):
        return Sight(principal.owner, frozenset(), frozenset())
    if not principal.is_restricted:
        return None
    modems = modems_of(limits, pools)
    routes = frozenset(map(to_modem, modems)) | frozenset(map(to_pool, limits.pools))
    return Sight(principal.owner, modems, routes)


def modems_of(limits: TokenLimits, pools: Pools) -> frozenset[str]:
    """Return the modems that a token is restricted to; empty if it is not restricted."""
    return frozenset(limits.modems).union(*(pools.get(pool, ()) for pool in limits.pools))


def require_modem(principal: Principal, modem: str, pools: Pools) -> None:
    """Raise :class:`Forbidden` for a modem that the caller's token is not for."""
    if principal.is_restricted and modem not in (modems := modems_of(principal.limits, pools)):
        raise Forbidden(f"{principal.title} is restricted to the modems {', '.join(sorted(modems))}")


def require_own(principal: Principal, record: MessageRecord) -> None:
    """Raise :class:`Forbidden` where a caller may not change a message: without ``manage`` only its own."""
    is_own = record.owner == principal.owner and record.direction is Direction.OUTBOUND
    if not is_own and not principal.allows("manage"):
        raise Forbidden(f"{principal.title} may change only its own messages")


def require_route(principal: Principal, route: str) -> None:
    """Raise :class:`RouteForbidden` for a message that a restricted token may not send again."""
    if not principal.is_restricted:
        return
    modem, pool = target_of(route)
    if modem not in principal.limits.modems and pool not in principal.limits.pools:
        raise RouteForbidden(f"{principal.title} may send only through {_targets(principal)}")


def restricted(principal: Principal, submission: Submission) -> Submission:
    """Return a submission with a route that the token allows: the one it names, or the only one of the token.

    Raises :class:`Refusal` for another route, and for none where the token allows several.
    """
    if not principal.is_restricted:
        return submission
    modems, pools = principal.limits.modems, principal.limits.pools
    if submission.modem is None and submission.pool is None:
        if len(modems) + len(pools) == 1:
            return submission._replace(modem=next(iter(modems), None), pool=next(iter(pools), None))
        detail = f"{principal.title} must name one of {_targets(principal)}"
        raise Refusal(ProblemCode.NOT_YOUR_MODEM, "modem", detail)
    for field, named, allowed in (("modem", submission.modem, modems), ("pool", submission.pool, pools)):
        if named is not None and named not in allowed:
            detail = f"{principal.title} may send only through {_targets(principal)}"
            raise Refusal(ProblemCode.NOT_YOUR_MODEM, field, detail)
    return submission


def _targets(principal: Principal) -> str:
    limits = principal.limits
    return ", ".join([f"modem {name!r}" for name in limits.modems] + [f"pool {name!r}" for name in limits.pools])
