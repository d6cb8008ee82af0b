"""The TCP listener: tokens, scopes, throttling. The Unix socket needs none of it."""

from __future__ import annotations

import asyncio
import getpass
import grp
import json
import os
import pwd
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.rig import Rig, make_config, plain_http, running

from gsmgw.client import ApiError, AsyncClient
from gsmgw.http.server import bind_tcp
from gsmgw.outbound.quotas import Quotas
from gsmgw.ports import RawPdu
from gsmgw.store import audit
from hw_sim import Simulation

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

    def forget(self) -> None:
        """As a restart does: the count has to come from the database."""
        gateway = self.rig.gateway
        gateway.access.reload()
        gateway.service.quotas = Quotas(gateway.store, gateway.clock)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    listener = bind_tcp("127.0.0.1:0")
    host, port = listener.getsockname()
    ports = {"m0": str(tmp_path / "none0"), "m1": str(tmp_path / "none1")}
    pools = {"pool": [{"name": "night", "modems": ["m0"]}, {"name": "day", "modems": ["m1"]}]}
    async with running(make_config(tmp_path, ports, pools), listener) as rig:
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


async def test_a_valid_token_is_let_in_behind_the_address_of_somebody_who_guesses(desk: Desk) -> None:
    token = await desk.token("read")
    assert await desk.status("guess", "GET", "/v1/messages") == 401
    for _ in range(12):
        await desk.status("guess", "GET", "/v1/messages")
    assert await desk.status("guess", "GET", "/v1/messages") == 429
    assert await desk.status(token, "GET", "/v1/messages") == 200


async def test_guesses_are_counted_by_the_client_behind_a_trusted_proxy(tmp_path: Path) -> None:
    listener = bind_tcp("127.0.0.1:0")
    host, port = listener.getsockname()
    config = make_config(tmp_path, {}, {"api": {"trusted_proxies": ["127.0.0.1"]}})
    async with running(config, listener), httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:

        async def guess(forwarded: str) -> int:
            headers = {"Authorization": "Bearer x", "X-Forwarded-For": forwarded}
            return (await client.get("/v1/messages", headers=headers)).status_code

        assert [await guess("made.up, 2001:db8::1") for _ in range(10)] == [401] * 10
        assert await guess("made.up, 2001:db8::2") == 429  # of the same /64
        assert await guess("2001:db8:1::1") == 401
        assert await guess("") == 401


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


async def entries(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.rig.client.audit_page())["data"]
    return found


async def test_texts_of_a_token_are_limited_also_after_a_restart_of_the_count(desk: Desk) -> None:
    token = await desk.token("send", per_minute=5, per_day=8)
    async with AsyncClient(url=desk.url, token=token) as client:
        await client.send_many([{**BODY, "text": f"{n}"} for n in range(4)])
        with pytest.raises(ApiError, match="5 texts a minute") as caught:  # a batch that does not fit is refused whole
            await client.send_many([{**BODY, "text": f"more {n}"} for n in range(2)])
        assert caught.value.status == 429
        with pytest.raises(ApiError):
            await client.send("12", "what is refused does not count")
        first = await client.send(**BODY, key="k")
        assert (await client.send(**BODY, key="k"))["id"] == first["id"]  # nor does what is replayed
        with pytest.raises(ApiError):
            await client.send("+4915112345671", "the sixth")
        desk.rig.gateway.clock.wall_ms = _later(desk, 61)  # type: ignore[method-assign]
        desk.forget()
        await client.send_many([{**BODY, "text": f"later {n}"} for n in range(3)])
        with pytest.raises(ApiError, match="8 texts a day"):
            await client.send("+4915112345671", "the ninth")
    assert len((await desk.rig.client.page(direction="outbound"))["data"]) == 8


def _later(desk: Desk, seconds: float) -> Any:
    real = type(desk.rig.gateway.clock).wall_ms
    clock = desk.rig.gateway.clock
    return lambda: real(clock) + round(seconds * 1000)


async def test_a_token_for_one_pool_sends_through_nothing_else(desk: Desk) -> None:
    token = await desk.token("send", pools=["night"])
    two = await desk.token("send", "read", modems=["m0", "m1"])
    async with AsyncClient(url=desk.url, token=token) as client:
        assert (await client.send(**BODY))["pool"] == "night"  # the only one there is
        with pytest.raises(ApiError) as caught:
            await client.send(**BODY, pool="day")
        assert (caught.value.status, caught.value.problem["errors"][0]["pointer"]) == (403, "/pool")
        answers = await client.send_many([{**BODY, "pool": "day"}, BODY])
        assert answers[0]["error"]["code"] == "not_your_modem"
        assert answers[0]["error"]["errors"][0]["pointer"] == "/messages/0/pool"
        assert answers[1]["pool"] == "night"
    async with AsyncClient(url=desk.url, token=two) as client:
        with pytest.raises(ApiError, match="must name one of modem 'm0', modem 'm1'"):
            await client.send(**BODY)
        assert (await client.send(**BODY, modem="m1"))["modem"] == "m1"


