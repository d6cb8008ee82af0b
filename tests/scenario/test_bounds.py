"""Hostile and careless clients on the real sockets: clean 4xx, bounded descriptors, and the modems keep sending."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import random
import re
import select
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.processes import open_files
from support.rig import Rig, make_config, running, simulated
from support.waiting import until

from gsmgw.api import openapi
from gsmgw.client import ApiError, AsyncClient
from gsmgw.http.protocol import BoundedConnection
from gsmgw.http.server import bind_tcp, condense_accept_failures

ANNA = "+4915112345671"
FAST = {"api": {"request_timeout_s": 0.3, "stall_timeout_s": 0.3, "max_connections": 40}}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(make_config(tmp_path, {}, FAST)) as found:
        yield found


async def spoken(rig: Rig, *pieces: bytes, pause_s: float = 0.0, timeout_s: float = 10.0) -> bytes:
    """All that the gateway says to these octets, until it closes the connection."""
    reader, writer = await asyncio.open_unix_connection(rig.gateway.config.gateway.socket)
    try:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause_s)  # the behaviour played: a slow client
        async with asyncio.timeout(timeout_s):
            return await _answer(reader)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """One answer, or what came of it; empty where the connection was closed without."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            said += piece
            head, end, body = said.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            if end and length and len(body) >= int(length[1]):
                break
    return said


def code_of(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body).get("code", "")


async def test_what_is_no_http_gets_a_400(rig: Rig) -> None:
    for raw in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"GET\r\n\r\n",
        b"\0" * 100 + b"\r\n\r\n",
        b"x" * 3000 + b"\r\n\r\n",
    ):
        assert code_of(await spoken(rig, raw)) == (400, "http_error")


async def test_a_head_that_comes_drop_by_drop_gets_a_408(rig: Rig) -> None:
    drops = [b"GET /v1/stats HTTP/1.1\r\n", *(b"X-%d: y\r\n" % number for number in range(20))]
    assert code_of(await spoken(rig, *drops, pause_s=0.05)) == (408, "request_timeout")


async def test_a_connection_that_says_nothing_is_closed(rig: Rig) -> None:
    assert await spoken(rig) == b""


async def test_a_head_without_end_gets_a_431_or_400(rig: Rig) -> None:
    head = b"GET /v1/stats HTTP/1.1\r\n" + b"X-Y: " + b"z" * 40_000
    assert code_of(await spoken(rig, head))[0] in (400, 431)


async def test_a_body_that_stays_away_gets_a_408(rig: Rig) -> None:
    head = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    assert code_of(await spoken(rig, head)) == (408, "request_timeout")


async def test_a_body_that_is_too_large_gets_a_413_before_it_is_sent(rig: Rig) -> None:
    head = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    for length in (20 * 1024 * 1024 + 1, 10**30):
        answer = await spoken(rig, head % length)
        assert code_of(answer) in ((413, "too_large"), (400, "http_error"))
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    chunked = b"POST /v1/webhooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = await spoken(rig, chunked, *[chunk] * 330)
    assert not answer or code_of(answer) == (413, "too_large")  # it may hang up before it is heard


async def test_more_connections_than_there_may_be_get_a_503(tmp_path: Path) -> None:
    # The silent connections must still be open when the next one comes, however slow this machine is.
    patient = {"api": {"request_timeout_s": 60, "stall_timeout_s": 60, "max_connections": 40}}
    async with running(make_config(tmp_path, {}, patient)) as rig:
        held = [await asyncio.open_unix_connection(rig.gateway.config.gateway.socket) for _ in range(40)]
        try:
            codes = {code_of(await spoken(rig)) for _ in range(3)}
            assert codes == {(503, "busy")}
        finally:
            for _, writer in held:
                writer.close()
        ask = b"GET /v1/stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        await until(lambda: _is_served(rig, ask))


async def _is_served(rig: Rig, ask: bytes) -> bool:
    return code_of(await spoken(rig, ask))[0] == 200


