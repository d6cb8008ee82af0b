"""One way to find the gateway for every command; none works on the files of another one than the one that was named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import Site, site
from support.shell import command

from gsmgw.cli.gateway import socket_path


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Configurations of two gateways; the first is the one that is found."""
    monkeypatch.delenv("GSMGW_SOCKET", raising=False)
    paths = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.toml"
        path.write_text(f"[gateway]\nsocket = '{tmp_path}/{name}.sock'\nstate_dir = '{tmp_path}/{name}'\n")
        paths.append(path)
    monkeypatch.setenv("GSMGW_CONFIG", str(paths[0]))
    return paths[0], paths[1]


def test_the_order(two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert socket_path(None) == f"{tmp_path}/one.sock"
    monkeypatch.setenv("GSMGW_SOCKET", "/of/the/variable")
    assert socket_path(None) == "/of/the/variable"
    assert socket_path(None, two[1]) == f"{tmp_path}/two.sock"
    assert socket_path("/named", two[1]) == "/named"
    two[1].write_text(two[1].read_text() + "[wrong]\n")
    assert socket_path(None, two[1]) == f"{tmp_path}/two.sock"


@pytest.mark.parametrize("arguments", [["backup"], ["backup", "x.tar.gz"], ["backup", "--list"]])
def test_a_backup_is_never_one_of_another_gateway(
    arguments: list[str], two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GSMGW_SOCKET", f"{tmp_path}/two.sock")
    whole = [sys.executable, "-m", "gsmgw", *arguments]
    done = subprocess.run(whole, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (2, 3), done.stderr
    assert f"{tmp_path}/two.sock" in done.stderr
    assert "name its configuration: --config FILE" in done.stderr
    assert not (tmp_path / "x.tar.gz").exists()


def test_a_backup_obeys_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with site(tmp_path, 1) as place, place.start():
        monkeypatch.setenv("GSMGW_SOCKET", str(place.socket))
        made = json.loads(command("backup", "--json").stdout)
        assert made["file"].startswith(f"{tmp_path}/state/backups/")
        assert made["file"] in command("backup", "--list").stdout
        assert _own(place)


def _own(place: Site) -> bool:
    """Return True if the command itself writes the file of the configuration's own database."""
    done = command("backup", str(place.directory / "own.tar.gz"), "--config", str(place.config))
    return done.exit_code == 0 and (place.directory / "own.tar.gz").exists()