async def test_managing_is_noted_with_who_and_from_where(desk: Desk) -> None:
    token = await desk.token("send", "manage")
    reader = await desk.token("read")
    await desk.status(token, "POST", "/v1/modems/m0/disable")
    await desk.status(reader, "POST", "/v1/modems/m0/enable")
    await desk.status(token, "POST", "/v1/messages", BODY)
    await desk.status(token, "GET", "/v1/modems")
    await desk.status("wrong", "DELETE", "/v1/tokens/read")
    found = [
        (entry["who"], entry["from"], entry["method"], entry["path"], entry["status"]) for entry in await entries(desk)
    ]
    me = getpass.getuser()
    assert found == [
        ("read", "127.0.0.1", "POST", "/v1/modems/m0/enable", 403),
        ("send-manage", "127.0.0.1", "POST", "/v1/modems/m0/disable", 200),
        (me, f"pid {os.getpid()}", "POST", "/v1/tokens", 201),
        (me, f"pid {os.getpid()}", "POST", "/v1/tokens", 201),
    ]
    assert (await entries(desk))[-1]["detail"] == {"name": "send-manage", "scopes": ["send", "manage"]}
    assert "gsmgw_" not in json.dumps(await entries(desk))
    page = await desk.rig.client.audit_page(who="read", limit=1)
    assert (len(page["data"]), page["next_cursor"]) == (1, None)
    assert [entry async for entry in desk.rig.client.audit(limit=2)] == (await entries(desk))[:2]


async def test_the_audit_log_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "KEPT", 5)
    for _ in range(4):
        await desk.status(None, "GET", "/health/live")
        await desk.rig.client.modem("m0", "disable")
        await desk.rig.client.modem("m0", "enable")
    found = await entries(desk)
    assert [entry["path"].rpartition("/")[2] for entry in found] == ["enable", "disable", "enable", "disable", "enable"]


async def test_refusals_and_send_tokens_do_not_wash_the_audit_log_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "KEPT", 5)
    monkeypatch.setattr(audit, "KEPT_MINOR", 3)
    await desk.rig.client.modem("m0", "disable")
    token = await desk.token("send")
    async with AsyncClient(url=desk.url, token=token) as client:
        own = await client.send(**BODY)
        for _ in range(8):
            await refused(client, "DELETE", "/v1/tokens/send")
            await client.act(own["id"], "cancel")
            await client.act(own["id"], "retry")
    found = [(entry["who"], entry["path"].rpartition("/")[2], entry["status"]) for entry in await entries(desk)]
    me = getpass.getuser()
    assert found == [
        ("send", "retry", 200),
        ("send", "cancel", 200),
        ("send", "send", 403),
        (me, "tokens", 201),
        (me, "disable", 200),
    ]


async def test_users_of_the_socket_may_be_named(tmp_path: Path) -> None:
    """As root every user is let in: the guard is asked itself, with the credentials that it would find."""
    from gsmgw.api.access.guards import PeerGuard, SocketUsers
    from gsmgw.http.identity import Peer

    reached: list[int] = []
    answers: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["state"]["peer"].uid)

    async def send(message: Any) -> None:
        answers.append(message.get("status", 0))

    no_part: Any = None  # a request without a token needs none of them
    guard = PeerGuard(app, SocketUsers(["nobody"]), no_part, no_part, ())
    nobody = pwd.getpwnam("nobody").pw_uid
    for uid in (0, os.getuid(), nobody, 4711):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/v1/stats",
            "state": {"peer": Peer(1, uid, 1)},
            "headers": [],
        }
        await guard(scope, None, send)  # type: ignore[arg-type] # it never reads
    assert reached == [0, os.getuid(), nobody]
    assert answers[0] == 403


