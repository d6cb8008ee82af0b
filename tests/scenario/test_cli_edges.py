"""The command line where things go wrong: odd arguments, odd places, and what ends before it is done."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from support.processes import Site, until
from support.rig import make_config, running
from support.shell import command
from support.waiting import GENEROUS_S

from gsmgw.cli import main
from gsmgw.cli.exports import write_whole
from gsmgw.cli.params import EVENT_OR_MOMENT, MOMENT, PAST
from gsmgw.client import AsyncClient, Client, NoAnswer, NoDaemon, calls
from hw_sim import Simulation

ANNA = "+4915112345671"
Done = subprocess.CompletedProcess[str]


def line(path: Path, *arguments: str | bytes) -> list[str | bytes]:
    return [sys.executable, "-m", "gsmgw", "--socket", str(path), *arguments]


def gsmgw(
    place: Site | Path, *arguments: str | bytes, stdin: bytes = b"", environ: dict[str, str] | None = None
) -> Done:
    """Run a command; in a process of its own where what surrounds it matters."""
    path = place if isinstance(place, Path) else place.socket
    words = [each for each in arguments if isinstance(each, str)]
    if environ is None and stdin.isascii() and len(words) == len(arguments):
        result = command("--socket", str(path), *words, stdin=stdin.decode())
        return Done(words, result.exit_code, result.stdout, result.stderr)
    env = {**os.environ, "COLUMNS": "200", **(environ or {})}
    done = subprocess.run(line(path, *arguments), input=stdin, capture_output=True, timeout=60, check=False, env=env)
    return Done(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


# -- export -----------------------------------------------------------------------------------------------------


def test_an_export_replaces_a_file_only_when_told(place: Site, tmp_path: Path) -> None:
    gsmgw(place, "send", ANNA, "to be exported", "--wait")
    file, link = tmp_path / "all.csv", tmp_path / "link.csv"
    file.write_text("the year before")
    file.chmod(0o640)
    link.symlink_to(file)
    refused = gsmgw(place, "export", str(link))
    assert refused.returncode == 2
    assert f"{link} already exists. Replace it with --force" in refused.stderr
    assert file.read_text() == "the year before"
    assert gsmgw(place, "export", str(link), "--force").returncode == 0
    assert "to be exported" in file.read_text()
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["all.csv", "link.csv"]


def test_an_export_without_a_gateway_leaves_nothing(tmp_path: Path) -> None:
    assert gsmgw(tmp_path / "none.sock", "export", str(tmp_path / "all.csv"), environ={}).returncode == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("before", [None, "the former one"])
def test_an_export_that_is_broken_off_leaves_what_was_there(tmp_path: Path, before: str | None) -> None:
    file = tmp_path / "all.ndjson"
    if before is not None:
        file.write_text(before)

    def portions() -> Iterator[str]:
        yield "the beginning"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(file, portions())
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ([] if before is None else [before])


def test_an_export_into_a_pipe_is_written_as_it_comes(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(fifo.read_text()))
    reader.start()
    assert write_whole(fifo, iter(["grü", "n"])) == 5
    reader.join(10)
    assert found == ["grün"]
    assert fifo.is_fifo()


def test_an_export_into_a_format_that_there_is_not_is_refused(place: Site, tmp_path: Path) -> None:
    for name in ("all.xlsx", "all.txt", "all"):
        refused = gsmgw(place, "export", str(tmp_path / name))
        assert refused.returncode == 2
        assert f"{tmp_path / name}: name it .csv or .ndjson" in refused.stderr
    assert gsmgw(place, "export", str(tmp_path / "all.txt"), "--format", "csv").returncode == 0
    assert gsmgw(place, "export", str(tmp_path / "all.JSONL")).returncode == 0


# -- arguments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "words"),
    [
        (["show", ""], b"", 2, "must not be empty"),
        (["modem", ""], b"", 2, "must not be empty"),
        (["webhooks", "delete", ""], b"", 2, "must not be empty"),
        (["show", "../modems"], b"", 1, "does not exist"),
        (["show", ".."], b"", 1, "the message '..' does not exist"),
        (["show", "a?limit=1"], b"", 1, "the message 'a?limit=1' does not exist"),
        (["modem", "a/../m0"], b"", 1, "does not exist"),
        (["send", ANNA, "-"], b"caf\xe9", 2, "is not valid UTF-8: byte 0xe9 at offset 3. Convert it first"),
        (["send", ANNA, b"caf\xe9"], b"", 2, "argument is not valid UTF-8"),
        (["send", ANNA, "x", "--at", "+99999999999d"], b"", 2, "is not a valid time"),
        (["send", ANNA, "x", "--valid-for", "99999999999999999999d"], b"", 2, "is not a valid duration"),
        (
            ["send", ANNA, "x", "--at", "2020-01-01"],
            b"",
            2,
            "2020-01-01 00:00 is in the past. To send now, leave it out",
        ),
        (["send", ANNA, "Hello", "world"], b"", 2, f'put the text in quotes: gsmgw send {ANNA} "Hello world"'),
        (["send", ANNA], b"", 2, f'no text given: gsmgw send {ANNA} "TEXT"'),
        (["send", ANNA, "-"], b"", 2, f"standard input is empty; pipe the text for {ANNA} into the command"),
        (["send", "Hello"], b"", 2, "'Hello' is not a phone number: gsmgw send +49"),
        (["send"], b"", 2, "Missing argument 'TO', the phone number: gsmgw send +49"),
        (["send", "112", "x"], b"", 1, "'112' is an emergency number"),
        (["modem", "m0", "--masked"], b"", 2, "need the action tap"),
        (["modem", "m0", "tap", "--output", "/proc/none/x"], b"", 2, "/proc/none/x: No such file"),
        (["webhooks", "replay", "wh_1", "--since", "yesterday"], b"", 2, "is not a valid time"),
        (["tokens", "--json", "delete", "x"], b"", 2, "put --json at the end"),
    ],
)
def test_odd_arguments_get_a_sentence(
    place: Site, arguments: list[str | bytes], stdin: bytes, code: int, words: str
) -> None:
    result = gsmgw(place, *arguments, stdin=stdin)
    assert result.returncode == code, result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_text_with_a_mark_from_standard_input(place: Site) -> None:
    sent = gsmgw(place, "send", ANNA, "-", "--json", stdin=b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe\n")
    assert json.loads(sent.stdout)["text"] == "Grüße"


def test_listings_as_json_of_the_whole_group(place: Site) -> None:
    gsmgw(place, "tokens", "create", "listed")
    assert "listed" in [json.loads(entry)["name"] for entry in gsmgw(place, "tokens", "--json").stdout.splitlines()]
    assert gsmgw(place, "webhooks", "--json").stdout == ""
    gsmgw(place, "tokens", "delete", "listed")


def test_a_text_cannot_steer_the_terminal_that_shows_it(place: Site) -> None:
    sent = gsmgw(place, "send", ANNA, "a\x1b[2J\u202eb", "--json", "--wait")
    number = json.loads(sent.stdout)["id"]
    last = json.loads(gsmgw(place, "status", "--json").stdout)["last_event"]
    for arguments in (["messages"], ["show", number], ["conversations"], ["messages", "--json"]):
        shown = gsmgw(place, *arguments).stdout
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "a\\x1b[2J\\u202eb" in shown or "a\\u001b[2J\\u202eb" in shown
    assert last > 0


def test_a_dry_run_of_one_text_shows_it_and_sends_nothing(place: Site) -> None:
    before = len(gsmgw(place, "messages", "--json", "--limit", "9999").stdout.splitlines())
    shown = gsmgw(place, "send", "+49 151 12345671", "Grüße ☀", "--dry-run", "--modem", "m0", "--class", "1")
    assert shown.returncode == 0, shown.stderr
    assert f"{ANNA}  ucs2, 1 segment, 63 units left" in shown.stdout
    assert "because of  ☀" in shown.stdout
    found = json.loads(gsmgw(place, "send", ANNA, "x" * 161, "--dry-run", "--json").stdout)
    assert (found["to"], found["segments"], len(found["texts"])) == (ANNA, 2, 2)
    for arguments, words in ((["12", "x"], "to: '12'"), ([ANNA, "x", "--modem", "zebra"], "'zebra' does not exist")):
        refused = gsmgw(place, "send", *arguments, "--dry-run")
        assert refused.returncode == 1
        assert words in refused.stderr
    assert len(gsmgw(place, "messages", "--json", "--limit", "9999").stdout.splitlines()) == before


def test_all_times_are_those_of_the_clock_on_the_wall(place: Site) -> None:
    at = (datetime.now().astimezone() + timedelta(days=2)).replace(hour=12, minute=30, second=0, microsecond=0)
    sent = gsmgw(place, "send", ANNA, "later", "--at", f"{at:%Y-%m-%dT%H:%M}")
    number = sent.stdout.split()[0]
    assert sent.stdout == f"{number}  scheduled for {at:%Y-%m-%d %H:%M}\n"
    zone = {"TZ": "Asia/Tokyo"}
    there = at.astimezone(ZoneInfo("Asia/Tokyo"))
    shown = gsmgw(place, "show", number, environ=zone).stdout
    assert f"send_at  {there:%Y-%m-%d %H:%M}:00" in shown
    assert f"waiting for  scheduled for {there:%Y-%m-%d %H:%M}" in shown
    assert "Z\n" not in shown
    assert len(set(re.findall(r"20\d\d-\d\d-\d\d \d\d:", shown))) <= 3  # accepted and queued, and that time
    assert f"scheduled for {there:%Y-%m-%d %H:%M}" in gsmgw(place, "messages", environ=zone).stdout
    gsmgw(place, "cancel", number)


#: A time as the commands show it; that of another day has the date.
NEXT = r"(\d\d:\d\d:\d\d|20\d\d-\d\d-\d\d \d\d:\d\d)"


def test_a_message_that_waits_shows_its_next_try_and_is_retried_now(place: Site) -> None:
    place.fault("modem0", "cms-error", "--set", "code=42", "--count", "2")
    with Client(place.socket) as client:
        number = client.send(ANNA, "not at once")["id"]
        until(lambda: client.message(number)["attempts"] == 2)  # from here on the pause is half a minute
        until(lambda: (client.message(number)["waiting_for"] or {}).get("word") == "retry")
    shown = gsmgw(place, "show", number).stdout
    assert re.search(rf"waiting for  congestion \(\+CMS ERROR 42\); next try at {NEXT}", shown)
    assert "congestion (+CMS ERROR 42)  congestion" not in shown
    listed = gsmgw(place, "messages", "--limit", "1").stdout
    assert re.search(rf"queued, next try at {NEXT}", listed)
    assert gsmgw(place, "retry", number).returncode == 0
    until(lambda: "message.delivered" in gsmgw(place, "show", number).stdout)
    assert "message.queued  " + number + "  retry" in gsmgw(place, "show", number).stdout


def test_messages_between_two_moments(place: Site) -> None:
    gsmgw(place, "send", ANNA, "just now")
    assert "just now" in gsmgw(place, "messages", "--since", "-1h").stdout
    assert "just now" not in gsmgw(place, "messages", "--until", "-1h").stdout


def test_moments_to_come_and_moments_that_passed() -> None:
    now = datetime.now().astimezone()
    hour = f"{now:%H:%M}"
    assert datetime.fromisoformat(MOMENT.convert(hour, None, None)) > now
    assert (
        now - timedelta(days=1) < datetime.fromisoformat(PAST.convert(hour, None, None)) <= datetime.now().astimezone()
    )
    ago = datetime.fromisoformat(PAST.convert("-2h", None, None))
    assert abs(now - timedelta(hours=2) - ago) < timedelta(minutes=1)
    assert EVENT_OR_MOMENT.convert("4711", None, None) == 4711
    assert str(EVENT_OR_MOMENT.convert("2026-12-24T18:00+01:00", None, None)).startswith("2026-12-24T18:00:00")
    for text in ("", "-", "+1y", "yesterday", "-99999999999w"):
        with pytest.raises(click.BadParameter):
            PAST.convert(text, None, None)


def test_help_cuts_no_sentence_short_and_explains_every_option() -> None:
    def every(found: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
        yield path, found
        if isinstance(found, click.Group):
            context = click.Context(found)
            for name in found.list_commands(context):
                below = found.get_command(context, name)
                assert below is not None
                yield from every(below, (*path, name))

    for path, found in every(main, ()):
        context = click.Context(found, info_name=" ".join(("gsmgw", *path)), terminal_width=80)
        shown = found.get_help(context)
        for several in ("[ARGS]...", "HEX...", "[NUMBER]...", "NUMBER..."):
            shown = shown.replace(several, "")
        assert "..." not in shown, path
        for option in found.params:
            assert not isinstance(option, click.Option) or option.help, (path, option.name)


# -- waiting ----------------------------------------------------------------------------------------------------


@contextmanager
def way_to(place: Site, path: Path, *, cut: bool = False) -> Iterator[threading.Event]:
    """A socket that leads to the gateway; set once somebody follows events by it, which with ``cut`` ends it all."""
    follows = threading.Event()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    channels = [listener]

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if b"GET /v1/events" in data:
                    follows.set()
                    if cut:
                        end(listener)
                        return
                sink.sendall(data)
        except OSError:
            pass
        finally:
            end(source)
            end(sink)

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(place.socket))
            channels.extend((near, far))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield follows
    finally:
        for channel in channels:
            end(channel)
            channel.close()


def end(channel: socket.socket) -> None:
    """Wake whoever waits at it."""
    with suppress(OSError):
        channel.shutdown(socket.SHUT_RDWR)


def test_an_interrupted_wait_says_which_message_goes_on(place: Site, tmp_path: Path) -> None:
    with way_to(place, tmp_path / "way.sock") as follows:
        child = subprocess.Popen(
            line(tmp_path / "way.sock", "send", ANNA, "later", "--at", "+1h", "--wait"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            # A background job of a shell ignores SIGINT, and its children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert follows.wait(GENEROUS_S)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=GENEROUS_S)
    assert child.returncode == 4, err
    assert f"interrupted\nThe message is accepted. To see its state: gsmgw show {out.split()[0]}" in err
    assert gsmgw(place, "cancel", out.split()[0]).returncode == 0


def test_a_gateway_that_dies_during_a_wait_has_the_message(place: Site, tmp_path: Path) -> None:
    with way_to(place, tmp_path / "way.sock", cut=True):
        wait = ("--wait", "--timeout", "1")
        result = gsmgw(tmp_path / "way.sock", "send", ANNA, "y", "--at", "+1h", *wait, environ={})
    assert result.returncode == 4, result.stderr
    number = result.stdout.split()[0]
    assert f"gsmgw show {number}" in result.stderr
    assert gsmgw(place, "cancel", number).returncode == 0


async def test_sent_is_not_delivered_where_a_report_was_asked_for(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        modem = await sim.add_modem("modem0")
        sim.network.set_rules(report_loss=1.0)
        async with running(make_config(tmp_path, {"modem0": modem.path})) as rig:
            await rig.modem_is("modem0", "ready")
            wait = ["--socket", str(tmp_path / "gsmgw.sock"), "send", ANNA, "x", "--wait", "--timeout", "1"]
            with_report = await asyncio.to_thread(command, *wait, "--report")
            assert (with_report.exit_code, with_report.stdout.split()[1]) == (4, "sent")
            number = with_report.stdout.split()[0]
            assert with_report.stderr.startswith("gsmgw: not delivered within 1 s\nThe message is accepted.")
            assert f"gsmgw show {number}" in with_report.stderr
            without = await asyncio.to_thread(command, *wait, "--no-report")
            assert (without.exit_code, without.stdout.split()[1]) == (0, "sent")


# -- who answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", "http://[::1"], "is not a valid URL"),
        (["--url", "http://"], "is not a valid gateway URL"),
        (
            ["--url", "http://127.0.0.1:1", "--token", "ü"],
            "the token contains characters that are not valid in a token",
        ),
        (["--url", "https://127.0.0.1:1", "--ca-file", __file__], f"--ca-file {__file__}: contains no certificate"),
    ],
)
def test_addresses_and_tokens_that_can_be_none(arguments: list[str], words: str) -> None:
    result = command(*arguments, "status")
    assert result.exit_code == 2, result.output
    assert words in result.stderr


class _Other(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<html>welcome</html>" if self.path != "/v1/stats" else b"<html>not found</html>"
        self.send_response(200 if self.path != "/v1/stats" else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_another_program_at_the_address_is_no_gateway() -> None:
    with HTTPServer(("127.0.0.1", 0), _Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        for arguments, status in ((["status"], 404), (["messages"], 200)):
            result = command("--url", url, *arguments)
            assert result.exit_code == 3, result.output
            assert f"not a gateway: it answered with HTTP {status}, text/html" in result.stderr
            assert "api] listen" in result.stderr
            assert "<html>" not in result.output
        server.shutdown()


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Path]:
    """A socket that takes requests and never answers."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "silent.sock"))
        listener.listen()
        yield tmp_path / "silent.sock"


async def test_an_answer_that_does_not_come_is_not_a_gateway_that_is_not_there(silent: Path) -> None:
    with Client(silent) as client, pytest.raises(NoAnswer, match=r"did not answer within 0\.1 s"):
        client.request("POST", "/v1/backups", timeout_s=0.1)
    async with AsyncClient(silent) as client:
        with pytest.raises(NoAnswer, match="did not answer"):
            await client.request("POST", "/v1/backups", timeout_s=0.1)
    assert issubclass(NoAnswer, NoDaemon)


def test_a_modem_that_takes_its_time_ends_with_4(silent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert calls.MODEM_TIMEOUT_S > 60  # the network may take that long to answer USSD
    monkeypatch.setattr(calls, "MODEM_TIMEOUT_S", 0.1)
    result = command("--socket", str(silent), "modem", "m0", "reset")
    assert result.exit_code == 4
    assert "accepted the request, but it did not answer within 0.1 s" in result.stderr


def test_a_backup_that_takes_its_time_is_not_made_twice(silent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.cli.backup.BACKUP_TIMEOUT_S", 0.1)
    result = command("--socket", str(silent), "backup")
    assert result.exit_code == 4, result.output
