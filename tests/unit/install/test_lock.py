"""The package is built from locked wheels, in the versions that are tested."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8")


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gsmgw_lock", ROOT / "packaging" / "lock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_distribution_is_pinned_with_hashes() -> None:
    entries = re.split(r"\n(?=[a-z])", "\n".join(line for line in TEXT.splitlines() if not line.startswith("#")))
    assert len(entries) > 20
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9-]+==[^ ]+( \\\n    --hash=sha256:[0-9a-f]{64})+", entry.strip()), entry


def test_compiled_wheels_are_there_for_each_suite_and_architecture() -> None:
    entry = re.search(r"^pydantic-core==(?:.*\\\n)*.*", TEXT, re.MULTILINE)
    assert entry is not None
    assert entry[0].count("--hash") == 6


@pytest.mark.skipif(
    not (Path(sys.prefix) / "versions.txt").exists(), reason="this environment was not made by make setup"
)
def test_what_is_tested_is_what_is_packaged() -> None:
    lock = load()
    assert lock.installed() == lock.locked(TEXT)
