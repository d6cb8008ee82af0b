"""Everything that a user can see is on the pages: commands, operations, faults, profiles and their keys, rules."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from hw_sim import profile_names
from hw_sim.cli import main
from hw_sim.faults import KINDS
from hw_sim.network.rules import Rules
from hw_sim.profiles.loader import SECTIONS

DOCS = Path(__file__).parents[3] / "docs"
CONTROL = (DOCS / "reference" / "simulator-control.md").read_text(encoding="utf-8")
FAULTS = (DOCS / "reference" / "simulator-faults.md").read_text(encoding="utf-8")
PROFILES = (DOCS / "reference" / "simulator-profiles.md").read_text(encoding="utf-8")
START = (DOCS / "guides" / "test-with-hw-sim.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_faults(kind: str) -> None:
    line = next(line for line in FAULTS.splitlines() if line.startswith(f"| `{kind}`"))
    for option in list(inspect.signature(KINDS[kind].__init__).parameters)[3:]:
        assert f"`{option}`" in line, option


@pytest.mark.parametrize("name", profile_names())
def test_profiles(name: str) -> None:
    assert f"| `{name}` |" in PROFILES


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_profile_keys(section: str) -> None:
    line = next(line for line in PROFILES.splitlines() if line.startswith(f"| `{section}` |"))
    for field in dataclasses.fields(SECTIONS[section]):
        assert field.name == "source" or f"`{field.name}`" in line, field.name


def test_rules() -> None:
    for field in dataclasses.fields(Rules):
        assert f"`{field.name}`" in CONTROL, field.name


def test_commands_and_options() -> None:
    for name, command in main.commands.items():
        assert f"`hw-sim {name}" in CONTROL or f"`{name}`" in CONTROL, name
        if name == "run":
            for option in command.params:
                assert any(f"`{flag}" in CONTROL for flag in option.opts), option.opts


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in DOCS.rglob("*sim*.md"):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert ":" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_examples_of_the_first_page_run(capsys: pytest.CaptureFixture[str]) -> None:
    example = re.search(r"```python\n(from hw_sim import Harness.*?)```", START, re.DOTALL)
    assert example is not None
    exec(compile(example[1], "simulator.md", "exec"), {})  # noqa: S102  our own page
