"""People sign in: roles, sessions, and what slows down those who guess."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from support.processes import Site
from support.rig import Rig, make_config, plain_http, running
from support.shell import command

from gsmgw.api.access.throttling import GrowingPause
from gsmgw.client import AsyncClient, Client
from gsmgw.http.server import bind_tcp

SECRET = "correct horse battery"
HOUR_MS = 3_600_000


class Desk:
    """A gateway with users, on the socket and on TCP."""

    def __init__(self, rig: Rig, tcp: httpx.AsyncClient) -> None:
        self.rig, self.tcp, self.socket = rig, tcp, rig.http

    async def add(self, name: str, role: str = "owner", **fields: Any) -> None:
        body = {"name": name, "password": SECRET, "role": role, **fields}
        assert (await self.socket.post("/v1/users", json=body)).status_code == 201

    async def sign_in(self, name: str, password: str = SECRET, source: str | None = None) -> httpx.Response:
        headers = {} if source is None else {"X-Forwarded-For": source}
        return await self.socket.post("/v1/sessions", json={"name": name, "password": password}, headers=headers)

    async def token(self, name: str, source: str | None = None) -> str:
        answer = await self.sign_in(name, source=source)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["token"]
        return found

    async def ask(self, token: str, method: str, path: str, body: Any = None, *, tcp: bool = False) -> httpx.Response:
        http = self.tcp if tcp else self.socket
        return await http.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})

    def later(self, ms: int) -> None:
        """Move the clock."""
        clock = self.rig.gateway.clock
        wall, monotonic = clock.wall_ms, clock.monotonic
        clock.wall_ms = lambda: wall() + ms  # type: ignore[method-assign]
        clock.monotonic = lambda: monotonic() + ms / 1000  # type: ignore[method-assign]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    listener = bind_tcp("127.0.0.1:0")
    host, port = listener.getsockname()
    config = make_config(tmp_path, {"m0": str(tmp_path / "none0")})
    async with running(config, listener) as rig, httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=60) as tcp:
        yield Desk(rig, tcp)


@pytest.mark.parametrize("tcp", [False, True])
async def test_a_session_has_the_rights_of_its_role_on_every_route(desk: Desk, tcp: bool) -> None:
    calls = [
        ("GET", "/v1/messages", None, {"owner", "operator", "viewer"}),
        ("POST", "/v1/messages", {"to": "+4915112345671", "text": "x"}, {"owner", "operator"}),
        ("GET", "/v1/users", None, {"owner"}),
        ("POST", "/v1/reload", None, {"owner"}),
        ("PUT", "/v1/contacts/+4915112345671", {"name": "Ann"}, {"owner", "operator"}),
        ("PATCH", "/v1/contacts/+4915112345671", {"name": "Ben"}, {"owner", "operator"}),
        ("DELETE", "/v1/contacts/+4915112345671", None, {"owner"}),
        ("POST", "/v1/contacts/import", None, {"owner"}),
        ("POST", "/v1/optouts", {"number": "+4915112345672"}, {"owner", "operator"}),
        ("DELETE", "/v1/optouts/+4915112345672", None, {"owner"}),
    ]
    for role in ("owner", "operator", "viewer"):
        await desk.add(role, role)
        token = await desk.token(role)
        for method, path, body, allowed in calls:
            answer = await desk.ask(token, method, path, body, tcp=tcp)
            assert (answer.status_code == 403) is (role not in allowed), (role, path, answer.text)
    refused = await desk.ask(token, "POST", "/v1/messages", {"to": "+4915112345671", "text": "x"}, tcp=tcp)
    assert refused.json()["detail"] == "the user 'viewer' lacks the scope 'send'"


async def test_a_client_adds_changes_and_deletes_users_and_answers(desk: Desk) -> None:
    client = desk.rig.client
    assert (await client.create_user("ann", SECRET, "viewer", language="de"))["language"] == "de"
    assert (await client.change_user("ann", role="operator"))["role"] == "operator"
    async with AsyncClient(client.where, token=await desk.token("ann")) as own:
        assert (await own.user("me"))["name"] == "ann"
        assert (await own.change_user("me", time_zone="Europe/Berlin"))["time_zone"] == "Europe/Berlin"
        await own.put_answer("hours", "From 9 to 18.")
        assert [answer["text"] for answer in await own.answers()] == ["From 9 to 18."]
        await own.delete_answer("hours")
        (session,) = await own.sessions()
        await own.end_session(session["id"])
    await client.delete_user("ann")
    assert await client.users() == []


async def test_signing_in_needs_no_rights_and_works_over_tcp(desk: Desk) -> None:
    await desk.add("Ann", "viewer", language="de", time_zone="Europe/Berlin")
    answer = await desk.tcp.post("/v1/sessions", json={"name": "ann", "password": SECRET}, headers={"User-Agent": "u"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["user"], made["role"], made["from"], made["agent"]) == ("Ann", "viewer", "127.0.0.1", "u")
    me = (await desk.ask(made["token"], "GET", "/v1/users/me", tcp=True)).json()
    assert (me["name"], me["language"], me["time_zone"]) == ("Ann", "de", "Europe/Berlin")
    assert me["signed_in_at"] is not None
    assert SECRET not in str(await desk.rig.client.users())
    assert (await desk.tcp.get("/v1/users/me")).status_code == 401


async def test_the_token_is_not_stored_and_neither_is_the_password(desk: Desk, tmp_path: Path) -> None:
    await desk.add("ann")
    token = await desk.token("ann")
    files = [path.read_bytes() for path in (tmp_path / "state").iterdir() if path.is_file()]
    assert any(b"scrypt$" in content for content in files)
    assert not any(token.encode() in content or SECRET.encode() in content for content in files)


async def test_a_session_ends_without_use_and_at_its_age(desk: Desk) -> None:
    await desk.add("ann")
    idle, used = await desk.token("ann"), await desk.token("ann")
    for _ in range(59):
        desk.later(12 * HOUR_MS - 1000)
        assert (await desk.ask(used, "GET", "/v1/modems")).status_code == 200
    assert (await desk.ask(idle, "GET", "/v1/modems")).status_code == 401
    desk.later(11 * HOUR_MS)
    assert (await desk.ask(used, "GET", "/v1/modems")).status_code == 200
    desk.later(HOUR_MS + 120_000)
    gone = await desk.ask(used, "GET", "/v1/modems")
    assert gone.status_code == 401
    assert gone.json()["detail"] == "the session has ended; sign in again"


async def test_the_last_use_outlives_a_restart(desk: Desk) -> None:
    await desk.add("ann")
    token = await desk.token("ann")
    desk.later(11 * HOUR_MS)
    assert (await desk.ask(token, "GET", "/v1/modems")).status_code == 200
    desk.rig.gateway.access.sessions._used_ms.clear()
    desk.rig.gateway.access.sessions.reload()
    desk.later(11 * HOUR_MS)
    assert (await desk.ask(token, "GET", "/v1/modems")).status_code == 200


@pytest.mark.parametrize(
    ("method", "body"), [("DELETE", None), ("PATCH", {"disabled": True}), ("PATCH", {"password": "another password"})]
)
async def test_sessions_and_their_streams_end_with_the_user(desk: Desk, method: str, body: Any) -> None:
    await desk.add("ann")
    tokens = [await desk.token("ann") for _ in range(2)]
    async with AsyncClient(None, url=str(desk.tcp.base_url), token=tokens[0]) as client:
        stream = client.events(0, resume=False)
        assert await anext(stream)
        assert (await desk.socket.request(method, "/v1/users/ann", json=body)).status_code in (200, 204)
        async with asyncio.timeout(60):
            async for _ in stream:
                pass
    for token in tokens:
        assert (await desk.ask(token, "GET", "/v1/modems")).status_code == 401
    assert (await desk.sign_in("ann")).status_code == 401


async def test_a_new_role_applies_to_sessions_that_exist(desk: Desk) -> None:
    await desk.add("ann")
    token = await desk.token("ann")
    assert (await desk.socket.patch("/v1/users/ann", json={"role": "viewer"})).status_code == 200
    assert (await desk.ask(token, "GET", "/v1/users")).status_code == 403


async def test_users_see_and_end_their_own_sessions_and_owners_all(desk: Desk) -> None:
    await desk.add("ann")
    await desk.add("ben", "viewer")
    ann, ben, other = await desk.token("ann"), await desk.token("ben"), await desk.token("ben")
    listed = (await desk.ask(ben, "GET", "/v1/sessions")).json()["data"]
    assert [(each["user"], each["current"]) for each in listed] == [("ben", False), ("ben", True)]
    all_of_them = (await desk.ask(ann, "GET", "/v1/sessions")).json()["data"]
    assert [each["user"] for each in all_of_them] == ["ben", "ben", "ann"]
    assert (await desk.ask(ben, "DELETE", f"/v1/sessions/{all_of_them[-1]['id']}")).status_code == 404
    assert (await desk.ask(ben, "DELETE", f"/v1/sessions/{listed[0]['id']}")).status_code == 204
    assert (await desk.ask(other, "GET", "/v1/modems")).status_code == 401
    assert (await desk.ask(ann, "DELETE", f"/v1/sessions/{listed[1]['id']}")).status_code == 204
    assert (await desk.ask(ben, "GET", "/v1/modems")).status_code == 401


async def test_a_user_changes_the_own_password_with_the_current_one(desk: Desk) -> None:
    await desk.add("ann", "viewer")
    token = await desk.token("ann")
    wrong = await desk.ask(token, "PATCH", "/v1/users/me", {"password": "another password", "current_password": "x"})
    assert wrong.status_code == 403
    assert (await desk.ask(token, "PATCH", "/v1/users/me", {"role": "owner"})).status_code == 422
    assert (await desk.ask(token, "PATCH", "/v1/users/me", {"language": "de"})).json()["language"] == "de"
    assert (await desk.ask(token, "PATCH", "/v1/users/ann", {"role": "owner"})).status_code == 403
    changed = {"password": "another password", "current_password": SECRET}
    assert (await desk.ask(token, "PATCH", "/v1/users/me", changed)).status_code == 200
    assert (await desk.ask(token, "GET", "/v1/modems")).status_code == 401
    assert (await desk.sign_in("ann", "another password")).status_code == 201
    assert (await desk.socket.get("/v1/users/me")).status_code == 404


async def test_the_only_owner_cannot_leave_but_the_socket_may_remove_it(desk: Desk) -> None:
    await desk.add("ann")
    await desk.add("ben", "operator")
    token = await desk.token("ann")
    for method, body in (("DELETE", None), ("PATCH", {"role": "viewer"}), ("PATCH", {"disabled": True})):
        assert (await desk.ask(token, method, "/v1/users/ann", body)).status_code == 409
    assert (await desk.socket.delete("/v1/users/ann")).status_code == 204
    assert (await desk.socket.delete("/v1/users/ann")).status_code == 404


async def test_guessing_is_slowed_down_and_strangers_do_not_lock_anybody_out(desk: Desk) -> None:
    await desk.add("ann")
    at_home = await desk.token("ann", "192.0.2.1")
    answers = [(await desk.sign_in("ann", f"guess {n}", f"203.0.113.{n}")).status_code for n in range(7)]
    assert answers == [401] * 5 + [429] * 2  # from wherever
    refused = await desk.sign_in("ann", SECRET, "203.0.113.99")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert (await desk.sign_in("ann", SECRET, "192.0.2.1")).status_code == 201
    assert (await desk.ask(at_home, "GET", "/v1/modems")).status_code == 200
    answers = [(await desk.sign_in(f"name{n}", "guess", "198.51.100.7")).status_code for n in range(6)]
    assert answers == [401] * 5 + [429]  # many names from one place
    desk.later(61_000)
    assert (await desk.sign_in("ann", "wrong again", "203.0.113.99")).status_code == 401
    desk.later(61_000)  # the pause is twice as long now
    assert (await desk.sign_in("ann", SECRET, "203.0.113.99")).status_code == 429
    desk.later(61_000)
    assert (await desk.sign_in("ann", SECRET, "203.0.113.99")).status_code == 201


async def test_tries_at_the_same_time_count(desk: Desk) -> None:
    await desk.add("ann")
    answers = await asyncio.gather(*(desk.sign_in("ann", f"guess {n}") for n in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_a_name_that_does_not_exist_gets_the_same_answer_after_the_same_time(desk: Desk) -> None:
    await desk.add("ann")
    took, seen = {}, {}
    for name in ("ann", "nobody"):
        began = time.perf_counter()
        answer = await desk.sign_in(name, "a wrong password", f"203.0.113.{len(name)}")
        took[name], seen[name] = time.perf_counter() - began, (answer.status_code, answer.json(), answer.headers.keys())
    assert seen["ann"] == seen["nobody"]
    assert took["nobody"] > took["ann"] / 10  # nothing is skipped; the machine may be busy


def test_the_pause_grows_and_is_forgotten() -> None:
    now = 0.0
    limit = GrowingPause(lambda: now)
    waits = []
    for _ in range(12):
        waits.append(limit.wait_s("k"))
        now += waits[-1] or 0
        limit.note("k")
    assert waits == [None] * 5 + [61, 121, 241, 481, 901, 901, 901]
    now += 3601
    limit.note("k")
    assert limit.wait_s("k") is None


async def test_the_audit_log_names_who_signed_in_and_no_wrong_passwords(desk: Desk) -> None:
    await desk.add("ann")
    await desk.sign_in("ann", "wrong password")
    token = await desk.token("ann")
    await desk.ask(token, "POST", "/v1/users", {"name": "ben", "password": SECRET, "role": "viewer"})
    found = (await desk.rig.client.audit_page())["data"]
    assert [(each["who"], each["path"], each["status"]) for each in found][:2] == [
        ("ann", "/v1/users", 201),
        ("ann", "/v1/sessions", 201),
    ]
    assert SECRET not in str(found)
    assert 401 not in {each["status"] for each in found}


async def test_a_user_of_the_machine_that_needs_a_session_has_no_rights_without_one(tmp_path: Path) -> None:
    own = pwd.getpwuid(os.getuid()).pw_name
    config = make_config(tmp_path, {}, {"api": {"session_users": [own]}})
    async with running(config) as rig, plain_http(config.gateway.socket) as http:
        assert (await http.get("/v1/messages")).status_code == 403
        assert (await http.get("/v1/messages", headers={"Authorization": "Bearer made up"})).status_code == 401
        rig.gateway._users.set((), ())
        body = {"name": "ann", "password": SECRET, "role": "viewer"}
        assert (await http.post("/v1/users", json=body)).status_code == 201
        rig.gateway._users.set((), (own,))
        made = (await http.post("/v1/sessions", json={"name": "ann", "password": SECRET})).json()
        headers = {"Authorization": f"Bearer {made['token']}"}
        assert (await http.get("/v1/messages", headers=headers)).status_code == 200
        assert (await http.get("/v1/tokens", headers=headers)).status_code == 403


async def test_a_token_on_the_socket_has_its_own_rights_only(desk: Desk) -> None:
    made = await desk.rig.client.request("POST", "/v1/tokens", json={"name": "web", "scopes": ["read"]})
    assert (await desk.ask(made["token"], "GET", "/v1/messages")).status_code == 200
    assert (await desk.ask(made["token"], "GET", "/v1/tokens")).status_code == 403


def test_the_commands(place: Site) -> None:
    def run(*arguments: str, stdin: str = "") -> Result:
        return command("--socket", str(place.socket), "users", *arguments, stdin=stdin)

    added = run("add", "ann", "--role", "owner", "--password-stdin", stdin=f"{SECRET}\n")
    assert added.output == "ann added with the role owner\n"
    assert "ann" in run().output
    with Client(place.socket) as client:
        session = client.sign_in("ann", SECRET)
    assert str(session["id"]) in run("sessions", "ann").output
    assert run("revoke", str(session["id"])).exit_code == 0
    assert "no sessions" in run("sessions").output
    assert "the user 'nobody' does not exist" in run("sessions", "nobody").output
    refused = run("add", "b b", "--password-stdin", stdin=f"{SECRET}\n")
    assert "name: must have 1 to 63 letters of A to Z, digits and _ . @ + -, and begin with" in refused.output
    assert run("role", "ann", "viewer").exit_code == 0
    refused = run("password", "ann", "--password-stdin", stdin="short\n")
    assert (refused.exit_code, "password: must have at least 8 characters" in refused.output) == (1, True)
    assert run("password", "ann", "--password-stdin", stdin="long enough\n").exit_code == 0
    assert run("disable", "ann").exit_code == 0
    assert "viewer (disabled)" in run("list").output
    assert run("enable", "ann").exit_code == 0
    assert run("remove", "ann").output == "ann removed\n"
    assert run("add", "ben", "--password-stdin").exit_code == 2
    asked = run("add", "cy", "--json", stdin=f"{SECRET}\n{SECRET}\n")
    assert json.loads(asked.output.splitlines()[-1])["role"] == "operator"
