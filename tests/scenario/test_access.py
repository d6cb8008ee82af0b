"""The TCP listener: tokens, scopes, throttling. The Unix socket needs none of it."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.rig import Rig, make_config, running

from gsmgw.api.server import bind_tcp
from gsmgw.client import ApiError, AsyncClient

BODY = {"to": "+4915112345671", "text": "x"}


class Desk:
    def __init__(self, rig: Rig, url: str) -> None:
        self.rig, self.url = rig, url

    async def token(self, *scopes: str, **fields: Any) -> str:
        body = {"name": "-".join(scopes), "scopes": list(scopes), **fields}
        made = await self.rig.client.request("POST", "/v1/tokens", json=body)
        secret: str = made["token"]
        return secret

    async def status(self, token: str | None, method: str, path: str, body: Any = None) -> int:
        async with AsyncClient(None, url=self.url, token=token) as client:
            try:
                await client.request(method, path, json=body)
            except ApiError as exc:
                return exc.status
        return 200


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    listener = bind_tcp("127.0.0.1:0")
    host, port = listener.getsockname()
    async with running(make_config(tmp_path, {}), listener) as rig:
        yield Desk(rig, f"http://{host}:{port}")


async def test_each_scope_opens_its_routes_and_no_others(desk: Desk) -> None:
    calls = {
        "send": ("POST", "/v1/messages", BODY),
        "read": ("GET", "/v1/messages", None),
        "manage": ("GET", "/v1/tokens", None),
    }
    tokens = {scope: await desk.token(scope) for scope in calls}
    for holder, token in tokens.items():
        for scope, call in calls.items():
            expected = 200 if holder in (scope, "manage") else 403
            assert await desk.status(token, *call) == expected, (holder, scope)


async def test_without_a_valid_token_nothing_but_health(desk: Desk) -> None:
    token = await desk.token("read", expires_in=60)
    for wrong in (None, "", token[:-1], token + "x"):
        assert await desk.status(wrong, "GET", "/v1/messages") == 401
    assert await desk.status(None, "GET", "/health/live") == 200
    desk.rig.gateway.clock.wall_ms = lambda: 10**13  # type: ignore[method-assign] # long after its end
    assert await desk.status(token, "GET", "/v1/messages") == 401


async def test_guessing_is_throttled(desk: Desk) -> None:
    answers = [await desk.status(f"guess{n}", "GET", "/v1/messages") for n in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert (await desk.rig.client.stats())["version"]  # the socket is not concerned


async def test_a_token_is_shown_once_and_stored_as_a_hash(desk: Desk, tmp_path: Path) -> None:
    token = await desk.token("read")
    listing = await desk.rig.client.request("GET", "/v1/tokens")
    assert token not in json.dumps(listing)
    assert listing["data"][0]["scopes"] == ["read"]
    assert await desk.status(token, "GET", "/v1/stats") == 200
    assert (await desk.rig.client.request("GET", "/v1/tokens"))["data"][0]["last_used_at"] is not None
    assert all(token.encode() not in path.read_bytes() for path in (tmp_path / "state").iterdir())


async def test_a_revoked_token_is_worth_nothing(desk: Desk) -> None:
    token = await desk.token("read")
    await desk.rig.client.request("DELETE", "/v1/tokens/read")
    assert await desk.status(token, "GET", "/v1/messages") == 401
    with pytest.raises(ApiError):
        await desk.rig.client.request("DELETE", "/v1/tokens/read")


async def test_the_socket_is_for_its_group(desk: Desk, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "gsmgw.sock").stat().st_mode) == 0o660