async def test_fuzzed_requests_get_clean_answers(rig: Rig) -> None:
    chance = random.Random(7)
    seeds = [
        b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b'Content-Length: 44\r\n\r\n{"to": "+4915112345671", "text": "a message"}',
        b"GET /v1/messages?limit=5&q=word&status=queued HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"POST /v1/messages/batch HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 16\r\n\r\n"
        b'{"messages": [1]}',
    ]

    def spoiled() -> bytes:
        raw = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(raw))
            action = chance.randrange(3)
            if action == 0:
                raw[place] = chance.randrange(256)
            elif action == 1:
                del raw[place : place + chance.randrange(1, 20)]
            else:
                raw[place:place] = bytes(chance.choices(b'\0\r\n:{}[]"%\xff 0', k=chance.randrange(1, 10)))
        return bytes(raw)

    for _ in range(10):
        raws = [spoiled() for _ in range(20)]  # half as many as may be connected
        for raw, answer in zip(raws, await asyncio.gather(*(spoken(rig, raw) for raw in raws)), strict=True):
            if answer:
                status = int(answer.split()[1])
                assert status < 500, (raw, answer)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'"x"', b"{", b'{"to": 5}', b"\xff\xfe", b'{"to": "\\ud800", "text": "x"}',
        b'{"to": "+4915112345671", "text": "\\ud800"}', b'{"to": "+4915112345671", "text": "x", "port": 1e400}',
        b'{"to": "+4915112345671", "text": "x", "send_at": 5}', b"[" * 1500, b'{"messages": ' + b"[" * 1500,
        b'{"to": "+4915112345671", "text": "x", "send_at": "9999-12-31T23:59:59-12:00"}',
        b'{"to": "+4915112345671", "text": "x", "class": true}', b'{"to": "+4915112345671", "text": "x", "class": 4}',
        b'{"to": "+4915112345671", "text": "x", "class": 1, "flash": true}',
        b'{"text": "x", "to": "\\u0000", "priority": 7}',
        b'{"to": "+4915112345671", "text": "x", "valid_for": 99999999999999999999999}',
    ],
)  # fmt: skip
async def test_a_bad_body_is_the_clients_fault_and_says_where(rig: Rig, body: bytes) -> None:
    for path in (
        "/v1/messages",
        "/v1/messages/batch",
        "/v1/messages/batch/preview",
        "/v1/messages/preview",
        "/v1/tokens",
    ):
        answer = await rig.http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), (path, answer.text)
        problem = answer.json()
        assert problem["code"] in ("invalid_json", "invalid_request", "invalid_number")
        if answer.status_code == 422:
            assert all("pointer" in error or "parameter" in error for error in problem["errors"])


@pytest.mark.parametrize(
    "query",
    [
        "/v1/messages?limit=0", "/v1/messages?cursor=%00", "/v1/messages?since=1", "/v1/messages?peer=%ff%fe",
        "/v1/events?after=99999999999999999999", "/v1/events?heartbeat=nan", "/v1/audit?cursor=-1",
        "/v1/messages?q=%22", "/v1/messages/export?format=pdf", "/v1/conversations?limit=x",
    ],
)  # fmt: skip
async def test_a_bad_query_is_the_clients_fault(rig: Rig, query: str) -> None:
    assert (await rig.http.get(query)).status_code in (200, 400, 422)


@pytest.mark.parametrize(
    ("query", "parameter", "words"),
    [
        ("/v1/messages?lmit=5", "lmit", "is not a known parameter; did you mean 'limit'?"),
        ("/v1/stats?x=1", "x", "is not a known parameter; this call has none"),
        ("/v1/events?typs=message.sent", "typs", "is not a known parameter; did you mean 'types'?"),
        ("/v1/messages?status=sent&status=foo", "status", "must be 'scheduled', 'queued',"),
        ("/v1/messages?limit=5000", "limit", "must be at most 1000"),
        ("/v1/messages?limit=x", "limit", "must be a whole number"),
        (
            "/v1/messages?since=2026-12-24T18:00:00",
            "since",
            "has no time zone; an example is 2026-12-24T18:00:00+01:00",
        ),
        ("/v1/messages/export?format=pdf", "format", "must be 'csv' or 'ndjson'"),
    ],
)
async def test_a_bad_parameter_is_named_and_what_it_may_be(rig: Rig, query: str, parameter: str, words: str) -> None:
    answer = await rig.http.get(query)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["parameter"] == parameter
    assert error["detail"].startswith(words)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"to": 5}, "to: must be a string"),
        ({"to": ANNA, "tags": "a"}, "tags: must be a list"),
        ({"to": ANNA, "text": "x", "valid_for": 5}, "valid_for: must be at least 60"),
        ({"to": ANNA, "text": "x", "flash": "maybe"}, "flash: must be true or false"),
        ({"to": ANNA, "text": "x", "priority": "urgnt"}, "priority: must be 'urgent', 'normal' or 'bulk'"),
        ({"to": "1" * 65, "text": "x"}, "to: must have at most 64 characters"),
        ({"to": ANNA, "txt": "x"}, "txt: is not a known field"),
        ({"text": "x"}, "to: is missing"),
        ([], "body: must be an object"),
    ],
)
async def test_a_bad_field_is_named_and_what_it_may_be(rig: Rig, body: Any, detail: str) -> None:
    answer = await rig.http.post("/v1/messages", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)
    if isinstance(body, dict):
        many = await rig.http.post("/v1/messages/batch", json={"messages": [body]})
        assert many.json()["data"][0]["error"]["detail"] == f"message 0: {detail}"