async def test_requests_may_be_limited_over_tcp(tmp_path: Path) -> None:
    listener = bind_tcp("127.0.0.1:0")
    host, port = listener.getsockname()
    config = make_config(tmp_path, {}, {"api": {"requests_per_minute": 20}})
    async with running(config, listener) as rig:
        desk = Desk(rig, f"http://{host}:{port}")
        token = await desk.token("read")
        began_s, allowed = time.monotonic(), 0
        while await desk.status(token, "GET", "/v1/stats") == 200:
            allowed += 1
        # One more each 3 s, while the machine is busy with something else.
        assert 20 <= allowed <= 21 + (time.monotonic() - began_s) / 3
        for _ in range(30):  # the socket is not concerned
            await rig.client.stats()


async def test_the_socket_gets_its_group(tmp_path: Path) -> None:
    from gsmgw.errors import ConfigError
    from gsmgw.http.server import bind_unix, close_all

    path = tmp_path / "s"
    name = grp.getgrgid(os.getgid()).gr_name
    close_all([bind_unix(path, 0o660, name)], None)
    assert path.stat().st_gid == os.getgid()
    with pytest.raises(ConfigError, match="the group 'nonesuch' does not exist"):
        bind_unix(tmp_path / "t", 0o660, "nonesuch")


async def test_a_token_that_is_held_to_modems_reads_what_these_carry_and_what_it_sent_itself(desk: Desk) -> None:
    rig = desk.rig
    # a service centre, then DELIVER from +4915112345678 on 2026-11-21: "hello" (TS 23.040 9.2.2.1)
    text = "07919471016730F5040D91945111325476F800006211122181008005E8329BFD06"
    for name in ("m0", "m1"):
        await rig.gateway.collector.take(RawPdu(name, f"sim {name}", text))
        await rig.gateway.collector.take(RawPdu(name, f"sim {name}", "00FF"))
    other = await rig.client.send("+4915112345671", "by the socket", modem="m1")
    token = await desk.token("send", "read", "manage", modems=["m0"])
    pooled = await desk.token("read", pools=["night"])  # of m0
    async with AsyncClient(url=desk.url, token=token) as client, AsyncClient(url=desk.url, token=pooled) as second:
        mine = await client.send("+4915112345672", "by the token")
        received = next(m for m in (await rig.client.page(direction="inbound"))["data"] if m["modem"] == "m0")
        seen = {mine["id"], received["id"]}
        for number, reader in enumerate((client, second)):
            assert {message["id"] async for message in reader.messages()} == seen
            assert {message["id"] async for message in reader.messages(q="by")} == {mine["id"]}
            exported = "".join([portion async for portion in reader.export()])
            assert {json.loads(line)["id"] for line in exported.splitlines()} == seen
            assert {entry["last_message"]["id"] async for entry in reader.conversations()} == seen
            assert {entry["modem"] async for entry in reader.quarantine()} == {"m0"}
            assert [modem["name"] for modem in await reader.modems()] == ["m0"]
            for path in (f"/v1/messages/{other['id']}", "/v1/modems/m1", "/v1/modems/m1/tap"):
                with pytest.raises(ApiError) as caught:
                    await reader.request("GET", path)
                assert caught.value.status == (404 if "messages" in path else 403)
            events = []
            last = (await reader.stats())["last_event"]
            stream = reader.events(0, timeout_s=20)
            marker = await client.send(f"+491511234568{number}", "the last one", modem="m0")
            seen.add(marker["id"])
            async for event in stream:
                events.append(event)
                if event["message_id"] == marker["id"]:
                    break
            await stream.aclose()
            assert {event["message_id"] for event in events if event["message_id"]} == seen
            assert {event["modem"] for event in events} <= {"m0", None}
            assert len(events) < last
        for action in ("cancel", "retry"):
            with pytest.raises(ApiError) as caught:
                await client.act(other["id"], action)
            assert caught.value.status == 404
        assert (await client.act(mine["id"], "cancel"))["status"] == "canceled"
        for method, path in (
            ("GET", "/v1/tokens"),
            ("POST", "/v1/tokens"),
            ("GET", "/v1/webhooks"),
            ("GET", "/v1/audit"),
            ("POST", "/v1/backups"),
        ):
            assert await desk.status(token, method, path, {"name": "more", "scopes": ["manage"]}) == 403
    assert (await rig.client.message(other["id"]))["status"] == "queued"


async def test_a_stream_ends_when_its_token_is_revoked(desk: Desk) -> None:
    token = await desk.token("read")
    async with AsyncClient(url=desk.url, token=token) as client:
        stream = client.events(0, timeout_s=20)
        await desk.rig.client.send(**BODY)
        assert (await anext(stream))["id"] == 1
        await desk.rig.client.request("DELETE", "/v1/tokens/read")
        with pytest.raises(ApiError) as caught:  # the client comes back, and is told
            async for _ in stream:
                pass
        assert caught.value.status == 401


