"""The documentation is built by its tool without a dead link or anchor, and what is made from data is up to date."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import click
import pytest

import gsmgw
from docs import hardware
from gsmgw.cli import main
from gsmgw.config.reading import parse_config

ROOT = Path(__file__).parents[2]


def build(directory: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=120)


def test_no_link_and_no_anchor_is_dead(tmp_path: Path) -> None:
    done = build(ROOT, tmp_path / "site")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "get-started" / "install" / "index.html").exists()
    unrendered = [page for page in (tmp_path / "site").rglob("*.html") if "<code>console\n" in page.read_text("utf-8")]
    assert not unrendered, "code blocks inside of lists"
    # The theme does not wrap the cells of tables, and cuts off what is too wide: its rules are overridden.
    reference = (tmp_path / "site" / "reference" / "api" / "index.html").read_text(encoding="utf-8")
    assert reference.index("css/theme.css") < reference.index("assets/site.css")
    assert "white-space: normal" in (tmp_path / "site" / "assets" / "site.css").read_text(encoding="utf-8")


@pytest.mark.parametrize("link", ["nowhere.md", "../guides/hooks.md#nothing", "#nothing"])
def test_a_dead_one_is_found(link: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in ("mkdocs.yml", "mkdocs_hooks.py"):
        shutil.copy(ROOT / name, tmp_path)
    page = tmp_path / "docs" / "get-started" / "install.md"
    page.write_text(f"{page.read_text()}\n[there]({link})\n")
    assert build(tmp_path, tmp_path / "site").returncode != 0


def test_the_readme_links_to_what_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\((?!\w+://)([^)#]*)#([^)]+)\)", text):
        page = (ROOT / (target or "README.md")).read_text(encoding="utf-8")
        headings = {re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-") for line in page.splitlines()}
        assert anchor in headings, f"README.md links to {target}#{anchor}"


def test_the_hardware_list_is_what_the_program_knows() -> None:
    text = hardware.PAGE.read_text(encoding="utf-8")
    assert text == hardware.page(text), "make it anew: python tests/docs/hardware.py"


def test_the_changelog_names_this_version_or_none() -> None:
    """Until the first release there is one section; then each section names a version that was released."""
    sections = re.findall(r"^## (.*)$", (ROOT / "docs" / "changelog.md").read_text(encoding="utf-8"), re.MULTILINE)
    released = [section for section in sections if section != "Unreleased"]
    assert sections[0] == "Unreleased" or sections[0] == gsmgw.__version__
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", section) for section in released)
    assert len(set(sections)) == len(sections)


CONTEXT = click.Context(main)
GUIDES = [
    ROOT / "README.md",
    ROOT / "docs" / "contributing.md",
    *sorted(page for room in ("get-started", "guides", "explanation") for page in (ROOT / "docs" / room).glob("*.md")),
]


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_commands_in_the_guides_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^ *```.*?^ *```$|(?:^ {4,}.*\n)+", text, re.MULTILINE | re.DOTALL))
    lines = re.findall(r"^ *(?:\$ )?(?:sudo )?gsmgw ([a-z][^#\n]*)", blocks, re.MULTILINE)
    for line in lines + re.findall(r"`(?:sudo )?gsmgw ([a-z][^`]*)`", text):
        words = line.split()
        command = main.get_command(CONTEXT, words[0].rstrip(":"))
        assert command is not None, f"gsmgw {words[0]}"
        known = {option for param in command.params for option in [*param.opts, *param.secondary_opts]}
        below: click.Command | None = command
        for word in words[1:]:
            below = below.get_command(CONTEXT, word) if isinstance(below, click.Group) else None
            if below is None:
                break
            known |= {option for param in below.params for option in param.opts}
        for word in words[1:]:
            if word.startswith("--") and word != "--":
                assert word.split("=")[0] in known, f"gsmgw {' '.join(words)}"


CONFIGURATIONS = [
    pytest.param(textwrap.dedent(block), id=f"{page.stem} {number}")
    for page in [*GUIDES, *sorted((ROOT / "docs" / "reference").glob("*.md"))]
    if not page.name.startswith("simulator-")  # these show files of hw-sim
    for number, block in enumerate(re.findall(r"```toml\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.M | re.S))
    if "[profile." not in block and "pin_file" not in block
]


@pytest.mark.parametrize("block", CONFIGURATIONS)
def test_configurations_in_the_pages_are_valid(block: str) -> None:
    parse_config(block)
