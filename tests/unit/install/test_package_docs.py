"""The package ships the documentation that its files and messages point to."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from gsmgw import documentation
from gsmgw.install.configfile import Choices, build_config

ROOT = Path(__file__).parents[3]
SHIPPED = "/usr/share/doc/gsmgw/"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the tree of the package in /usr/share/doc."""
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    spec = importlib.util.spec_from_file_location("gsmgw_build_deb", ROOT / "packaging" / "build_deb.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module._documents(tmp_path, "1.0")
    sys.modules.pop("lock", None)
    return tmp_path


def test_every_file_that_is_pointed_to_is_shipped(tree: Path) -> None:
    pointed = set()
    for name in ("systemd/gsmgw.toml", "systemd/gsmgw.service"):
        pointed |= set(re.findall(rf"{SHIPPED}(\S+\.md)", (ROOT / name).read_text()))
    for source in (ROOT / "gsmgw").rglob("*.py"):
        pointed |= set(re.findall(r"page\([\"']([a-z/-]+\.md)[\"']\)", source.read_text()))
    assert {"reference/configuration.md", "guides/upgrade.md", "guides/add-a-modem.md"} <= pointed
    for name in pointed:
        assert (tree / SHIPPED.strip("/") / name).is_file(), name


def test_links_in_the_shipped_documentation_lead_somewhere(tree: Path) -> None:
    place = tree / SHIPPED.strip("/")
    for file in (place / "README.md", *(place / "guides").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+\.md)", file.read_text(encoding="utf-8")):
            assert (file.parent / target).is_file(), f"{file.name}: {target}"


def test_the_page_is_where_it_is_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert documentation.page("guides/upgrade.md") == str(ROOT / "docs/guides/upgrade.md")
    monkeypatch.setattr(documentation, "PLACES", (tmp_path,))
    assert documentation.page("guides/upgrade.md") == "docs/guides/upgrade.md in the sources of gsmgw"
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference/configuration.md").touch()
    assert f"# Every setting: {tmp_path}/reference/configuration.md\n" in build_config(Choices())
