"""gsmgw rules as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from support.processes import Site
from support.shell import command

ANNA = "+4915112345671"


class Shell:
    def __init__(self, place: Site) -> None:
        self.place = place

    def __call__(self, *arguments: str, code: int = 0) -> Result:
        result = command("--socket", str(self.place.socket), "rules", *arguments)
        assert result.exit_code == code, result.output
        return result


@pytest.fixture
def rules(place: Site) -> Shell:
    return Shell(place)


def test_a_rule_from_words_to_deletion(rules: Shell, tmp_path: Path) -> None:
    saved = rules("set", "menu", "--exact", "MENU", "--exact", "CARD", "--reply", "Soup", "--hours", "08:00-20:00")
    assert "rule 'menu' saved: exact MENU or CARD: reply Soup" in saved.output
    rules("set", "else", "--any", "--reply", "Text MENU", "--priority", "300")
    rules("set", "calls", "--call", "--forward", ANNA)
    listed = rules().output
    assert listed.index("menu") < listed.index("else")
    assert "a missed call" in listed
    trial = rules("test", ANNA, "Menu!", "--at", "2099-12-24T12:00")
    assert "menu: reply Soup" in trial.output
    assert 'not else: the rule "menu" comes first' in trial.output
    rules("disable", "menu")
    assert "not menu: the rule is disabled" in rules("test", ANNA, "menu").output
    rules("enable", "menu")
    whole = json.loads(rules("show", "menu", "--json").output)
    assert whole["when"]["hours"] == "08:00-20:00"
    file = tmp_path / "rule.json"
    file.write_text(rules("show", "menu").output)
    rules("set", "copy", "--file", str(file))
    copy = json.loads(rules("show", "copy", "--json").output)
    assert {**copy, "name": "menu", "created_at": None, "changed_at": None} == {
        **whole, "created_at": None, "changed_at": None,
    }  # fmt: skip
    for name in ("menu", "else", "calls", "copy"):
        assert "deleted" in rules("delete", name).output
    assert "no rules" in rules().output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("set", "x", "--reply", "y"), 2, "give one of --exact"),
        (("set", "x", "--exact", "a", "--any", "--reply", "y"), 2, "give one of --exact"),
        (("set", "x", "--exact", "a"), 2, "give at least one action"),
        (("set", "x", "--exact", "a", "--reply", "{{ nme }}"), 1, "did you mean name?"),
        (("set", "x", "--exact", "a", "--reply", "{{ nme }}"), 1, "actions.0.text: line 1, column 4"),
        (("set", "x", "--exact", "a", "--group-add", "Nope"), 1, "actions.0.group: the group 'Nope' does not exist"),
        (("set", "x", "--exact", "a", "--tag", " "), 1, "actions.0.tag: is needed for tag"),
        (("set", "x", "--regex", "(", "--reply", "y"), 1, "match.value: '(' is not a valid regular expression"),
        (("set", "x", "--any", "--reply", "y", "--hours", "late"), 1, "write 08:00-18:00"),
        (("set", "x", "--file", "/nonexistent"), 2, "No such file"),
        (("show", "x"), 1, "the rule 'x' does not exist"),
        (("test", "nobody", "x"), 1, "is not a valid phone number"),
    ],
)
def test_what_is_wrong_is_said(rules: Shell, arguments: tuple[str, ...], code: int, words: str) -> None:
    assert words in rules(*arguments, code=code).output


def test_a_rule_that_could_never_apply_is_refused(rules: Shell) -> None:
    refused = rules("set", "x", "--exact", "STOP", "--reply", "Why?", code=1)
    assert "'STOP' is understood as stop (consent)" in refused.output
    assert "gsmgw lists set" in refused.output
    rules("set", "x", "--exact", "CANCEL", "--reply", "Canceled")  # rules may claim it
    rules("delete", "x")


def test_a_trial_shows_what_each_action_would_do(rules: Shell) -> None:
    assert command("--socket", str(rules.place.socket), "contacts", "fields", "set", "party", "number").exit_code == 0
    assert command("--socket", str(rules.place.socket), "groups", "create", "Guests").exit_code == 0
    rules(
        "set", "table", "--prefix", "TABLE", "--set-field", "party={{ rest }}", "--reply", "For {{ rest }}",
        "--group-add", "Guests",
    )  # fmt: skip
    trial = rules("test", ANNA, "table 4").output
    assert "table: set_field party=4" in trial
    assert "table: group_add Guests" in trial
    assert "table: reply For 4" in trial
    trial = rules("test", ANNA, "table four").output
    assert "table: set_field party=four (not done: party: 'four' is not a valid number" in trial
    assert "table: reply For four (not done: not sent, because a field could not be set)" in trial
    rules("delete", "table")
