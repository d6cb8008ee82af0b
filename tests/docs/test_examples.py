"""The examples of the documentation do what they say, in each language that is there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

import pytest
from support.processes import Site, site, until

from gsmgw.client import Client

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
COMMANDS = {
    "curl": ["sh", str(EXAMPLES / "gateway.sh")],
    "python": [sys.executable, str(EXAMPLES / "gateway.py")],
    "node": ["node", str(EXAMPLES / "gateway.mjs")],
    "php": ["php", str(EXAMPLES / "gateway.php")],
}
#: What has to be there in CI; node is no small package.
REQUIRED = ("curl", "php")
ANNA = "+4915112345671"


@pytest.fixture(params=COMMANDS)
def language(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    program = {"python": sys.executable}.get(name, name)
    if shutil.which(program) is None:
        assert os.environ.get("CI") != "true" or name not in REQUIRED, f"{name} has to be there in CI"
        pytest.skip(f"{name} is not installed here: its example is checked where it is")
    return name


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    webhooks = '\n[webhooks]\nallow = ["http", "loopback"]\n'
    with site(tmp_path_factory.mktemp("site"), modems=1, gateway=webhooks) as found:
        with found.start() as client:
            until(lambda: client.modems()[0]["state"] == "ready")
        yield found


def environ(place: Site, **more: str) -> dict[str, str]:
    return {**os.environ, "GSMGW_SOCKET": str(place.socket), **more}


def run(place: Site, language: str, *arguments: str) -> dict[str, object]:
    command = [*COMMANDS[language], *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ(place))
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def begun(command: list[str], env: dict[str, str]) -> subprocess.Popen[str]:
    """A program that does not end by itself, in a group of its own: a shell has children."""
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, start_new_session=True)


def end(child: subprocess.Popen[str]) -> None:
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=20)


def test_send_and_wait_for_the_outcome(place: Site, language: str) -> None:
    sent = run(place, language, "send", ANNA, f"sent by {language}")
    assert (sent["to"], sent["text"]) == (ANNA, f"sent by {language}")
    ended = run(place, language, "wait", str(sent["id"]))
    assert ended["status"] == "delivered"


def test_wait_for_an_outcome_that_comes_later(place: Site, language: str) -> None:
    with Client(place.socket) as client:
        later = datetime.now(UTC) + timedelta(seconds=3)  # until then the program has begun to follow the events
        sent = client.send(ANNA, f"later by {language}", send_at=later.isoformat())
    ended = run(place, language, "wait", str(sent["id"]))
    assert ended["status"] == "delivered"


HARD = 'He said "hi" to C:\\temp\n\tit\'s 100 % $HOME `x` ü ☀'


def test_a_text_with_quotes_arrives_as_it_is(place: Site, language: str) -> None:
    assert run(place, language, "send", ANNA, HARD)["text"] == HARD


@pytest.mark.parametrize("arguments", [[], ["send"], ["send", ANNA], ["wait"], ["frobnicate", "x"]])
def test_missing_arguments_are_told(place: Site, language: str, arguments: list[str]) -> None:
    command = [*COMMANDS[language], *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ(place))
    assert done.returncode == 2
    assert "send TO TEXT | wait ID | events AFTER" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_refusal_is_told_in_a_line(place: Site, language: str) -> None:
    command = [*COMMANDS[language], "send", "12", "x"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ(place))
    assert done.returncode not in (0, 2)
    assert "'12'" in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1


class Answers(BaseHTTPRequestHandler):
    """A long text whose first segment is delivered: then the message is, too."""

    statuses: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        segments = [{"seq": 1, "status": "delivered"}, {"seq": 2, "status": self.statuses[0]}]
        message = {"id": "m1", "status": self.statuses.pop(0), "text": "long", "segment_list": segments, "history": []}
        body = json.dumps(message, separators=(",", ":")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:  # a client on a Unix socket has none
        return ""

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
@pytest.mark.parametrize("end", ["delivered", "canceled"])
def test_a_segment_that_is_delivered_is_not_the_message(end: str, tmp_path: Path) -> None:
    Answers.statuses[:] = ["sending", end]
    path = tmp_path / "s"
    with socketserver.UnixStreamServer(str(path), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            done = subprocess.run(
                [*COMMANDS["curl"], "wait", "m1"],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                env={**os.environ, "GSMGW_SOCKET": str(path)},
            )
        finally:
            server.shutdown()
    assert json.loads(done.stdout)["status"] == end
    assert Answers.statuses == []


def test_events_from_where_they_were_left(place: Site, language: str) -> None:
    with Client(place.socket) as client:
        cursor = client.stats()["last_event"]
        first, second = (client.send(ANNA, text)["id"] for text in ("one", "two"))
        command = [*COMMANDS[language], "events", str(cursor)]
        child = begun(command, environ(place))
        try:
            assert child.stdout is not None
            seen: list[str] = []
            for line in child.stdout:
                if line.startswith(("{", "data:")):
                    event = json.loads(line.removeprefix("data:"))
                    assert event["id"] > cursor
                    seen.append(event["message_id"])
                if {first, second} <= set(seen):
                    break
        finally:
            end(child)


@pytest.mark.parametrize("language", [name for name in COMMANDS if name != "curl"], indirect=True)
def test_events_go_on_after_a_lost_connection(tmp_path: Path, language: str) -> None:
    with site(tmp_path, modems=1) as place:
        client = place.start()
        child = begun([*COMMANDS[language], "events", "0"], environ(place))
        try:
            assert child.stdout is not None
            for text in ("before", "after"):
                with client:
                    sent = client.send(ANNA, text)["id"]
                while json.loads(child.stdout.readline())["message_id"] != sent:
                    pass
                if text == "before":
                    place.kill()
                    client = place.start()
        finally:
            end(child)


@pytest.mark.parametrize("language", [name for name in COMMANDS if name != "curl"], indirect=True)
def test_a_webhook_is_verified_and_received(place: Site, language: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Client(place.socket) as client:
        body = {"url": f"http://127.0.0.1:{port}/", "events": ["message.delivered"]}
        hook = client.request("POST", "/v1/webhooks", json=body)
        path = f"/v1/webhooks/{hook['id']}"
        if language == "php":
            command = ["php", "-S", f"127.0.0.1:{port}", COMMANDS["php"][1]]
        else:
            command = [*COMMANDS[language], "receive", str(port), hook["secret"]]
        env = environ(place, SECRET=hook["secret"])
        child = begun(command, env)
        try:

            def listens() -> bool:
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0

            until(listens)
            assert client.request("POST", f"{path}/test")["state"] == "delivered"
            assert child.stdout is not None
            assert json.loads(child.stdout.readline())["type"] == "webhook.test"
            # signed by another secret than the receiver's: not taken
            client.request("POST", f"{path}/secrets", json={"keep_former": 0})
            assert client.request("POST", f"{path}/test")["tries"][0]["status"] == 401
        finally:
            end(child)
            client.request("DELETE", path)
