"""The package is built from locked wheels, in the versions that are tested."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support.scripts import PROJECT, load_packaging

TEXT = (PROJECT / "packaging" / "constraints.txt").read_text(encoding="utf-8")


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
    lock = load_packaging("lock")
    assert lock.installed() == lock.locked(TEXT)
