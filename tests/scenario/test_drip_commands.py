"""gsmgw drips and gsmgw questions as a person types them."""

from __future__ import annotations

import json

import pytest
from click.testing import Result
from support.processes import Site, until
from support.shell import command

ANNA, BEN = "+4915112345671", "+4915112345672"


class Shell:
    def __init__(self, place: Site) -> None:
        self.place = place

    def __call__(self, *arguments: str, code: int = 0) -> Result:
        result = command("--socket", str(self.place.socket), *arguments)
        assert result.exit_code == code, result.output
        return result


@pytest.fixture
def shell(place: Site) -> Shell:
    return Shell(place)


def test_a_drip_from_words_to_deletion(shell: Shell) -> None:
    saved = shell("drips", "set", "Quote", "--step", "1h", "Any questions?", "--step", "2d 09:00", "Shall we?")
    assert "drip 'Quote' saved with 2 steps" in saved.output
    assert "1 person enrolled" in shell("drips", "enroll", "Quote", ANNA).output
    assert "1 person enrolled" in shell("drips", "enroll", "Quote", ANNA, BEN).output
    until(lambda: "being planned" not in shell("drips", "people", "Quote").output)
    people = [json.loads(line) for line in shell("drips", "people", "Quote", "--json").output.splitlines()]
    assert [(each["number"], each["step"], each["source"]) for each in people] == [(ANNA, 1, "api"), (BEN, 1, "api")]
    assert "gets no further steps" in shell("drips", "remove", "Quote", BEN).output
    assert "ended: removed" in shell("drips", "people", "Quote", "--ended").output
    assert "paused with 1 person in it" in shell("drips", "pause", "Quote").output
    assert "paused" in shell("drips").output
    assert "resumed with 1 person in it" in shell("drips", "resume", "Quote").output
    shown = shell("drips", "show", "Quote").output
    assert "1 active, 1 removed" in shown
    assert "2d 09:00  Shall we?" in shown
    deleted = shell("drips", "delete", "Quote").output
    assert "no further steps for 1 person, 0 texts in the queue canceled" in deleted
    assert "no drips" in shell("drips").output


def test_a_question_and_its_end(shell: Shell) -> None:
    shell("contacts", "fields", "set", "party", "number")
    refused = shell("send", ANNA, "How many?", "--ask", "nope", code=1)
    assert "the field 'nope' does not exist" in refused.output
    assert "need --ask" in shell("send", ANNA, "How many?", "--thanks", "x", code=2).output
    shell("send", ANNA, "How many?", "--ask", "party", "--ask-hours", "24")
    until(lambda: ANNA in shell("questions").output)
    assert "is closed" in shell("questions", "close", ANNA).output
    assert "no open questions" in shell("questions").output
    saved = shell("rules", "set", "book", "--exact", "BOOK", "--ask", "party", "How many?", "--thanks", "")
    assert "ask" in saved.output
    action = json.loads(shell("rules", "show", "book", "--json").output)["actions"][0]
    assert (action["field"], action["hours"], action["thanks"]) == ("party", 72, "")
    shell("rules", "delete", "book")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("drips", "set", "X"), "give at least one step"),
        (("drips", "enroll", "X"), "give a NUMBER, --group or --segment"),
    ],
)
def test_wrong_usage(shell: Shell, arguments: tuple[str, ...], words: str) -> None:
    assert words in shell(*arguments, code=2).output