async def test_a_wrong_method_is_told_which_ones_there_are(rig: Rig) -> None:
    answer = await rig.http.delete("/v1/messages")
    assert answer.json()["detail"] == "DELETE is not allowed at /v1/messages; allowed are GET, HEAD, POST"
    broken = await rig.http.post("/v1/messages", content=b"{'to'", headers={"Content-Type": "application/json"})
    assert broken.json()["detail"] == "key must be a string at line 1 column 2"


async def test_other_media_types_are_refused_and_a_form_is_taken_for_json(rig: Rig) -> None:
    body = json.dumps({"to": ANNA, "text": "x"}).encode()
    for kind, status in (
        ("application/json; charset=utf-8", 202), ("application/x-www-form-urlencoded", 202), ("text/plain", 415),
        ("application/vnd.x+json", 202), ("multipart/form-data; boundary=x", 415),
    ):  # fmt: skip
        answer = await rig.http.post("/v1/messages", content=body, headers={"Content-Type": kind})
        assert answer.status_code == status, kind


async def test_no_browser_of_another_site_gets_in(rig: Rig) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        await rig.http.options("/v1/messages", headers=headers),
        await rig.http.get("/v1/messages", headers=headers),
    ):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert (await rig.http.options("/v1/messages", headers=headers)).status_code == 405


async def test_a_reader_that_does_not_read_is_cut_off_and_resumes(rig: Rig) -> None:
    reader, writer = await asyncio.open_unix_connection(
        rig.gateway.config.gateway.socket, limit=1024
    )  # a small buffer: the rest stays in the kernel, then with the gateway
    writer.write(b"GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\n\r\n")
    await writer.drain()
    for start in range(0, 6000, 1000):
        await rig.client.send_many(
            [{"to": ANNA, "text": "t", "client_ref": f"{'r' * 150}{start + n}"} for n in range(1000)]
        )
    try:
        await rig.until(lambda: _hung_up(writer))  # without a read: one that reads now and then is not cut off
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    seen = []
    async for event in rig.client.events(3000):
        seen.append(event["id"])
        if event["id"] >= 6000:
            break
    assert seen == list(range(3001, 6001))


def _hung_up(writer: asyncio.StreamWriter) -> bool:
    """Return True if the other side has closed the connection, as the kernel sees it."""
    look = select.poll()
    look.register(writer.get_extra_info("socket").fileno(), 0)
    return any(event & select.POLLHUP for _, event in look.poll(0))


async def test_slow_loris_does_not_keep_the_modems_from_sending(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1, {"api": {"request_timeout_s": 2, "max_connections": 300}}) as (sim, rig):
        before = open_files(os.getpid())
        path = rig.gateway.config.gateway.socket

        async def loris() -> None:
            while True:
                with contextlib.suppress(ConnectionError):
                    _, writer = await asyncio.open_unix_connection(path)
                    try:
                        writer.write(b"POST /v1/messages HTTP/1.1\r\nContent-Length: 100000\r\n")
                        for _ in range(100):
                            writer.write(b"X: y\r\n")
                            await writer.drain()
                            await asyncio.sleep(0.1)  # the behaviour played: a header at a time
                    finally:
                        writer.close()

        attackers = [asyncio.create_task(loris()) for _ in range(150)]
        try:
            ids = [
                answer["id"] for answer in await rig.client.send_many([{"to": ANNA, "text": f"{n}"} for n in range(50)])
            ]
            for message_id in ids:
                assert (await rig.ended(message_id))["status"] == "delivered"
        finally:
            for task in attackers:
                task.cancel()
            await asyncio.gather(*attackers, return_exceptions=True)
        await rig.until(lambda: open_files(os.getpid()) <= before + 10, 10)
        assert len(sim.phone(ANNA).received) == 50


# -- TLS --------------------------------------------------------------------------------------------------------


