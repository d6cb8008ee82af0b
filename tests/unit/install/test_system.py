"""gsmgw setup system: the files are in place, the second time changes nothing, and all of it can be taken away."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from gsmgw.cli import main
from gsmgw.install.manpages import completion, man_pages
from hw_sim.cli import main as simulator

COMMAND = Path(sysconfig.get_path("scripts")) / "gsmgw"
ROOT = Path(__file__).parents[3]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["setup", "system", "--command", str(COMMAND), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def files(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_installed_twice_and_taken_away(tmp_path: Path) -> None:
    before = run("--root", str(tmp_path), "--dry-run")
    assert "would write" in before
    assert files(tmp_path) == {}
    run("--root", str(tmp_path))
    first = files(tmp_path)
    assert {
        "etc/systemd/system/gsmgw.service",
        "etc/systemd/system/gsmgw.socket",
        "etc/systemd/system/gsmgw-backup.timer",
        "etc/sysusers.d/gsmgw.conf",
        "etc/tmpfiles.d/gsmgw.conf",
        "etc/udev/rules.d/70-gsmgw.rules",
        "etc/gsmgw/gsmgw.toml",
        "usr/local/share/man/man1/gsmgw-send.1",
        "usr/local/share/bash-completion/completions/gsmgw",
    } <= set(first)
    assert f"ExecStart={COMMAND.resolve()} run" in first["etc/systemd/system/gsmgw.service"]
    assert "write" not in run("--root", str(tmp_path))
    assert files(tmp_path) == first
    (tmp_path / "etc/gsmgw/gsmgw.toml").write_text("[gateway]\n# mine\n")
    (tmp_path / "etc/systemd/system/gsmgw.socket").write_text("old")
    assert run("--root", str(tmp_path)).count("write") == 1
    assert (tmp_path / "etc/gsmgw/gsmgw.toml").read_text() == "[gateway]\n# mine\n"
    run("--root", str(tmp_path), "--uninstall")
    assert list(files(tmp_path)) == ["etc/gsmgw/gsmgw.toml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may change the system")
def test_it_wants_root() -> None:
    result = CliRunner().invoke(main, ["setup", "system", "--command", str(COMMAND)])
    assert result.exit_code == 1
    assert "sudo" in result.output


def test_the_wheel_carries_what_is_installed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    wheel = subprocess.run(
        [*command, "--wheel-dir", str(tmp_path), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert wheel.returncode == 0, wheel.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as archive:
        names = set(archive.namelist())
    for kind in ("systemd", "udev"):
        assert {f"gsmgw/share/{kind}/{path.name}" for path in (ROOT / kind).iterdir()} <= names


@pytest.mark.parametrize("group", [main, simulator], ids=["gsmgw", "hw-sim"])
def test_man_pages(group: object, tmp_path: Path) -> None:
    pages = man_pages(group, "program")  # type: ignore[arg-type]
    assert len(pages) > 3
    for name, page in pages.items():
        assert page.startswith('.TH "PROGRAM'), name
        assert ".SH NAME" in page
        about = re.search(r"\.SH NAME\n(.+) \\- (.+)\n", page)
        assert about, name
        for line in page.splitlines():
            assert line.startswith(".") or "\\" in line or "-" not in line, f"{name}: an unescaped hyphen in {line!r}"


@pytest.mark.skipif(shutil.which("nroff") is None, reason="nroff is not installed")
def test_examples_in_a_man_page_are_lines_of_their_own() -> None:
    page = man_pages(main)["gsmgw.1"]
    done = subprocess.run(
        ["nroff", "-man", "-Tascii", "-rLL=100n"], input=page, capture_output=True, text=True, check=True
    )
    shown = [line.strip() for line in done.stdout.splitlines()]
    assert "gsmgw inbox                               list received messages" in shown
    assert 'gsmgw send +4915112345678 "Hello" --wait  send a message and wait for delivery' in shown


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    script = completion(main, shell)
    assert "_GSMGW_COMPLETE" in script
    environment = {**os.environ, "_GSMGW_COMPLETE": "bash_complete", "COMP_WORDS": "gsmgw doc", "COMP_CWORD": "1"}
    done = subprocess.run([COMMAND], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "plain,doctor\n"
