"""The control socket, the command line, TCP, the live view, the pytest plugin, record and replay."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import pytest
import serial
from click.testing import CliRunner
from rich.console import Console
from support.waiting import GENEROUS_S

from hw_sim.background import BackgroundModem, BackgroundPhone, BackgroundSimulation
from hw_sim.cli import main
from hw_sim.control.client import ControlError, request
from hw_sim.control.server import Control
from hw_sim.monitor import watch
from hw_sim.network.rules import Rules
from hw_sim.simulation import Simulation

PHONE = "+491510000001"


@pytest.fixture
def control(hw_sim_network: BackgroundSimulation, tmp_path: Path) -> Iterator[str]:
    """A served simulation with one modem; the socket's path."""
    path = str(tmp_path / "control")
    server = Control(hw_sim_network.simulation, path)
    hw_sim_network.wait(server.start())
    hw_sim_network.add_modem("modem0")
    yield path
    hw_sim_network.wait(server.stop())


def hw_sim(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    return result.output


def test_texts_and_phones(control: str) -> None:
    assert "3 segment(s)" in hw_sim("send", "--control", control, "--from", PHONE, "--to", "modem0", "x" * 400)
    assert json.loads(hw_sim("phone", "--control", control, PHONE, "--json"))["sent"][0]["segments"] == 3
    assert "400" not in hw_sim("phone", "--control", control, PHONE)
    request(control, "phone", number="+491510000002", answers={"*": "Yes"})
    request(control, "send", **{"from": PHONE}, to="+491510000002", text="Hello?")
    assert request(control, "phone", number=PHONE)["received"][0]["text"] == "Yes"
    request(control, "phone", number=PHONE, on=False)
    request(control, "send", **{"from": "+491510000002"}, to=PHONE, text="You there?")
    assert request(control, "phone", number=PHONE)["on"] is False
    assert len(request(control, "phone", number=PHONE, on=True)["received"]) == 2


def test_status_faults_and_rules(control: str) -> None:
    assert "active: hang" in hw_sim("fault", "--control", control, "modem0", "hang", "--for", "60")
    status = json.loads(hw_sim("status", "--control", control, "--json"))
    assert status["modems"][0]["faults"] == ["hang"]
    assert "faults: hang" in hw_sim("status", "--control", control)
    assert "active: none" in hw_sim("fault", "--control", control, "modem0", "clear")
    assert "slow" in hw_sim("fault", "--control", control, "modem0", "slow", "--set", "seconds=0.5")
    assert "did you mean slow" in hw_sim("fault", "--control", control, "modem0", "slwo", code=1)
    assert "modem 'modem9' does not exist; did you mean modem0?" in hw_sim(
        "send", "--control", control, "--from", PHONE, "--to", "modem9", "x", code=1
    )
    assert "modem0 is a modem" in hw_sim("phone", "--control", control, "modem0", code=1)
    assert "in use already" in hw_sim("phone", "--control", control, "+491700000001", code=1)
    assert "modem 'modem7' does not exist" in hw_sim("fault", "--control", control, "modem7", "hang", code=1)
    assert "delivery_delay_s = [1.0, 5.0]" in hw_sim("network", "--control", control, "delivery_delay_s=[1,5]")
    assert "rule 'losss' does not exist" in hw_sim("network", "--control", control, "losss=1", code=1)
    assert json.loads(hw_sim("ask", "--control", control, "modem", "modem=modem0", "signal=5"))["signal"] == 5
    events = request(control, "events", kind="fault")
    assert [event["kind"] for event in events["events"]] == ["hang", "slow"]
    assert request(control, "events", after=events["next"])["events"] == []


def test_plugging(control: str, tmp_path: Path) -> None:
    hw_sim("plug", "--control", control, "modem0", "--out")
    assert not (tmp_path / "hw_sim" / "modem0").exists()
    assert hw_sim("plug", "--control", control, "modem0", "--name", "modem5").strip().endswith("modem5")
    assert (tmp_path / "hw_sim" / "modem5").exists()


def test_calls_ussd_and_more_modems(control: str) -> None:
    assert request(control, "call", modem="modem0", **{"from": PHONE})["ringing"]
    assert not request(control, "call", modem="modem0", end=True)["ringing"]
    request(control, "ussd", modem="modem0", text="Your bundle ends", state=0)
    added = request(control, "add", profile="quectel-ec25", number="+491709999999")
    assert added["name"] == "modem1"
    assert len(request(control, "status")["modems"]) == 2


def test_a_schedule_of_faults(control: str) -> None:
    faults = [{"at_s": 0.01, "modem": "modem0", "kind": "hang", "for_s": 0.02, "every_s": 0.05}]
    assert request(control, "schedule", faults=faults)["scheduled"] == 1
    deadline = time.monotonic() + 5
    while len(request(control, "events", kind="fault")["events"]) < 3:
        assert time.monotonic() < deadline
    with pytest.raises(ControlError, match="missing key kind"):
        request(control, "schedule", faults=[{"modem": "modem0"}])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"x", "a request must be a JSON object: Expecting value"),
        (b"[]", "JSON object"),
        (b"{}", "a request needs op; use one of add, call,"),
        (b'{"op": "zzz"}', "operation 'zzz' does not exist; use one of add, call,"),
        (b'{"op": "stats"}', "operation 'stats' does not exist; did you mean status?"),
        (b'{"op": 5}', "operation '5' does not exist; use one of add, call,"),
        (b'{"op": "send"}', "operation send: missing field from and to"),
        (b'{"op": "send", "from": "+491", "to": "nobody"}', "modem 'nobody' does not exist; use modem0"),
        (
            b'{"op": "send", "from": "+491", "to": "modem0", "text": 1.5}',
            "send: text: 1.5 is not valid; use text",
        ),
        (
            b'{"op": "send", "from": "+491", "to": "modem0", "encoding": "x"}',
            "encoding: 'x' is not valid; use one of gsm7, ucs2",
        ),
        (b'{"op": "status", "colour": 1}', "operation status: unknown field 'colour'; none is valid here"),
        (b'{"op": "phone"}', "operation phone: missing field number"),
        (b'{"op": "phone", "number": 5, "statsu": 1}', "operation phone: unknown field 'statsu'; did you mean status?"),
        (b'{"op": "phone", "number": "+491", "status": "x"}', "phone: status: 'x' is not valid; use a whole number"),
        (b'{"op": "phone", "number": "+491", "answers": 3}', "phone: answers: 3 is not valid; use a table"),
        (b'{"op": "phone", "number": "+491", "answers": {"a": 3}}', "phone: answers.a: 3 is not valid; use text"),
        (b'{"op": "modem", "modem": "modem1"}', "modem 'modem1' does not exist; did you mean modem0?"),
        (b'{"op": "modem", "modem": "modem0", "signal": 500}', "modem: signal: 500 is not valid; use 0 to 99"),
        (b'{"op": "add", "profile": "wavcom"}', "profile 'wavcom' does not exist; did you mean wavecom?"),
        (b'{"op": "add", "name": "../x"}', "add: name: '../x' is not valid; use a file name of letters"),
        (b'{"op": "add", "name": "modem0"}', "modem modem0 exists already"),
        (b'{"op": "add", "number": "abc"}', "add: number: 'abc' is not valid; use digits, with a + or without"),
        (b'{"op": "add", "transport": "x"}', "add: transport: 'x' is not valid; use one of pty, tcp, memory"),
        (
            b'{"op": "replug", "modem": "modem0", "name": ""}',
            "replug: name: '' is not valid; use a file name of letters",
        ),
        (b'{"op": "call", "modem": "modem0", "end": 3}', "call: end: 3 is not valid; use true or false"),
        (b'{"op": "ussd", "modem": "modem0"}', "operation ussd: missing field text"),
        (b'{"op": "events", "after": "x"}', "events: after: 'x' is not valid; use a whole number"),
        (b'{"op": "events", "limit": -1}', "events: limit: -1 is not valid; use 1 or more"),
        (
            b'{"op": "fault", "modem": "modem0", "kind": "slow", "second": 3}',
            "unknown option 'second'; did you mean seconds?",
        ),
        (
            b'{"op": "fault", "modem": "modem0", "kind": "slow", "for_s": -1}',
            "for_s: -1.0 is not valid; use 0 or more",
        ),
        (
            b'{"op": "fault", "modem": "modem0", "kind": "slow", "count": 0}',
            "fault: count: 0 is not valid; use 1 or more",
        ),
        (b'{"op": "network", "losss": 1}', "rule 'losss' does not exist; did you mean loss?"),
        (b'{"op": "network", "loss": 7}', "rule loss: 7.0 is not valid; use 0 to 1"),
        (b'{"op": "network", "loss": "abc"}', "rule loss: 'abc' is not valid; use a number"),
        (b'{"op": "network", "outage": 5}', "rule outage: 5 is not valid; use true or false"),
        (b'{"op": "network", "delivery_delay_s": "x"}', "rule delivery_delay_s: 'x' is not valid; use a number"),
        (
            b'{"op": "network", "delivery_delay_s": [1, 2, 3]}',
            "rule delivery_delay_s: [1, 2, 3] is not valid; use 2 values",
        ),
        (
            b'{"op": "network", "delivery_delay_s": [2, 1]}',
            "rule delivery_delay_s: [2, 1] is not valid; use the shorter time first",
        ),
        (
            b'{"op": "network", "report_number": "x"}',
            "rule report_number: 'x' is not valid; use one of as sent, national, bare",
        ),
        (b'{"op": "network", "refused": {"+491": "x"}}', "rule refused.+491: 'x' is not valid; use a whole number"),
        (b'{"op": "schedule", "faults": 3}', "schedule: faults: 3 is not valid; use a list"),
        (b'{"op": "schedule", "faults": [3]}', "schedule: faults[0]: 3 is not valid; use a table"),
        (b'{"op": "schedule", "faults": [{"modem": "modem0"}]}', "scheduled fault 1: missing key kind"),
        (
            b'{"op": "schedule", "faults": [{"modem": "modem0", "kind": "hang", "at_s": "x"}]}',
            "scheduled fault 1: at_s: 'x' is not valid; use a number",
        ),
        (
            b'{"op": "schedule", "faults": [{"modem": "modem0", "kind": "hang", "every_s": 0}]}',
            "scheduled fault 1: every_s: 0.0 is not valid; use 0.001 or more",
        ),
        (
            b'{"op": "schedule", "faults": [{"modem": "modem0", "kind": "slow"}, {"modem": "modem0", "kind": "slo"}]}',
            "scheduled fault 2: fault 'slo' does not exist; did you mean slow?",
        ),
        (
            b'{"op": "schedule", "faults": [{"modem": "modem0", "kind": "slow", "evry_s": 3}]}',
            "scheduled fault 1: fault slow: unknown option 'evry_s'",
        ),
    ],
)
def test_bad_requests_are_answered(control: str, line: bytes, said: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(control)
        client.sendall(line + b"\n")
        with client.makefile("rb") as answers:
            answer = json.loads(answers.readline())
            client.sendall(b'{"op": "ping"}\n')
            assert json.loads(answers.readline()) == {"ok": True}
    assert not answer["ok"]
    assert said in answer["error"]
    assert request(control, "network")["rules"] == json.loads(json.dumps(asdict(Rules())))
    assert [modem["name"] for modem in request(control, "status")["modems"]] == ["modem0"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("fault", "modem0", "slow", "--set", "second=3"),
            1,
            "fault slow: unknown option 'second'; did you mean seconds?",
        ),
        (("fault", "modem0", "slow", "--set", "seconds"), 2, "'seconds' is not of the form KEY=VALUE"),
        (("fault", "modem0", "slow", "--set", "modem=m1"), 2, "modem is not an option here: it has its own place"),
        (("fault", "modem0", "slow", "--for", "-1"), 2, "-1.0 is not in the range"),
        (("fault", "modem0", "slow", "--count", "0"), 2, "0 is not in the range"),
        (("fault", "modem0", "storm"), 1, "fault 'storm' does not exist; did you mean urc-storm?"),
        (("network", "loss"), 2, "'loss' is not of the form KEY=VALUE"),
        (("ask", "phone", "op=ping"), 2, "op is not an option here"),
        (("live", "--every", "-1"), 2, "-1.0 is not in the range"),
        (("plug", "modem0", "--name", "a/b"), 1, "name: 'a/b' is not valid; use a file name of letters"),
    ],
)
def test_wrong_input_to_a_command_is_told(arguments: tuple[str, ...], code: int, said: str, control: str) -> None:
    assert said in hw_sim(arguments[0], "--control", control, *arguments[1:], code=code)