async def test_a_token_for_a_modem_or_pool_that_is_not_there_is_refused(desk: Desk, tmp_path: Path) -> None:
    for names, code, pointers in (
        ({"pools": ["day", "dya"]}, "unknown_pool", ["/pools/1"]),
        ({"modems": ["m9", "m0", "M1"]}, "unknown_modem", ["/modems/0", "/modems/2"]),
    ):
        with pytest.raises(ApiError) as refused:
            await desk.token("send", **names)
        assert (refused.value.status, refused.value.code) == (422, code)
        assert [error["pointer"] for error in refused.value.problem["errors"]] == pointers
        assert "(known: " in refused.value.problem["errors"][0]["detail"]
    assert (await desk.rig.client.request("GET", "/v1/tokens"))["data"] == []


async def test_where_modems_are_discovered_a_token_may_be_there_before_its_modem(tmp_path: Path) -> None:
    config = make_config(tmp_path, {"m0": str(tmp_path / "none0")}, {"modems": {"discover": True}})
    async with running(config) as rig:
        body = {"name": "web", "scopes": ["send"], "modems": ["m0", "attic"]}
        made = await rig.client.request("POST", "/v1/tokens", json=body)
        assert (made["modems"], made["missing"]) == (["m0", "attic"], ["attic"])
        assert [token["missing"] for token in (await rig.client.request("GET", "/v1/tokens"))["data"]] == [["attic"]]
        with pytest.raises(ApiError, match="the pool 'attic' does not exist"):
            await rig.client.request("POST", "/v1/tokens", json={**body, "name": "b", "pools": ["attic"]})


async def test_an_idempotency_key_is_the_tokens_own(desk: Desk) -> None:
    """Two shops that number their orders from 1 do not get each other's answers."""
    tokens = [await desk.token("send", name=name) for name in ("shop1", "shop2")]
    seen = []
    for token in (*tokens, None):
        if token is None:
            http = plain_http(desk.rig.gateway.config.gateway.socket)
        else:
            http = httpx.AsyncClient(base_url=desk.url, headers={"Authorization": f"Bearer {token}"})
        async with http:
            for _ in range(2):
                answer = await http.post("/v1/messages", json=BODY, headers={"Idempotency-Key": "order-1"})
                seen.append((answer.status_code, answer.json()["id"], "idempotent-replayed" in answer.headers))
            other = await http.post("/v1/messages", json={**BODY, "text": "y"}, headers={"Idempotency-Key": "order-1"})
            assert (other.status_code, other.json()["detail"]) == (
                409,
                "'order-1' was used before for another request",
            )
    assert [(status, replayed) for status, _, replayed in seen] == [(202, False), (202, True)] * 3
    assert len({number for _, number, _ in seen}) == 3


async def refused(client: AsyncClient, method: str, path: str, body: Any = None) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        await client.request(method, path, json=body)
    return caught.value.status, caught.value.code


async def test_a_send_token_changes_its_own_messages_and_sees_no_others(desk: Desk) -> None:
    theirs = await desk.rig.client.send(**BODY)
    sends, reads = await desk.token("send"), await desk.token("send", "read")
    manages = await desk.token("send", "manage")
    async with AsyncClient(url=desk.url, token=sends) as client:
        own = await client.send("+4915112345672", "mine")
        for action, body in (("cancel", None), ("retry", None), ("resolve", {"action": "leave"})):
            assert await refused(client, "POST", f"/v1/messages/{theirs['id']}/{action}", body) == (404, "not_found")
        assert (await client.act(own["id"], "cancel"))["text"] == "mine"
        assert (await client.act(own["id"], "retry"))["status"] == "queued"
    async with AsyncClient(url=desk.url, token=reads) as client:
        assert (await client.message(theirs["id"]))["text"] == "x"
        for action in ("cancel", "retry"):
            assert await refused(client, "POST", f"/v1/messages/{theirs['id']}/{action}") == (403, "forbidden")
    async with AsyncClient(url=desk.url, token=manages) as client:
        assert (await client.act(theirs["id"], "cancel"))["status"] == "canceled"


async def test_a_retry_counts_against_the_limits_of_its_token(desk: Desk) -> None:
    token = await desk.token("send", per_minute=3)
    async with AsyncClient(url=desk.url, token=token) as client:
        own = await client.send(**BODY)
        await client.act(own["id"], "retry")  # it waits already: nothing more is sent, and nothing is counted
        for _ in range(2):
            await client.act(own["id"], "cancel")
            await client.act(own["id"], "retry")
        await client.act(own["id"], "cancel")
        assert await refused(client, "POST", f"/v1/messages/{own['id']}/retry") == (429, "too_many_requests")
        record = await desk.rig.client.message(own["id"])
        assert record["status"] == "canceled"


