"""Command lines, result codes and registers as ITU-T V.250 has them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hw_sim import Harness
from hw_sim.at.parsing import BadLine, Command, parse_line, split_args


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as harness:
        yield harness


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("", []),
        ("E0V1", [("E", "run", "0"), ("V", "run", "1")]),
        ("e0 +csq", [("E", "run", "0"), ("+CSQ", "run", "")]),
        ("+CMGF=0;+CNMI=2,1;&F", [("+CMGF", "set", "0"), ("+CNMI", "set", "2,1"), ("&F", "run", "")]),
        ('+CPIN="12;34";+CSQ', [("+CPIN", "set", '"12;34"'), ("+CSQ", "run", "")]),
        ("S3?S4=10S5=?", [("S3", "read", ""), ("S4", "set", "10"), ("S5", "test", "")]),
        ("+CREG?;+CPMS=?", [("+CREG", "read", ""), ("+CPMS", "test", "")]),
        ("^CURC=0", [("^CURC", "set", "0")]),
        ("\\Q3&K0", [("\\Q", "run", "3"), ("&K", "run", "0")]),
        ("D+49123;", [("D", "run", "+49123;")]),
    ],
)
def test_lines_fall_into_commands(line: str, commands: list[tuple[str, str, str]]) -> None:
    assert parse_line(line) == [Command(*command) for command in commands]


@pytest.mark.parametrize("line", ["?", "E0/", "+CMGF=0;(", '+CPIN="12', "+CSQ+CREG?"])
def test_lines_that_are_none(line: str) -> None:
    with pytest.raises(BadLine):
        parse_line(line)


def test_arguments_keep_what_is_in_quotes() -> None:
    assert split_args('1,"a,b",,"x" ,3') == ["1", "a,b", None, "x", "3"]
    with pytest.raises(BadLine):
        split_args('1,"a')


def test_echo_is_on_until_told_otherwise(harness: Harness) -> None:
    assert harness.command("AT") == b"AT\r\r\nOK\r\n"
    assert harness.command("ATE0") == b"ATE0\r\r\nOK\r\n"
    assert harness.command("AT") == b"\r\nOK\r\n"


def test_numeric_and_quiet_results(harness: Harness) -> None:
    harness.command("ATE0")
    assert harness.command("ATV0") == b"0\r"
    assert harness.command("AT+CSQ") == b"+CSQ: 20,99\r\n0\r"
    assert harness.command("AT+NONSENSE") == b"4\r"
    assert harness.command("ATQ1") == b""
    assert harness.command("AT") == b""
    assert harness.command("ATQ0V1") == b"\r\nOK\r\n"


def test_the_last_line_is_repeated_without_a_carriage_return(harness: Harness) -> None:
    harness.command("ATE0")
    first = harness.command("AT+CSQ")
    assert harness.type("A/") == first


def test_registers_change_the_line_ends_and_the_backspace(harness: Harness) -> None:
    harness.command("ATE0")
    assert harness.command("ATS3?") == b"\r\n013\r\n\r\nOK\r\n"
    assert harness.type("AT+CSX\x08Q\r") == b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"
    assert harness.command("ATS4=33") == b"\r!OK\r!"
    harness.command("ATS4=10")
    assert harness.command("ATS3=36") == b"$\nOK$\n"
    assert harness.type("AT$") == b"$\nOK$\n"


def test_commands_after_an_error_are_not_carried_out(harness: Harness) -> None:
    harness.command("ATE0")
    assert harness.command("AT+CMEE=1;+NO;+CMEE=2") == b"\r\nERROR\r\n"
    assert harness.command("AT+CMEE?") == b"\r\n+CMEE: 1\r\n\r\nOK\r\n"


def test_information_texts_of_one_line_come_in_order(harness: Harness) -> None:
    harness.command("ATE0")
    assert harness.command("AT+CSQ;+CMEE?") == b"\r\n+CSQ: 20,99\r\n\r\n+CMEE: 0\r\n\r\nOK\r\n"


def test_byte_by_byte_is_the_same_as_whole(harness: Harness) -> None:
    whole = harness.command("AT+CSQ;+CMGF?")
    assert b"".join(harness.type(char) for char in "AT+CSQ;+CMGF?\r") == whole


def test_what_is_typed_during_a_command_waits(harness: Harness) -> None:
    harness.command("ATE0")
    assert harness.type("AT+CSQ\rAT+CMGF?\r") == b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n\r\n+CMGF: 0\r\n\r\nOK\r\n"


def test_rubbish_before_at_is_ignored(harness: Harness) -> None:
    harness.command("ATE0")
    assert harness.type("\x1b\x00AT\r") == b"\r\nOK\r\n"
    assert harness.type("\x1a\r\n") == b""


def test_factory_settings(harness: Harness) -> None:
    harness.command("ATE0")
    harness.command('AT+CMGF=1;+CMEE=2;+CSCS="UCS2"')
    harness.command("AT&F")
    assert harness.command("AT+CMGF?;+CMEE?;+CSCS?").count(b"0") == 2
