"""Whatever is asked of the API and of the doors, no answer is a 500, and the gateway goes on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from support.rig import Rig, make_config, running
from support.waiting import GENEROUS_S

from gsmgw.client.options import no_tls

pytestmark = pytest.mark.long

CASES = int(os.environ.get("GSMGW_PROPERTY_CASES", "150"))
SID, AUTH = "AC" + "0" * 31 + "1", "a secret of sixteen"
#: Long work, or an answer without end.
LEFT_OUT = {("GET", "/v1/messages/wait"), ("POST", "/v1/backups"), ("GET", "/v1/modems/{name}/tap")}
DOORS = [
    ("GET", "/cgi-bin/sendsms"),
    ("POST", "/3rdparty/v1/messages"),
    ("POST", "/3rdparty/v1/webhooks"),
    ("GET", "/3rdparty/v1/messages/{name}"),
    ("DELETE", "/3rdparty/v1/messages/{name}"),
    ("POST", f"/2010-04-01/Accounts/{SID}/Messages.json"),
    ("GET", f"/2010-04-01/Accounts/{SID}/Messages/{{name}}.json"),
]
KANNEL = ["to", "text", "charset", "coding", "mclass", "flash", "deferred", "validity", "priority", "dlr-mask",
          "dlr-url", "smsc", "udh"]  # fmt: skip
SMSGATE = ["id", "phoneNumbers", "textMessage", "message", "ttl", "scheduleAt", "url", "event", "dataMessage"]
TWILIO = ["To", "Body", "From", "StatusCallback", "ValidityPeriod", "SendAt", "MediaUrl0", "Status"]

half = st.sampled_from(["\ud800", "x\udc00", "\ud83d\ude00", "\ud83d"])
odd = st.sampled_from(
    ["", "\x00", "a\u2028b", "١٢٣٤", "１２３４５", "+4915112345678", "0151 12345678", "²", "2026-12-24T18:00:00+01:00",
     "9999-12-31T23:59:59Z", "https://x.example/", "http://[fd20:ce::254]/", "https://x.example/\x85", "utf-7",
     "UTF-16LE", "-1", "1e999", "message.*", "whsec_" + "A" * 40, "a" * 70_000, "x" * 300, "%", "' OR 1=1 --", "*", '"']
)  # fmt: skip
texts = odd | half | st.text(max_size=30)
numbers = st.integers() | st.integers(-3, 300) | st.floats() | st.sampled_from([2**63, -(2**63), 10**400])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


@dataclass
class House:
    """A running gateway, and what it says that can be asked of it."""

    rig: Rig
    http: httpx.AsyncClient
    calls: list[tuple[str, str]]
    described: dict[str, Any]
    names: list[str]
    secret: str

    def properties(self, method: str, path: str) -> dict[str, Any]:
        """The fields that a call's body may have."""
        operation = self.described["paths"].get(path, {}).get(method.lower(), {})
        content = operation.get("requestBody", {}).get("content", {})
        return self._fields(content.get("application/json", {}).get("schema", {}))

    def _fields(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            schema = self.described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for inner in schema.get("anyOf", ()):
            if fields := self._fields(inner):
                return fields
        found: dict[str, Any] = schema.get("properties", {})
        return found

    def parameters(self, method: str, path: str) -> list[str]:
        """The names that a call's query may have."""
        operation = self.described["paths"].get(path, {}).get(method.lower(), {})
        return [entry["name"] for entry in operation.get("parameters", ()) if entry["in"] == "query"]

    async def ask(self, method: str, path: str, query: Any, body: bytes | None, headers: dict[str, str]) -> None:
        """Make a request, and look at the head and the beginning of its answer."""
        try:
            url = httpx.URL("http://gsmgw" + path, params=query or None)
            request = self.http.build_request(method, url, content=body, headers=headers)
        except (httpx.InvalidURL, UnicodeEncodeError, TypeError, ValueError):
            return  # no client could say that
        async with asyncio.timeout(120):
            try:
                answer = await self.http.send(request, stream=True)
            except httpx.LocalProtocolError:
                return  # no client could say that
            try:
                assert answer.status_code < 500 or path == "/health/ready", (method, path, await answer.aread())
                if not path.startswith("/v1/events"):
                    await answer.aread()
                    kind = answer.headers.get("content-type", "")
                    if "json" in kind and "ndjson" not in kind and method != "HEAD":
                        assert len(answer.text.splitlines()) <= 1
                        assert answer.text, (method, path, answer.status_code, dict(answer.headers))
                        json.loads(answer.text)
            finally:
                await answer.aclose()


@contextlib.asynccontextmanager
async def house(directory: Path) -> AsyncIterator[House]:
    compat = {"kannel": True, "smsgate": True, "twilio": True, "twilio_account_sid": SID, "twilio_auth_token": AUTH}
    config = make_config(directory, {"m0": str(directory / "none")}, {"compat": compat})
    transport = httpx.AsyncHTTPTransport(uds=str(config.gateway.socket), verify=no_tls())
    async with running(config) as rig, httpx.AsyncClient(transport=transport, timeout=GENEROUS_S) as http:
        described = (await http.get("http://gsmgw/openapi.json")).json()
        calls = [
            (method.upper(), path)
            for path, operations in described["paths"].items()
            for method in operations
            if (method.upper(), path) not in LEFT_OUT
        ]
        made = (await http.post("http://gsmgw/v1/tokens", json={"name": "t", "scopes": ["manage"]})).json()
        sent = (await http.post("http://gsmgw/v1/messages", json={"to": "+4915112345678", "text": "x"})).json()
        names = [sent["id"], "m0", "t", "0000000000000", "wh_1", "invalid_number", "+4915112345678"]
        yield House(rig, http, [*calls, *DOORS], described, names, made["token"])


def requests_of(house: House) -> st.SearchStrategy[tuple[str, str, Any, bytes | None, dict[str, str]]]:
    """Requests: a call that there is, mostly, with fields and parameters that it has, mostly, of any value."""

    @st.composite
    def request(draw: st.DrawFn) -> tuple[str, str, Any, bytes | None, dict[str, str]]:
        method, template = draw(st.sampled_from(house.calls))
        path = template
        while "{" in path:
            name = draw(st.sampled_from(house.names) | texts.filter(lambda text: "{" not in text and len(text) < 400))
            begin, _, rest = path.partition("{")
            quoted = httpx.URL("http://x/", params={"q": name.encode("utf-8", "replace").decode()}).query.decode()[2:]
            path = begin + quoted + rest.partition("}")[2]
        if draw(st.integers(0, 9)) == 0:
            method = draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]))
        wanted = house.parameters(method, template) + (KANNEL if "sendsms" in template else [])
        query = draw(
            st.lists(st.tuples(st.sampled_from(wanted or ["x"]) | texts, texts | numbers.map(str)), max_size=4)
        )
        query = [(name[:500], value[:500]) for name, value in query]
        headers = {"Content-Type": "application/json"}
        body: bytes | None = None
        if template.startswith("/cgi-bin"):
            query = [("username", "t"), ("password", house.secret), *query]
        elif template.startswith("/3rdparty"):
            headers["Authorization"] = "Basic " + b64encode(f"t:{house.secret}".encode()).decode()
            fields = [
                "id",
                "phoneNumbers",
                "textMessage",
                "message",
                "ttl",
                "scheduleAt",
                "url",
                "event",
                "dataMessage",
            ]
            body = json.dumps(draw(st.dictionaries(st.sampled_from(fields), values, max_size=5))).encode()
        elif template.startswith("/2010"):
            headers = {"Authorization": "Basic " + b64encode(f"{SID}:{AUTH}".encode()).decode()}
            form = draw(st.dictionaries(st.sampled_from(TWILIO), texts, max_size=5))
            body = b"&".join(f"{name}={value}".encode("utf-8", "surrogatepass") for name, value in form.items())
        elif method in ("POST", "PATCH", "PUT"):
            body = draw(bodies(house.properties(method, template)))
        if draw(st.integers(0, 5)) == 0:
            headers["Idempotency-Key"] = draw(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300))
        return method, path, query, body, headers

    return request()


def bodies(known: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """JSON objects with known fields, other JSON, and octets."""
    likely = {
        "to": st.just("+4915112345678") | texts,
        "text": texts,
        "scopes": st.just(["send"]),
        "name": texts,
        "messages": st.lists(st.fixed_dictionaries({"to": texts, "text": texts}) | values, max_size=3),
    }
    fields = st.fixed_dictionaries({}, optional={name: likely.get(name, values) for name in known})
    objects = st.builds(lambda some, more: {**some, **more}, fields, st.dictionaries(texts, values, max_size=1))
    return (fields | objects | values).map(json.dumps).map(str.encode) | st.binary(max_size=60)


def test_no_request_is_answered_with_500() -> None:
    with tempfile.TemporaryDirectory() as directory, asyncio.Runner() as runner:
        manager = house(Path(directory))
        work = runner.run(manager.__aenter__())

        @given(requests_of(work))
        @settings(max_examples=CASES, deadline=None)
        def ask(request: tuple[str, str, Any, bytes | None, dict[str, str]]) -> None:
            runner.run(work.ask(*request))

        try:
            ask()
            assert runner.run(work.rig.client.stats())["version"]
        finally:
            runner.run(manager.__aexit__(None, None, None))
