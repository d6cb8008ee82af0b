"""Permissions of a caller: to see, to change, and to send through modems."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.desk import LOCAL, TO, desk

from gsmgw.outbound import (
    Accepted,
    Forbidden,
    MessageNotFound,
    Principal,
    QuotaExceeded,
    Refusal,
    RouteForbidden,
    RouteTable,
    Submission,
    WrongState,
)
from gsmgw.outbound.permissions import modems_of, require_modem, require_route, restricted, visible_to
from gsmgw.store.tokens import TokenLimits

POOLS = {"night": ["m1", "m2"], "day": ["m3"]}
MODEM = Principal("a", "x", "a", TokenLimits(modems=("m0",)), ("send", "read"), owner=7)
POOL = Principal("b", "x", "b", TokenLimits(modems=("m0",), pools=("night",)), ("send", "read"), owner=8)
SENDER = Principal("c", "x", "c", scopes=("send",), owner=9)


def test_scopes() -> None:
    assert LOCAL.allows("manage")
    assert Principal(scopes=("manage",)).allows("send")
    SENDER.require("send")
    with pytest.raises(Forbidden, match="the token 'c' lacks the scope 'read'"):
        SENDER.require("read")
    with pytest.raises(Forbidden, match="restricted to m0, night and may not manage"):
        POOL.require_unrestricted()
    SENDER.require_unrestricted()


def test_a_restricted_token_sees_its_modems_and_its_own_messages() -> None:
    assert visible_to(LOCAL, POOLS) is None
    sight = visible_to(POOL, POOLS)
    assert sight is not None
    assert (sight.owner, sight.modems) == (8, {"m0", "m1", "m2"})
    assert sight.routes == {"=m0", "=m1", "=m2", "@night"}
    own = visible_to(SENDER, POOLS)
    assert own is not None
    assert (own.owner, own.modems, own.routes) == (9, frozenset(), frozenset())
    assert modems_of(POOL.limits, {}) == {"m0"}
    require_modem(POOL, "m2", POOLS)
    with pytest.raises(Forbidden, match="restricted to the modems m0, m1, m2"):
        require_modem(POOL, "m3", POOLS)


def test_a_restricted_token_sends_through_its_modems_only() -> None:
    plain = Submission(TO, "x")
    assert restricted(LOCAL, plain) is plain
    assert restricted(MODEM, plain).modem == "m0"
    assert restricted(POOL, plain._replace(pool="night")).pool == "night"
    with pytest.raises(Refusal, match="must name one of modem 'm0', pool 'night'"):
        restricted(POOL, plain)
    with pytest.raises(Refusal, match="modem: the token 'b' may send only through modem 'm0', pool 'night'"):
        restricted(POOL, plain._replace(modem="m1"))
    require_route(POOL, "@night")
    require_route(MODEM, "!m1=m0")
    with pytest.raises(RouteForbidden, match="may send only through modem 'm0'"):
        require_route(MODEM, "")


async def test_the_service_asks_who_calls(tmp_path: Path) -> None:
    async with desk(tmp_path, table=RouteTable((), POOLS)) as work:
        service = work.service
        reader = Principal("r", "x", "r", scopes=("read",), owner=1)
        other = Principal("o", "x", "o", scopes=("send", "read"), owner=2)
        for call in (
            service.submit(reader, Submission(TO, "x")),
            service.preview_batch(reader, [Submission(TO, "x")]),
            service.cancel(reader, 1),
        ):
            with pytest.raises(Forbidden, match="lacks the scope 'send'"):
                await call
        with pytest.raises(Forbidden):
            service.preview(reader, "x")
        accepted = await service.submit(SENDER, Submission(TO, "x"))
        assert (await service.get(reader, accepted.message_id)).owner == SENDER.owner
        with pytest.raises(Forbidden, match="may change only its own messages"):
            await service.cancel(other, accepted.message_id)
        stranger = Principal("s", "x", "s", scopes=("send",), owner=3)
        with pytest.raises(MessageNotFound):
            await service.cancel(stranger, accepted.message_id)
        await service.cancel(SENDER, accepted.message_id)
        with pytest.raises(WrongState, match="the message is canceled: only a message that is not yet being sent"):
            await service.cancel(SENDER, accepted.message_id)
        with pytest.raises(WrongState, match="only a message with unknown outcome"):
            await service.resolve(LOCAL, accepted.message_id, resend=True)


async def test_refusals_stand_where_their_messages_stood(tmp_path: Path) -> None:
    async with desk(tmp_path, table=RouteTable((), POOLS)) as work:
        wanted = [
            Submission(TO, "a", pool="day"),
            Submission(TO, "b", pool="night"),
            Submission("?", "c", pool="night"),
        ]
        first, second, third = await work.service.submit_batch(POOL, wanted)
        assert isinstance(first, Refusal)
        assert first.code == "not_your_modem"
        assert isinstance(second, Accepted)
        assert isinstance(third, Refusal)
        assert third.code == "invalid_number"


async def test_what_is_not_accepted_does_not_count(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        limited = Principal("l", "x", "l", TokenLimits(per_minute=2), ("send",), owner=4)
        refused, accepted = await work.service.submit_batch(limited, [Submission(TO, ""), Submission(TO, "x")])
        assert (isinstance(refused, Refusal), isinstance(accepted, Accepted)) == (True, True)
        await work.service.submit(limited, Submission(TO, "y", client_ref="r"), "k")
        replayed = await work.service.submit(limited, Submission(TO, "y", client_ref="r"), "k")
        assert replayed.replayed
        with pytest.raises(QuotaExceeded, match="the token 'l' may send 2 texts a minute") as caught:
            await work.service.submit(limited, Submission(TO, "z"))
        assert 0 < caught.value.retry_after_s <= 61


async def test_two_at_once_share_one_quota(tmp_path: Path) -> None:
    async with desk(tmp_path) as work:
        limited = Principal("l", "x", "l", TokenLimits(per_day=1), ("send",), owner=4)
        calls = [work.service.submit(limited, Submission(TO, f"{n}")) for n in range(5)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(result, Accepted) for result in results) == 1
        assert sum(isinstance(result, QuotaExceeded) for result in results) == 4