SCHEDULE = '[[fault]]\nmodem = "modem0"\nkind = "slow"\n'


@pytest.mark.parametrize(
    ("arguments", "content", "code", "said"),
    [
        (("nope",), "", 2, "no such command: nope; use one of ask, fault, faults,"),
        (("stat",), "", 2, "no such command: stat; did you mean status?"),
        (("run", "--pin", "abc"), "", 2, "'abc' is not a valid PIN: use 4 to 8 digits"),
        (("run", "--profile", "wavcom"), "", 1, "profile 'wavcom' does not exist; did you mean wavecom?"),
        (("run", "--profile", "/none.toml"), "", 1, "/none.toml cannot be read: No such file or directory"),
        (("run", "--profile", "FILE.toml"), "[profile]\nname = 'x'", 1, "profile.family: None is not valid; use text"),
        (("run", "--profile", "FILE.toml"), "timing = 3", 1, "timing: 3 is not valid; use a table"),
        (("run", "--profile", "FILE.toml"), "[timin]", 1, "unknown table timin; did you mean timing?"),
        (("run", "--schedule", "FILE.toml"), "fault = 3", 1, "FILE.toml: a schedule has [[fault]] tables only"),
        (("run", "--schedule", "FILE.toml"), "[[faults]]", 1, "unknown table faults; a schedule has"),
        (("run", "--schedule", "FILE.toml"), "[[fault", 1, "FILE.toml is not valid TOML: Expected ']]'"),
        (
            ("run", "--schedule", "FILE.toml"),
            SCHEDULE + "second = 3",
            1,
            "scheduled fault 1: fault slow: unknown option",
        ),
        (
            ("replay", "FILE.toml", "--link", "l"),
            "fault = 3",
            1,
            "FILE.toml: line 1: 'fault = 3' is not valid; use seconds, > or <, and",
        ),
        (("replay", "FILE.toml", "--link", "l"), "\udcff", 1, "FILE.toml is not a text file: byte 0 is not UTF-8"),
        (("replay", "FILE.toml", "--link", "no/l"), '0.1 > "AT"', 1, "no/l: No such file or directory"),
        (("record", "--port", "/dev/nope", "--link", "l", "--out", "o"), "", 1, "/dev/nope: No such file or directory"),
        (("record", "--port", "FILE.toml", "--link", "l", "--out", "o"), "", 1, "FILE.toml is not a serial port: "),
    ],
)
def test_wrong_files_and_names_are_told(
    arguments: tuple[str, ...], content: str, code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("FILE.toml").write_bytes(content.encode(errors="surrogateescape"))
    if arguments[0] == "run":
        arguments = (*arguments, "--dir", "d", "--control", "c")
    assert said in hw_sim(*arguments, code=code)


def test_every_operation_is_documented() -> None:
    page = Path("docs/reference/simulator-control.md").read_text(encoding="utf-8")
    for op in Control.operations():
        assert f"`{op}`" in page, op
        assert getattr(Control, f"op_{op}").__doc__


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "/x"), "hw-sim: /x: Permission denied\n"),
        (KeyError("modem"), "hw-sim: internal error: KeyError: 'modem'. For the traceback: hw-sim --debug\n"),
    ],
)
def test_an_unexpected_error_is_a_sentence(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr("hw_sim.cli.requests.request", fail)
    done = CliRunner().invoke(main, ["status", "--control", "c"])
    assert (done.exit_code, done.stderr) == (1, said)
    assert CliRunner().invoke(main, ["--debug", "status", "--control", "c"]).exception is error


def test_nobody_there_is_exit_code_3(tmp_path: Path) -> None:
    said = hw_sim("status", "--control", str(tmp_path / "none"), code=3)
    assert "Start one: hw-sim run" in said
    hw_sim("live", "--control", str(tmp_path / "none"), code=3)


def test_lists_of_profiles_and_faults() -> None:
    assert "quectel-ec25" in hw_sim("profiles")
    assert "gammu #393" in hw_sim("faults")


def test_the_live_view(control: str) -> None:
    request(control, "send", **{"from": PHONE}, to="modem0", text="a visible text")
    request(control, "fault", modem="modem0", kind="weak-signal")
    console = Console(width=140, record=True, file=open(os.devnull, "w"))  # noqa: SIM115  closed below
    try:
        watch(control, every_s=0.01, console=console, rounds=2)
    finally:
        console.file.close()
    shown = console.export_text()
    for word in ("modem0", "generic", "weak-signal", "a visible text", PHONE):
        assert word in shown


async def test_a_modem_on_tcp() -> None:
    async with Simulation(seed=1, transport="tcp") as sim:
        modem = await sim.add_modem("modem0")
        host, port = modem.path.removeprefix("socket://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"AT+CSQ\r")
        assert (await reader.readuntil(b"OK\r\n")).endswith(b"+CSQ: 20,99\r\n\r\nOK\r\n")
        other, second = await asyncio.open_connection(host, int(port))
        assert await other.read() == b""  # one at a time
        second.close()
        modem.unplug()
        assert await reader.read() == b""
        writer.close()
        await asyncio.gather(writer.wait_closed(), second.wait_closed(), return_exceptions=True)


def test_a_blocking_program_on_the_fixtures(hw_sim_modem: BackgroundModem, hw_sim_phone: BackgroundPhone) -> None:
    with serial.Serial(hw_sim_modem.path, 115200, timeout=2, exclusive=True) as port:
        port.write(b"ATE0\r")
        assert port.read_until(b"OK\r\n").endswith(b"OK\r\n")
        port.write(b'AT+CMGF=1;+CMGS="+491510000001"\r')
        assert port.read_until(b"> ").endswith(b"> ")
        port.write(b"From a blocking program\x1a")
        assert b"+CMGS: 0" in port.read_until(b"OK\r\n")
    assert hw_sim_phone.wait_for(1)[0].text == "From a blocking program"


@pytest.mark.hw_sim(profile="huawei-e1752", pin="1234", seed=5)
def test_the_marker_chooses(hw_sim_modem: BackgroundModem, hw_sim_network: BackgroundSimulation) -> None:
    assert hw_sim_modem.change(lambda modem: (modem.profile.name, modem.sim.state)) == ("huawei-e1752", "SIM PIN")
    hw_sim_modem.fault("hang")
    hw_sim_modem.clear_faults()
    hw_sim_modem.unplug()
    hw_sim_modem.replug()
    assert hw_sim_network.log[0]["kind"] == "hang"


def exchange(path: Path, *lines: bytes) -> bytes:
    with serial.Serial(str(path), 115200, timeout=5) as port:
        said = b""
        for line in lines:
            port.write(line + b"\r")
            said += port.read_until(b"OK\r\n")
        return said


def process(*arguments: str) -> subprocess.Popen[bytes]:
    started = subprocess.Popen(
        [sys.executable, "-m", "hw_sim", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert started.stdout is not None
    assert b"ready" in started.stdout.readline()
    return started


def finished(started: subprocess.Popen[bytes], **stop: Any) -> tuple[int, bytes]:
    if stop.get("terminate"):
        started.terminate()
    _, errors = started.communicate(timeout=GENEROUS_S)
    return started.returncode, errors


def test_record_a_modem_and_be_it(hw_sim_modem: BackgroundModem, tmp_path: Path) -> None:
    capture, link = tmp_path / "capture", tmp_path / "tty"
    recorder = process("record", "--port", hw_sim_modem.path, "--link", str(link), "--out", str(capture))
    said = exchange(link, b"ATE0", b"AT+CSQ", b"AT+CGMM")
    assert finished(recorder, terminate=True)[0] == 0
    hw_sim_modem.unplug()

    player = process("replay", str(capture), "--link", str(link))
    assert exchange(link, b"ATE0", b"AT+CSQ", b"AT+CGMM") == said
    assert finished(player)[0] == 0

    player = process("replay", str(capture), "--link", str(link))
    with serial.Serial(str(link), 115200, timeout=5) as port:
        port.write(b"ATE1\r")
        code, errors = finished(player)
    assert code == 1
    assert b"the transcript has b'ATE0" in errors
