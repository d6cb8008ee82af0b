"""The environment that the Makefile builds before anything is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.scripts import PROJECT, load_packaging


@pytest.fixture(scope="module")
def environment() -> ModuleType:
    return load_packaging("environment")


def test_the_demo_installs_only_what_runs(environment: ModuleType) -> None:
    assert environment.KINDS["runtime"][0] == ".[web]"
    assert environment.KINDS["development"][0] == ".[dev]"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_each_target_asks_for_its_own_kind(tmp_path: Path) -> None:
    def planned(target: str) -> str:
        command = ["make", "-n", target, f"VENV={tmp_path / 'venv'}"]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout

    assert "environment.py" in planned("demo")
    assert planned("demo").count(" runtime") == 1
    assert "development" not in planned("demo")
    assert " development" in planned("test")


def test_versions_are_those_of_the_lock(environment: ModuleType) -> None:
    pinned = dict(line.split("==") for line in environment.versions().splitlines())
    assert {"fastapi", "click", "pyserial"} <= pinned.keys()
    assert not any(character in version for version in pinned.values() for character in " \\-")


def test_progress_counts_what_pip_downloads(environment: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    progress = environment.Progress("installing")
    for line in (
        "Collecting a",
        "  Downloading a.whl (1 kB)",
        "  Using cached b.whl",
        "Installing collected packages: a, b",
    ):
        progress.note(line)
    progress.finish()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "installing: 2 packages, installing"
    assert said[1].startswith("installing: 2 packages, done in ")


def test_a_failure_prints_what_pip_said(environment: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert environment.install(Path(sys.executable), "./does-not-exist", "installing") != 0
    said = capsys.readouterr().err
    assert "does-not-exist" in said
    assert "could not be installed" in said
