"""gsmgw send --file, as a person types it, against the real daemon."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.processes import Site, until
from support.shell import command

from gsmgw.client import Client

Run = Callable[..., subprocess.CompletedProcess[str]]
TABLE = "phone,name\n+4915112345000,Anna\n+4915112345001,Zoë ☀\n"


@pytest.fixture
def send(place: Site, tmp_path: Path) -> Run:
    def run(table: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "people.csv"
        file.write_text(table, encoding="utf-8")
        result = command("--socket", str(place.socket), "send", "--file", str(file), *arguments)
        return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)

    return run


def sent(place: Site) -> int:
    with Client(place.socket) as client:
        return len(list(client.messages(direction="outbound")))


def test_a_dry_run_shows_each_row_and_the_totals_and_sends_nothing(send: Run, place: Site) -> None:
    before = sent(place)
    shown = send(TABLE, "Hello {name}", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "+4915112345001" in shown.stdout
    assert "ucs2" in shown.stdout
    assert "2 messages (1 gsm7, 1 ucs2), 2 segments, 0 rows with errors; nothing sent" in shown.stderr
    long = send(TABLE, "x" * 150 + "{name}", "--dry-run", "--json")
    rows = [json.loads(line) for line in long.stdout.splitlines()]
    assert [(row["line"], row["segments"]) for row in rows] == [(2, 1), (3, 3)]
    assert sent(place) == before


def test_every_row_is_sent_once_however_often_the_command_is_run(send: Run, place: Site) -> None:
    first = send(TABLE, "Once for {name}", "--json", "--class", "1", "--tag", "news")
    assert first.returncode == 0, first.stderr
    rows = [json.loads(line) for line in first.stdout.splitlines()]
    assert [row["replayed"] for row in rows] == [False, False]
    with Client(place.socket) as client:
        message = client.message(rows[0]["id"])
        assert (message["class"], message["tags"], message["text"]) == (1, ["news"], "Once for Anna")
        until(lambda: client.message(rows[0]["id"])["status"] == "delivered")
        pdu = bytes.fromhex(client.message(rows[0]["id"])["segment_list"][0]["pdu"])
    digits = pdu[2]  # TS 23.040 9.2.2.2: first octet, TP-MR, TP-DA, TP-PID, TP-DCS
    assert pdu[4 + (digits + 1) // 2 + 1] == 0x11  # TS 23.038 4: general coding, GSM 7 bit, class 1
    before = sent(place)
    again = send(TABLE + "+4915112345002,Carla\n", "Once for {name}", "--json", "--class", "1", "--tag", "news")
    assert [json.loads(line)["replayed"] for line in again.stdout.splitlines()] == [True, True, False]
    assert "1 accepted, 2 already accepted earlier" in again.stderr
    assert sent(place) == before + 1
    anew = send(TABLE, "Once for {name}", "--run", "second", "--class", "1", "--tag", "news")
    assert "2 accepted, 0 refused" in anew.stderr


def test_rows_with_errors_are_named_and_nothing_is_sent(send: Run, place: Site) -> None:
    before = sent(place)
    table = "to,name\n+4915112345000,Anna\n12,Ben\n+4915112345001\n+4915112345002,\n"
    refused = send(table, "Dear {name}")
    assert refused.returncode == 1
    for words in (
        "line 3: to: '12'",
        "line 4: has 1 cells, but the header has 2",
        "line 5, column 'name': is empty",
        "nothing sent: 3 rows have errors",
    ):
        assert words in refused.stderr
    assert sent(place) == before
    rest = send(table, "Dear {name}", "--skip-bad")
    assert rest.returncode == 1
    assert "1 accepted, 3 refused" in rest.stderr
    assert sent(place) == before + 1


def test_a_person_whose_number_is_spelt_in_two_ways_gets_one_text(send: Run, place: Site) -> None:
    before = sent(place)
    table = "to,name\n+4915112345007,Dora\n+49 151 1234-5007,Dora\n"
    first = send(table, "Dear {name}")
    assert first.returncode == 0, first.stderr
    assert "line 3 has the number and the text of line 2; sent once" in first.stderr
    assert "1 accepted, 1 repeated row left out, 0 refused" in first.stderr
    again = send(table.replace("+4915112345007", "00491511234 5007"), "Dear {name}", "--json")
    rows = [json.loads(line) for line in again.stdout.splitlines()]
    assert [(row["line"], row.get("replayed"), row.get("repeats")) for row in rows] == [(2, True, None), (3, None, 2)]
    assert sent(place) == before + 1
    assert "1 accepted, 1 already accepted earlier" in send(table, "Dear {name}", "--duplicates").stderr
    assert sent(place) == before + 2


def test_numbers_that_cannot_be_meant_are_refused_with_their_lines(send: Run, place: Site) -> None:
    before = sent(place)
    refused = send("to\n112\n0151\n+4915112\n", "x")
    assert refused.returncode == 1
    assert "line 2: to: '112' is an emergency number" in refused.stderr
    assert "line 3: to: '0151' is not a whole phone number: write all digits" in refused.stderr
    assert "line 4: to: '+4915112' lacks digits (+4915112): write the whole number" in refused.stderr
    assert sent(place) == before


@pytest.mark.parametrize(
    ("table", "arguments", "words"),
    [
        (TABLE, ["Hi {nmae}"], 'the column "nmae" does not exist; did you mean name?'),
        ("", ["x"], "the file is empty"),
        ("a,b\n1,2\n", ["x"], "no recipient column"),
        (TABLE, ["+4915112345000", "x"], "takes TEXT, but neither TO nor --wait"),
        (TABLE, ["x", "--wait"], "nor --wait"),
    ],
)
def test_wrong_usage_ends_with_2(send: Run, table: str, arguments: list[str], words: str) -> None:
    result = send(table, *arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_gateway_it_ends_with_3(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(TABLE)
    command = [sys.executable, "-m", "gsmgw", "--socket", str(tmp_path / "none"), "send", "--file", str(file), "x"]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).returncode == 3