async def test_a_retry_leaves_through_modems_of_its_token_only(desk: Desk) -> None:
    """It may see what its modem received from others' routes, and is not to send it through another one."""
    anywhere = await desk.rig.client.send(**BODY, client_ref="r")
    await desk.rig.client.act(anywhere["id"], "cancel")
    await desk.rig.gateway.store.write(lambda tx: tx.run("UPDATE messages SET modem = 'm0'"))
    token = await desk.token("send", "manage", modems=["m0"])
    async with AsyncClient(url=desk.url, token=token) as client:
        assert await refused(client, "POST", f"/v1/messages/{anywhere['id']}/retry") == (403, "not_your_modem")


async def test_a_new_token_of_an_old_name_is_somebody_else(desk: Desk) -> None:
    """Neither the texts nor the references nor the counts of the old one are its own."""
    limits: dict[str, Any] = {"name": "shop", "modems": ["m0"], "per_day": 2}
    old = await desk.token("send", "read", **limits)
    async with AsyncClient(url=desk.url, token=old) as client:
        first = await client.send(**BODY, client_ref="order-1", key="k")
        await client.send(**BODY, client_ref="order-2")
    await desk.rig.gateway.store.write(lambda tx: tx.run("UPDATE messages SET route = ''"))  # not seen by its modem
    await desk.rig.client.request("DELETE", "/v1/tokens/shop")
    new = await desk.token("send", "read", **limits)
    async with AsyncClient(url=desk.url, token=new) as client:
        assert [message async for message in client.messages()] == []
        assert await refused(client, "GET", f"/v1/messages/{first['id']}") == (404, "not_found")
        for key in ("k", "other"):
            again = await client.send("+4915112345679", "another text", client_ref=f"order-{key}", key=key)
            assert again["id"] != first["id"]
        assert await refused(client, "POST", "/v1/messages", BODY) == (429, "too_many_requests")


async def test_client_refs_are_each_clients_own(desk: Desk) -> None:
    tokens = [await desk.token("send", name=name) for name in ("a", "b")]
    ids = [(await desk.rig.client.send("+4915112345670", "of the socket", client_ref="1"))["id"]]
    for number, token in enumerate(tokens):
        async with AsyncClient(url=desk.url, token=token) as client:
            ids += [(await client.send(f"+491511234567{number}", "x", client_ref="1"))["id"] for _ in range(2)]
            with pytest.raises(ApiError) as caught:
                await client.send("+4915112345679", "other", client_ref="1")
            assert caught.value.code == "client_ref_conflict"
    assert ids[1] == ids[2] != ids[3] == ids[4] != ids[0]


async def test_a_tap_and_an_export_end_with_their_token(tmp_path: Path) -> None:
    listener = bind_tcp("127.0.0.1:0")
    host, port = listener.getsockname()
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        path = (await sim.add_modem("m0")).path
        async with running(make_config(tmp_path, {"m0": path}), listener) as rig:
            desk = Desk(rig, f"http://{host}:{port}")
            await rig.modem_is("m0", "ready")
            token = await desk.token("manage")
            async with AsyncClient(url=desk.url, token=token) as client:
                rows = client.tap("m0")
                read = asyncio.create_task(_all(rows))
                async with asyncio.timeout(60):
                    while rig.gateway.access.present == 0:  # noqa: ASYNC110 - no event tells of it
                        await asyncio.sleep(0.01)
                    await rig.client.request("DELETE", "/v1/tokens/manage")
                    await read
            assert rig.gateway.access.present == 0


async def _all(rows: AsyncIterator[str]) -> list[str]:
    return [row async for row in rows]


async def test_people_need_a_token_for_the_whole_gateway(desk: Desk) -> None:
    reader, manager = await desk.token("read"), await desk.token("manage")
    held = await desk.token("read", "manage", modems=["m0"])
    contact = {"number": "+4915112345671"}
    assert await desk.status(reader, "POST", "/v1/contacts", contact) == 403
    assert await desk.status(manager, "POST", "/v1/contacts", contact) == 200
    assert await desk.status(reader, "GET", "/v1/contacts") == 200
    for path in ("/v1/contacts", "/v1/groups", "/v1/fields"):
        assert await desk.status(held, "GET", path) == 403
