"""No value can make a second command of a command line."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gsmgw.at import commands
from gsmgw.at.commands import Command, quoted
from gsmgw.errors import ModemError
from hw_sim.at.parsing import parse_line, split_args

BUILDERS: list[Callable[[str], Command]] = [
    commands.enter_pin,
    commands.set_smsc,
    commands.select_storage,
    commands.character_set,
    lambda text: commands.ussd(text, 15),
]


@pytest.mark.parametrize("build", BUILDERS)
@given(text=st.text(max_size=40))
def test_a_quoted_parameter_stays_one_parameter(build: Callable[[str], Command], text: str) -> None:
    """The simulator's parser, which shares nothing with gsmgw, finds one command with the text as it was."""
    try:
        command = build(text)
    except ModemError:
        assert any(not char.isprintable() or ord(char) > 255 for char in text)
        return
    (found,) = parse_line(command.text.removeprefix("AT"))
    assert text in split_args(found.text)


@pytest.mark.parametrize("char", ["\r", "\n", "\0", "\x1a", "\x1b", "\b", "\x7f", "\x85", "\u2028", "\ud800"])
@pytest.mark.parametrize(
    "build", [*BUILDERS, commands.vendor, commands.indications, commands.sim_identity, lambda text: Command(text)]
)
def test_control_characters_never_reach_the_port(build: Callable[[str], Command], char: str) -> None:
    with pytest.raises(ModemError, match="is not allowed"):
        build(f"AT{char}AT+CMGD=1,4")


def test_a_refused_pin_is_not_shown() -> None:
    with pytest.raises(ModemError) as caught:
        commands.enter_pin("12\r34")
    assert "34" not in str(caught.value)


def test_quotation_marks_are_escaped() -> None:
    """V.250 5.4.2.2: a character in a string constant by its code in hexadecimal."""
    assert quoted('a"b\\c') == '"a\\22b\\5Cc"'