def certificate(directory: Path, name: str) -> tuple[Path, Path]:
    cert, key = directory / f"{name}.pem", directory / f"{name}.key"
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-out", str(cert), "-keyout", str(key),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


async def _serving(tmp_path: Path, cert: Path, key: Path, check: Any, sections: Any = None) -> None:
    from gsmgw.http.tls import Certificates

    listener = bind_tcp("127.0.0.1:0")
    async with running(make_config(tmp_path, {}, sections), listener, Certificates(cert, key)) as rig:
        made = await rig.client.request("POST", "/v1/tokens", json={"name": "web", "scopes": ["read"]})
        await check(f"https://127.0.0.1:{listener.getsockname()[1]}", made["token"])


async def test_tls_by_certificate_files_that_may_be_renewed(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "first")

    async def stats(url: str, token: str, ca_file: Path) -> str:
        async with AsyncClient(url=url, token=token, ca_file=ca_file) as client:
            return str((await client.stats())["version"])

    async def check(url: str, token: str) -> None:
        first = tmp_path / "ca.pem"
        first.write_bytes(cert.read_bytes())
        assert await stats(url, token, first)
        second, second_key = certificate(tmp_path, "second")
        cert.write_text("broken")
        assert await stats(url, token, first)  # the former one stays in use
        second.replace(cert)
        second_key.replace(key)
        assert await stats(url, token, cert)
        with pytest.raises(Exception, match=r"certificate|CERTIFICATE"):
            await stats(url, token, first)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        writer.write(b"GET /health/live HTTP/1.1\r\n\r\n")  # plain HTTP is not answered
        assert not (await reader.read()).startswith(b"HTTP/1.1 2")
        writer.close()

    await _serving(tmp_path, cert, key, check)


async def _ended(reader: asyncio.StreamReader) -> bytes:
    with contextlib.suppress(ConnectionError):
        return await reader.read()
    return b""


async def test_a_handshake_that_does_not_come_is_cut_off_and_counts_as_a_connection(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "one")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(cert.read_bytes())

    async def check(url: str, token: str) -> None:
        port = int(url.rsplit(":", 1)[1])
        async with AsyncClient(url=url, token=token, ca_file=ca) as client:
            await client.stats()  # this connection stays open: one of the eight
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(6)]
            half, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello (RFC 8446 5.1)
            await writer.drain()
            ninth, last = await asyncio.open_connection("127.0.0.1", port)
            async with asyncio.timeout(60):
                assert await _ended(ninth) == b""  # there are eight, though seven of them have said nothing
            assert not any(reader.at_eof() for reader in (half, *(reader for reader, _ in silent)))
            last.close()
            assert (await client.stats())["version"]
            async with asyncio.timeout(60):
                for reader in (half, *(reader for reader, _ in silent)):
                    assert b"HTTP" not in await _ended(reader)
            for each in (writer, *(writer for _, writer in silent)):
                each.close()
        async with AsyncClient(url=url, token=token, ca_file=ca) as client:
            assert (await client.stats())["version"]

    await _serving(tmp_path, cert, key, check, {"api": {"request_timeout_s": 3, "max_connections": 8}})


async def test_a_gateway_that_stops_waits_for_no_handshake(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "one")
    held: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def check(url: str, token: str) -> None:
        held.append(await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1])))

    async with asyncio.timeout(60):
        await _serving(tmp_path, cert, key, check, {"api": {"request_timeout_s": 60}})
        ((reader, writer),) = held
        assert await _ended(reader) == b""
        writer.close()


async def test_a_request_that_comes_right_behind_the_handshake_is_answered(tmp_path: Path) -> None:
    """A client may put its first request into the same segment as the end of its handshake (RFC 8446 2)."""
    cert, key = certificate(tmp_path, "one")

    async def check(url: str, token: str) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=str(cert))
        tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65536))
        tls.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        writer.write(outgoing.read())  # Finished and the request at once
        said = b""
        async with asyncio.timeout(60):
            while b'"ok"' not in said:
                incoming.write(await reader.read(65536))
                with contextlib.suppress(ssl.SSLWantReadError):
                    said += tls.read(65536)
        assert said.startswith(b"HTTP/1.1 200")
        with contextlib.suppress(ssl.SSLError):
            tls.unwrap()
        writer.write(outgoing.read())
        async with asyncio.timeout(60):
            await _ended(reader)
        writer.close()

    await _serving(tmp_path, cert, key, check)


