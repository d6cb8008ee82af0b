"""The OpenAPI document against the running daemon: requests made from it, good ones and bad ones (schemathesis)."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from jsonschema_rs import Draft202012Validator
from pydantic import TypeAdapter
from support.processes import Site, site, until

from gsmgw.api import ROUTERS
from gsmgw.api.examples import ANSWERS, REQUESTS
from gsmgw.api.operations import GROUPS
from gsmgw.api.routes.problem_pages import PAGES
from gsmgw.wire.problems import PROBLEMS
from gsmgw.wire.resources import Event, ProblemDocument

#: Seconds that the generated requests may go on.
BUDGET_S = int(os.environ.get("GSMGW_SCHEMA_S", "25"))
#: Of all checks, not: that what fits the schema is taken (a number has to exist, a modem to be there), and that every
#: route asks for a token (some are for anybody).
LEFT_OUT = "positive_data_acceptance,ignored_auth"
#: What refuses data that does not fit: a body with very many values is too large before it is compared with the schema.
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "406", "409", "413", "415", "422", "5xx"]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api = f'\n[api]\nlisten = "127.0.0.1:{port}"\n'
    with site(tmp_path_factory.mktemp("site"), modems=1, gateway=api) as found, found.start() as client:
        until(lambda: client.modems()[0]["state"] == "ready")
        sent = client.send("+4915112345671", "a message to be found")
        until(lambda: client.message(sent["id"])["status"] == "delivered")
        made = client.request("POST", "/v1/tokens", json={"name": "schema", "scopes": ["manage"]})
        yield found, f"http://127.0.0.1:{port}", made["token"]


def test_no_request_made_from_the_schema_gets_an_answer_that_is_not_in_it(
    place: tuple[Site, str, str], tmp_path: Path
) -> None:
    _, url, token = place
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run", f"{url}/openapi.json",
        "-H", f"Authorization: Bearer {token}", "--checks", "all", "--exclude-checks", LEFT_OUT,
        "--phases", "examples,coverage,fuzzing",
        # the first two do not end, the third lasts as long as it is asked to, the last one would revoke its own token
        "--exclude-path-regex", "^/v1/(events|modems/.*/tap|messages/wait|tokens/.*)$",
        "--max-time", str(BUDGET_S), "--max-examples", "15", "--workers", "1", "--request-timeout", "60",
        "--seed", "1", "--warnings", "off", "--suppress-health-check", "all", "--continue-on-failure",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_operations_have_groups_in_the_order_of_use_and_names_for_clients(place: tuple[Site, str, str]) -> None:
    _, url, _ = place
    document = httpx.get(f"{url}/openapi.json").json()
    named = {place for group in GROUPS for place in group.operations}
    routes = {
        f"{method} {route.path}" for router in ROUTERS for route in router.routes for method in route.methods or ()
    }
    assert named == routes
    found = [operation for operations in document["paths"].values() for operation in operations.values()]
    names = [operation["operationId"] for operation in found]
    assert len(set(names)) == len(names) == len(routes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names)
    assert [tag["name"] for tag in document["tags"]][:3] == ["messages", "conversations", "contacts"]
    assert names[0] == "send_message"
    page = httpx.get(f"{url}/docs").text
    headings = re.findall(r'<h2 id="(\w+)">', page)
    assert headings == [*(tag["name"] for tag in document["tags"]), "schemas"]
    listed = [name for group in GROUPS for name in group.operations.values()]
    assert re.findall(r'<details id="([a-z_]+)">', page) == listed
    for code in ("invalid_number", "unauthorized"):
        assert f'<a href="/docs/problems/{code}"><code>{code}</code></a>' in page
    for code in set(re.findall(r'href="/docs/problems/(\w+)"', page)):
        assert httpx.get(f"{url}/docs/problems/{code}").status_code == 200


def test_the_examples_fit_their_schemas(place: tuple[Site, str, str]) -> None:
    _, url, _ = place
    document = httpx.get(f"{url}/openapi.json").json()
    seen = set()
    for operations in document["paths"].values():
        for operation in operations.values():
            good = [response for status, response in operation["responses"].items() if status.startswith("2")]
            for described in (operation.get("requestBody", {}), *good):
                content = described.get("content", {}).get("application/json", {})
                if "example" in content:
                    schema = {**content["schema"], "components": document["components"]}
                    Draft202012Validator(schema).validate(content["example"])
                    seen.add(operation["operationId"])
    assert seen == {*REQUESTS, *ANSWERS}
    page = httpx.get(f"{url}/docs").text
    assert "&quot;" not in page.partition('<h2 id="schemas">')[0].partition("Example:")[2].partition("</pre>")[0]
    assert '"text": "Your parcel arrives today"' in page


def test_the_event_stream_answers_as_it_is_described(place: tuple[Site, str, str]) -> None:
    _, url, token = place
    document = httpx.get(f"{url}/openapi.json").json()
    described = document["paths"]["/v1/events"]["get"]
    assert {(known["in"], known["name"]) for known in described["parameters"]} == {
        ("query", "types"), ("query", "after"), ("query", "heartbeat"), ("header", "Last-Event-ID"),
    }  # fmt: skip
    many = ",".join(["message.sent"] * 51)
    for query, headers, parameter, status in (
        ("after=-1", {}, "after", 422), ("after=x", {}, "after", 422), (f"after={2**63}", {}, "after", 422),
        ("heartbeat=0", {}, "heartbeat", 422), ("heartbeat=nan", {}, "heartbeat", 422),
        ("heartbeat=301", {}, "heartbeat", 422),
        ("types=" + "x" * 2001, {}, "types", 422), ("types=" + many, {}, "types", 422),
        ("types=message*", {}, "types", 422), ("types=Message.Sent", {}, "types", 422),
        ("", {"Last-Event-ID": "x"}, "Last-Event-ID", 422), ("", {"Last-Event-ID": "1" * 41}, "Last-Event-ID", 422),
        (f"after={2**63 - 1}", {}, None, 410), ("", {"Last-Event-ID": "9" * 40}, None, 410),
    ):  # fmt: skip
        answer = httpx.get(f"{url}/v1/events?{query}", headers={"Authorization": f"Bearer {token}", **headers})
        assert answer.status_code == status, (query, headers, answer.text)
        assert str(status) in described["responses"]
        assert answer.headers["content-type"] == "application/problem+json"
        problem = TypeAdapter(ProblemDocument).validate_json(answer.content)
        assert parameter is None or [error.get("parameter") for error in problem.get("errors") or ()] == [parameter]
    assert httpx.get(f"{url}/v1/events").status_code == 401
    assert httpx.post(f"{url}/v1/events", headers={"Authorization": f"Bearer {token}"}).status_code == 405
    with httpx.stream(
        "GET", f"{url}/v1/events?after=0&types=message.sent", headers={"Authorization": f"Bearer {token}"}
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] in described["responses"]["200"]["content"]
        lines = answer.iter_lines()
        assert next(lines).startswith(": gsmgw ")
        data = next(line for line in lines if line.startswith("data: "))
        assert TypeAdapter(Event).validate_json(data.removeprefix("data: "))["type"] == "message.sent"


def test_a_client_of_http_1_0_gets_the_stream_until_the_connection_ends(place: tuple[Site, str, str]) -> None:
    found, _, _ = place
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(60)
        channel.connect(str(found.socket))
        channel.sendall(b"GET /v1/events?after=0 HTTP/1.0\r\n\r\n")
        said = b""
        while b"\nid: 2\n" not in said:
            said += channel.recv(65536)
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert body.startswith(b": gsmgw ")


def test_every_route_is_described_and_nothing_else(place: tuple[Site, str, str]) -> None:
    _, url, _ = place
    document = httpx.get(f"{url}/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    described = {f"{method.upper()} {path}" for path, found in document["paths"].items() for method in found}
    routes = [route for router in ROUTERS for route in router.routes]
    assert described == {f"{method} {route.path}" for route in routes for method in route.methods}
    assert len(described) > 40


def test_the_pages_need_no_network(place: tuple[Site, str, str]) -> None:
    _, url, _ = place
    page = httpx.get(f"{url}/docs")
    assert page.status_code == 200
    assert "POST</span> /v1/messages" in page.text
    for text in (page.text, httpx.get(f"{url}/docs/problems").text):
        assert "<script" not in text
        assert 'src="' not in text
        assert 'href="http' not in text


def test_every_problem_has_a_page_where_its_type_leads(place: tuple[Site, str, str]) -> None:
    _, url, token = place
    assert set(PAGES) == set(PROBLEMS)
    answer = httpx.get(f"{url}/v1/messages/nonsense", headers={"Authorization": f"Bearer {token}"})
    page = httpx.URL(answer.url).join(answer.json()["type"])  # RFC 9457 3.1.1: relative to where it came from
    assert "The resource does not exist" in httpx.get(page).text
    for code, (status, title) in PROBLEMS.items():
        page_text = httpx.get(f"{url}/docs/problems/{code}").text
        assert title in page_text
        assert f"HTTP {status}" in page_text
