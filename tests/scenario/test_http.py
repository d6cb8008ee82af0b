"""HTTP as odd clients speak it, on the real socket: each request gets its one answer, and the next one gets its own."""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.rig import Rig, make_config, running

from gsmgw.http.body_limits import BATCH, SINGLE

ANNA = "+4915112345671"
MESSAGE = json.dumps({"to": ANNA, "text": "x"}).encode()
LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(make_config(tmp_path, {}, {"api": {"request_timeout_s": 2}})) as found:
        yield found


@dataclass
class Said:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Talk:
    """A connection whose answers are read one by one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def with_(cls, rig: Rig) -> Talk:
        return cls(*await asyncio.open_unix_connection(rig.gateway.config.gateway.socket))

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()

    def say_no_more(self) -> None:
        self._writer.write_eof()

    async def hear(self, *, head_only: bool = False) -> Said:
        async with asyncio.timeout(60):
            lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            body = b""
            if head_only:
                pass
            elif "content-length" in headers:
                body = await self._reader.readexactly(int(headers["content-length"]))
            else:
                while size := int(await self._reader.readline(), 16):
                    body += (await self._reader.readexactly(size + 2))[:-2]
                await self._reader.readline()
            return Said(int(lines[0].split()[1]), headers, body)

    async def ended(self) -> bool:
        async with asyncio.timeout(60):
            return await self._reader.read() == b""

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
async def talk(rig: Rig) -> AsyncIterator[Talk]:
    found = await Talk.with_(rig)
    yield found
    found.close()


def post(path: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    lines = [f"POST {path} HTTP/1.1", "Host: x", *headers, f"Content-Length: {size}", "", ""]
    return "\r\n".join(lines).encode() + body


# -- one request, one answer ----------------------------------------------------------------------------------------


async def test_a_body_behind_its_answer_is_no_second_request(talk: Talk) -> None:
    """The refusal is sent before the body came; taken for a head, that would be answered on its own."""
    for header in ("Content-Type: text/plain", "Content-Encoding: gzip"):
        await talk.say(post("/v1/messages", b"", header, length=100_000))
        assert (await talk.hear()).status == 415
        for _ in range(4):
            await talk.say(b"x" * 25_000)
            await asyncio.sleep(0)
        await talk.say(LIVE)
        said = await talk.hear()
        assert (said.status, said.json) == (200, {"status": "ok"})


async def test_a_large_body_that_nobody_wants_is_not_read_to_its_end(talk: Talk) -> None:
    await talk.say(post("/v1/messages", b"x" * 1000, "Content-Type: text/plain", length=10_000_000))
    assert (await talk.hear()).status == 413
    await talk.say(*[b"x" * 65_536] * 5)
    assert await talk.ended()


async def test_a_body_that_nobody_wants_and_that_does_not_come_ends_the_connection(tmp_path: Path) -> None:
    sections = {"api": {"request_timeout_s": 0.3}}
    async with running(make_config(tmp_path, {}, sections)) as rig:
        talk = await Talk.with_(rig)
        await talk.say(post("/v1/messages", b"xx", "Content-Type: text/plain", length=1000))
        assert (await talk.hear()).status == 415
        await talk.say(b"x")
        assert await talk.ended()
        talk.close()


async def test_who_waits_for_100_and_is_refused_is_not_left_waiting(talk: Talk) -> None:
    """Nobody can tell the body, if it comes after all, from the next request (RFC 9110 10.1.1)."""
    await talk.say(post("/v1/messages", b"", "Content-Type: text/plain", "Expect: 100-continue", length=1000))
    assert (await talk.hear()).status == 415
    assert await talk.ended()


async def test_empty_lines_behind_a_body_are_no_request(talk: Talk) -> None:
    await talk.say(post("/v1/messages", MESSAGE) + b"\r\n")
    assert (await talk.hear()).status == 202
    await talk.say(b"\r\n\r\n" + LIVE + b"\r\n" + LIVE)
    assert [(await talk.hear()).status for _ in range(2)] == [200, 200]


async def test_requests_in_a_row_are_answered_in_a_row(talk: Talk) -> None:
    await talk.say(post("/v1/messages", MESSAGE) + LIVE + b"HEAD /v1/events HTTP/1.1\r\nHost: x\r\n\r\n" + LIVE)
    assert (await talk.hear()).status == 202
    assert (await talk.hear()).status == 200
    assert (await talk.hear(head_only=True)).headers["content-type"].startswith("text/event-stream")
    assert (await talk.hear()).json == {"status": "ok"}


async def test_who_says_no_more_still_gets_the_answer(rig: Rig) -> None:
    for request, status in (
        (post("/v1/messages", MESSAGE), 202),
        (b"GET /v1/messages/export HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (post("/v1/messages", b"{", length=100), 400),
    ):
        talk = await Talk.with_(rig)
        await talk.say(request)
        talk.say_no_more()
        assert (await talk.hear()).status == status
        assert await talk.ended()
        talk.close()


# -- targets and methods --------------------------------------------------------------------------------------------


async def test_a_target_in_absolute_form_is_the_same(talk: Talk) -> None:
    await talk.say(b"GET http://elsewhere/v1/messages?limit=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await talk.hear()).json == {"data": [], "next_cursor": None}
    for target in (b"health/live", b"*", b"x:80", b"ftp://x/health/live"):
        await talk.say(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await talk.hear()).json["code"] == "http_error"


async def test_a_slash_at_the_end_is_another_address(rig: Rig) -> None:
    for path in ("/v1/messages", "/v1/modems", "/v1/tokens", "/health/live", "/docs", "/openapi.json", "/metrics"):
        for method in ("GET", "POST", "DELETE"):
            answer = await rig.http.request(method, f"{path}/")
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
            assert answer.json()["detail"] == f"the path {path}/ does not exist; did you mean {path}?"
    assert (await rig.http.get("/nothing/")).json()["detail"] == "the path /nothing/ does not exist"


async def test_the_host_that_a_client_names_is_in_no_answer(talk: Talk) -> None:
    await talk.say(b"GET /v1/nothing HTTP/1.1\r\nHost: evil/v1\r\n\r\n")
    assert (await talk.hear()).json["detail"] == "the path /v1/nothing does not exist"


async def test_head_is_get_without_its_body(rig: Rig, talk: Talk) -> None:
    paths = [path.partition(" ")[2] for path in rig_paths("GET")]
    assert len(paths) > 12
    for path in ("/v1/messages/export?format=csv", "/v1/events?after=0", "/v1/nothing", "/docs", *paths):
        await talk.say(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await talk.hear(head_only=True)
        await talk.say(LIVE)
        assert (await talk.hear()).json == {"status": "ok"}  # not a rest of the answer before
        if path.startswith("/v1/events"):
            assert head.status == 200
            continue
        whole = await rig.http.get(path, params={"timeout": 0} if path == "/v1/messages/wait" else None)
        assert (head.status, head.headers["content-type"]) == (whole.status_code, whole.headers["content-type"])
    wrong = await rig.http.put("/docs")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
    assert wrong.json()["detail"] == "PUT is not allowed at /docs; allowed are GET, HEAD"


def rig_paths(method: str) -> list[str]:
    from gsmgw.api import ROUTERS

    routes = [route for router in ROUTERS for route in router.routes]
    return [f"{method} {route.path}" for route in routes if method in route.methods and "{" not in route.path]


# -- bodies ---------------------------------------------------------------------------------------------------------


async def test_json_with_a_mark_is_json_and_other_encodings_are_told_apart(rig: Rig) -> None:
    for path in ("/v1/messages", "/v1/messages/preview", "/v1/tokens"):
        for body, detail in (
            ("{}".encode("utf-16"), "the byte at 3 is zero: JSON must be UTF-8, not UTF-16"),
            (b'{"text": "\xff"}', "the byte at 10 is not valid UTF-8"),
        ):
            answer = await rig.http.post(path, content=body, headers=JSON)
            assert (answer.status_code, answer.json()["detail"]) == (400, detail)
    for path, status in (("/v1/messages", 202), ("/v1/messages/preview", 200)):
        answer = await rig.http.post(path, content=b"\xef\xbb\xbf" + MESSAGE, headers=JSON)
        assert answer.status_code == status
    packed = gzip.compress(MESSAGE)
    answer = await rig.http.post("/v1/messages", content=packed, headers={**JSON, "Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert "Content-Encoding: gzip" in answer.json()["detail"]


async def test_half_an_emoji_is_the_fault_of_its_field_alone(rig: Rig) -> None:
    """JavaScript writes a text that was cut in the middle of one as ``\\ud83d``."""
    cut, whole, tagged = (
        f'{{"to": "{ANNA}", {rest}}}'
        for rest in ('"text": "cut \\ud83d"', '"text": "\\ud83d\\ude00"', '"text": "x", "tags": ["\\ude00"]')
    )
    answer = await rig.http.post("/v1/messages", content=cut, headers=JSON)
    assert answer.status_code == 422
    detail = "contains half of a surrogate pair at position 4"
    assert answer.json()["errors"] == [{"pointer": "/text", "detail": detail}]
    batch = f'{{"messages": [{whole}, {cut}, {tagged}]}}'
    answer = await rig.http.post("/v1/messages/batch", content=batch, headers=JSON)
    good, bad, worse = answer.json()["data"]
    assert (answer.status_code, good["text"]) == (202, "\U0001f600")
    assert bad["error"]["errors"][0]["pointer"] == "/messages/1/text"
    assert worse["error"]["errors"][0]["pointer"] == "/messages/2/tags/0"
    broken = await rig.http.post("/v1/messages", content=b'{"text": "\\ud83d"', headers=JSON)
    assert broken.json()["code"] == "invalid_json"


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/v1/webhooks", r'{"url": "https://x.example", "modems": ["ok", "\ud800"]}', "/modems/1"),
        ("/v1/webhooks", r'{"url": "https://x.example/\udc00"}', "/url"),
        ("/v1/webhooks", r'{"url": "https://x.example", "description": "\ud83d"}', "/description"),
        ("/v1/webhooks", r'{"\ud83d": 1}', ""),
        ("/v1/tokens", r'{"name": "a", "scopes": ["send"], "modems": ["\ud83d"]}', "/modems/0"),
        ("/v1/messages", r'{"to": "110", "text": "x", "modem": "\ud83d"}', "/modem"),
        ("/v1/messages", r'{"to": "110", "text": "x", "\ud83d": 1}', ""),
        ("/v1/messages/preview", r'{"text": "\ud83d"}', "/text"),
        ("/v1/messages/0000000000000/resolve", r'{"action": "\ud83d"}', "/action"),
    ],
)
async def test_half_an_emoji_is_refused_everywhere(rig: Rig, path: str, body: str, pointer: str) -> None:
    answer = await rig.http.post(path, content=body, headers=JSON)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await rig.http.get(path.partition("/preview")[0].partition("/0")[0])).status_code == 200


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def test_a_body_of_brackets_costs_no_memory(rig: Rig) -> None:
    """Twenty megabytes that were gigabytes once they were objects, and as much again as a list of faults."""
    fields = b",".join(b'"%x":1' % number for number in range(1_500_000))
    wanted = [
        b"{" + fields + b"}",
        b'{"messages":[{' + fields + b"}]}",
        b'{"messages":[' + b"[]," * 6_000_000 + b"[]]}",
    ]
    before = _peak_kb()
    for body in wanted:
        for path in ("/v1/messages", "/v1/messages/batch", "/v1/messages/batch/preview", "/v1/webhooks"):
            answer = await rig.http.post(path, content=body, headers=JSON)
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert _peak_kb() - before < 200 * 1024


async def test_as_many_values_as_a_request_can_have_are_taken(rig: Rig) -> None:
    full = {
        "to": ANNA, "text": 'a, b, [c], {d} " \\', "modem": "none", "pool": None, "priority": "bulk",
        "valid_for": 60, "delivery_report": True, "encoding": "auto", "flash": False, "class": None, "send_at": None,
        "data": None, "port": None, "client_ref": "x", "on_unknown": "hold", "tags": [f"t{n}" for n in range(20)],
    }  # fmt: skip
    answer = await rig.http.post("/v1/messages/batch/preview", json={"messages": [full] * 10_000}, timeout=60)
    assert answer.status_code == 200
    assert {entry["error"]["code"] for entry in answer.json()["data"]} == {"unknown_modem"}
    longest = json.dumps({"text": "a," * (255 * 152 // 2)})
    answer = await rig.http.post("/v1/messages/preview", content=longest, headers=JSON)
    assert (answer.status_code, len(longest) < SINGLE.max_bytes < BATCH.max_bytes) == (200, True)


async def test_an_answer_names_a_bounded_number_of_faults(rig: Rig) -> None:
    wild = {f"f{number}": 1 for number in range(1500)}
    for path in ("/v1/messages", "/v1/webhooks"):
        answer = await rig.http.post(path, json=wild)
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) == 100
        assert answer.json()["detail"].endswith("is missing (and 1500 more)")
    answer = await rig.http.post("/v1/messages/batch", json={"messages": [wild, {"to": ANNA, "text": "x"}]})
    bad, good = answer.json()["data"]
    assert bad["error"]["detail"] == "message 0: has 1500 fields; a message has at most 19"
    assert good["status"] == "queued"


async def test_two_idempotency_keys_are_none(rig: Rig) -> None:
    headers = [*JSON.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await rig.http.post("/v1/messages", content=MESSAGE, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"parameter": "Idempotency-Key", "detail": "is given 2 times; give it once"}]


# -- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2126-12-24T18:00:00Z", "2126-12-24T18:00:00.000Z"),
        ("2126-12-24t18:00:00.25z", "2126-12-24T18:00:00.250Z"),
        ("2126-12-24 18:00:00-00:00", "2126-12-24T18:00:00.000Z"),
        ("2126-12-24T18:00:00.123456789+01:00", "2126-12-24T17:00:00.123Z"),
        ("2126-12-24T18:00+0100", "2126-12-24T17:00:00.000Z"),
        ("2126-12-31T23:59:60Z", "2127-01-01T00:00:00.000Z"),  # RFC 3339 5.7: a leap second
    ],
)
async def test_a_time_may_be_written_in_every_way_of_rfc_3339(rig: Rig, written: str, meant: str) -> None:
    answer = await rig.http.post("/v1/messages", json={"to": ANNA, "text": "x", "send_at": written})
    assert answer.json()["send_at"] == meant
    # as somebody writes it who does not know that a query's + is a space
    assert (await rig.http.get(f"/v1/messages?until={written.replace(' ', '%20')}")).status_code == 200


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2126-12-24T18:00:00", "has no time zone"),
        ("2126-02-29T18:00:00Z", "is not a valid time: day is out of range for month"),
        ("2126-12-24T24:00:00Z", "is not a valid time: hour must be in 0..23"), ("2126-12-24", "is not a valid RFC"),
        ("2126-12-24T18:00:00+24:00", "is not a valid RFC"),
        (" 2126-12-24T18:00:00Z", "is not a valid RFC"),
        ("1969-12-24T18:00:00Z", "is outside the years"), (1798131600, "is not a valid RFC"),
    ],
)  # fmt: skip
async def test_a_time_that_is_none_is_told_why(rig: Rig, written: Any, words: str) -> None:
    answer = await rig.http.post("/v1/messages", json={"to": ANNA, "text": "x", "send_at": written})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/send_at")
    assert error["detail"].startswith(words)


async def test_a_field_that_may_be_two_things_is_one_field(rig: Rig) -> None:
    for since in ("yesterday", 1.5, True, 0, -1, [], "2126-12-24T18:00:00"):
        answer = await rig.http.post("/v1/webhooks/wh_1/replay", json={"since": since})
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"]) == (422, "/since")
        assert error["detail"].startswith("is not an event ID or an RFC 3339 time")
    for good in (1, "2026-12-24T18:00:00Z"):
        assert (await rig.http.post("/v1/webhooks/wh_1/replay", json={"since": good})).status_code == 404


async def test_a_parameter_that_is_there_twice_is_not_left_out_in_silence(rig: Rig) -> None:
    for query, name in (
        ("/v1/messages?modem=a&modem=b", "modem"), ("/v1/messages/export?q=a&q=b", "q"),
        ("/v1/audit?limit=1&limit=2", "limit"), ("/v1/events?types=message.sent&types=modem.*", "types"),
    ):  # fmt: skip
        answer = await rig.http.get(query)
        assert (answer.status_code, answer.json()["errors"]) == (
            422,
            [{"parameter": name, "detail": "is given 2 times; give it once"}],
        )
    assert (await rig.http.get("/v1/messages?status=sent&status=failed")).status_code == 200


async def test_true_and_false_are_written_as_json_has_them(rig: Rig) -> None:
    for wrong in (0, 1, "false", "yes"):
        for path, body, field in (
            ("/v1/messages", {"to": ANNA, "text": "x"}, "flash"),
            ("/v1/messages", {"to": ANNA, "text": "x"}, "delivery_report"),
            ("/v1/messages/preview", {"text": "x"}, "transliterate"),
            ("/v1/webhooks/wh_1/resume", {}, "skip"),
        ):
            answer = await rig.http.post(path, json={**body, field: wrong})
            assert (answer.status_code, answer.json()["detail"]) == (422, f"{field}: must be true or false")


async def test_a_number_is_not_written_as_true_or_false(rig: Rig) -> None:
    for path, body, field in (
        ("/v1/tokens", {"name": "x", "scopes": ["send"]}, "per_minute"),
        ("/v1/tokens", {"name": "x", "scopes": ["send"]}, "per_day"),
        ("/v1/webhooks/wh_1/secrets", {}, "keep_former"),
        ("/v1/messages", {"to": ANNA, "data": "AAE="}, "port"),
    ):
        answer = await rig.http.post(path, json={**body, field: True})
        assert answer.status_code == 422, (path, field)
        assert field in answer.json()["detail"]
    answer = await rig.http.post("/v1/tokens", json={"name": "x", "scopes": ["send"], "smpp": 1})
    assert (answer.status_code, answer.json()["detail"]) == (422, "smpp: must be true or false")