def test_certificates_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    from gsmgw.errors import ConfigError
    from gsmgw.http.tls import Certificates

    cert, key = certificate(tmp_path, "one")
    _, other = certificate(tmp_path, "two")
    with pytest.raises(ConfigError, match=r"missing\.pem cannot be read: No such file"):
        Certificates(tmp_path / "missing.pem", key)
    with pytest.raises(ConfigError, match="key values mismatch"):
        Certificates(cert, other)
    assert isinstance(Certificates(cert, key).context, ssl.SSLContext)


async def test_a_wrong_key_is_an_api_error_over_tcp(tmp_path: Path) -> None:
    listener = bind_tcp("127.0.0.1:0")
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with running(make_config(tmp_path, {}), listener), AsyncClient(url=url, token="wrong") as client:
        with pytest.raises(ApiError, match="not valid"):
            await client.stats()


@contextlib.asynccontextmanager
async def over_tcp(directory: Path, **api: Any) -> AsyncIterator[tuple[Rig, str, int]]:
    listener = bind_tcp("127.0.0.1:0")
    host, port = listener.getsockname()
    async with running(make_config(directory, {}, {"api": api}), listener) as rig:
        yield rig, host, port


async def test_a_stranger_cannot_hold_all_connections(tmp_path: Path) -> None:
    """Also not against somebody with a token behind the same address, whose connections are not closed for it."""
    async with over_tcp(tmp_path, max_connections=40, max_connections_per_address=8) as (rig, host, port):
        made = await rig.client.request("POST", "/v1/tokens", json={"name": "a", "scopes": ["read"]})
        async with AsyncClient(url=f"http://{host}:{port}", token=made["token"]) as client:
            assert (await client.stats())["version"]
            held = [await asyncio.open_connection(host, port) for _ in range(60)]
            try:
                assert (await client.stats())["version"]  # on its kept connection
                async with AsyncClient(url=f"http://{host}:{port}", token=made["token"]) as second:
                    assert (await second.stats())["version"]
                async with asyncio.timeout(60):
                    closed = [await reader.read() for reader, _ in held[:-8]]
                assert closed == [b""] * 52
            finally:
                for _, writer in held:
                    writer.close()


async def test_a_request_with_two_lengths_ends_its_connection(rig: Rig) -> None:
    second = b"GET /v1/stats HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /v1/messages/preview HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for lengths in (
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ):
        reader, writer = await asyncio.open_unix_connection(rig.gateway.config.gateway.socket)
        writer.write(head + lengths + b"\r\n" + b"f\r\n" + b'{"text": "abc"}' + b"\r\n0\r\n\r\n" + second)
        async with asyncio.timeout(60):
            said = await reader.read()
        assert said.startswith(b"HTTP/1.1 400 ")
        assert b"connection: close" in said.lower()
        assert said.count(b"HTTP/1.1 ") == 1
        writer.close()
    old = head.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert code_of(await spoken(rig, old)) == (400, "http_error")


async def test_small_answers_do_not_wait_for_acknowledgements(tmp_path: Path) -> None:
    """Nagle's algorithm is off for what we listen on, and what is accepted from it."""
    async with over_tcp(tmp_path) as (rig, host, port):
        made = await rig.client.request("POST", "/v1/tokens", json={"name": "a", "scopes": ["send"]})
        options: list[int] = []
        connection_made = BoundedConnection.connection_made

        def look(self: BoundedConnection, transport: asyncio.BaseTransport) -> None:
            sock = transport.get_extra_info("socket")
            options.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            connection_made(self, transport)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BoundedConnection, "connection_made", look)
            async with AsyncClient(url=f"http://{host}:{port}", token=made["token"]) as client:
                await client.send(ANNA, "x")
        assert options == [1]


async def test_no_free_descriptors_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    former: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: former.append(context))
    condense_accept_failures(loop)
    condense_accept_failures(loop)
    error = OSError(errno.EMFILE, "Too many open files")
    for _ in range(100):
        loop.call_exception_handler({"message": "socket.accept() out of system resource", "exception": error})
    loop.call_exception_handler({"message": "something else", "exception": ValueError()})
    assert [record.getMessage() for record in caplog.records] == [
        "api: connections cannot be accepted error=Too many open files failures=1"
    ]
    assert [context["message"] for context in former] == ["something else"]


async def test_pages_are_made_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    describe = openapi.describe

    def counted(*arguments: Any) -> Any:
        made.append("docs")
        return describe(*arguments)

    monkeypatch.setattr(openapi, "describe", counted)
    answers = await asyncio.gather(*(rig.http.get("/docs") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert made == ["docs"]
