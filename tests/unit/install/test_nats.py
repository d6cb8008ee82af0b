"""gsmgw fleet init, add and remove: the files of a NATS server."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.nats_server import require_nats_server

from gsmgw.bridges.fleet.connection import read_credentials
from gsmgw.cli import main
from gsmgw.config import Config
from gsmgw.install.nats import FleetFiles, FleetFilesError, Listener, users_text


def run(*arguments: object, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, ["fleet", *map(str, arguments)], input=answer)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a directory that `gsmgw fleet init` made."""
    found = run("init", tmp_path / "fleet", "--listen", "127.0.0.1:4222", "--store", tmp_path / "store")
    assert found.exit_code == 0, found.output
    return tmp_path / "fleet"


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def is_valid(file: Path) -> bool:
    """The server accepts it."""
    done = subprocess.run([require_nats_server(), "-t", "-c", str(file)], capture_output=True, text=True, check=False)
    return done.returncode == 0


def test_what_is_made(directory: Path) -> None:
    assert names(directory) == {"nats-server.conf", "users.conf", "nodes.json", "hub.json"}
    assert directory.stat().st_mode & 0o777 == 0o755
    assert all(path.stat().st_mode & 0o007 == 0 for path in directory.iterdir())
    assert (directory / "nodes.json").stat().st_mode & 0o777 == 0o600
    assert is_valid(directory / "nats-server.conf")
    assert "sync_interval: always" in (directory / "nats-server.conf").read_text()
    user, password = read_credentials(directory / "hub.json")
    assert user == "hub"
    assert password is not None
    assert len(password) == 43  # 256 bits


def test_the_lines_for_the_hub_are_a_configuration(tmp_path: Path) -> None:
    found = run("init", tmp_path / "fleet", "--listen", "127.0.0.1:4222").output
    assert "warning" not in found
    Config.model_validate({"fleet": section_of(found)})
    assert "without TLS" in run("init", tmp_path / "open", "--listen", "0.0.0.0:4222").output


def section_of(output: str) -> dict[str, object]:
    import tomllib

    lines = [line.strip() for line in output.splitlines()]
    found = [line for line in lines[lines.index("[fleet]") :] if line == "[fleet]" or " = " in line]
    return dict(tomllib.loads("\n".join(found))["fleet"])


def test_nothing_is_overwritten(directory: Path) -> None:
    before = {path: path.read_text() for path in directory.iterdir()}
    found = run("init", directory, "--listen", "127.0.0.1:4333")
    assert found.exit_code == 1
    assert "exists already, and is not overwritten" in found.output
    assert {path: path.read_text() for path in directory.iterdir()} == before


def test_tls(tmp_path: Path) -> None:
    tls = Path(__file__).parents[2] / "support" / "tls"
    certificate, key = sorted(tls.glob("*.pem"))[0], sorted(tls.glob("*.pem"))[0]
    found = run(
        "init", tmp_path / "fleet", "--listen", "0.0.0.0:4222", "--tls-cert", certificate, "--tls-key", key
    ).output
    assert "without TLS" not in found
    text = (tmp_path / "fleet" / "nats-server.conf").read_text()
    assert f'cert_file: "{certificate}"' in text
    with pytest.raises(FleetFilesError, match="both --tls-cert and --tls-key"):
        Listener.parse("127.0.0.1:4222", certificate)


@pytest.mark.parametrize("listen", ["", "4222", "host", "host:", "host:0", "host:65536", 'h"x:1', "host:٤٢"])
def test_addresses_that_are_not_valid(tmp_path: Path, listen: str) -> None:
    found = run("init", tmp_path / "fleet", "--listen", listen)
    assert found.exit_code == 1
    assert "is not a valid address: write HOST:PORT" in found.output
    assert not (tmp_path / "fleet").exists()


def test_nodes_come_and_go(directory: Path) -> None:
    found = run("add", "ulm", "--directory", directory, "--url", "nats://hub:4222")
    assert found.exit_code == 0, found.output
    section = section_of(found.output)
    assert section == {"url": "nats://hub:4222", "node": "ulm", "credentials": "/etc/gsmgw/fleet.json"}
    Config.model_validate({"fleet": section})
    assert "systemctl reload gsmgw-nats" in found.output
    user, password = read_credentials(directory / "ulm.json")
    assert user == "ulm"
    assert password
    assert password not in found.output
    assert password in (directory / "users.conf").read_text()
    assert FleetFiles(directory).nodes == ["ulm"]
    assert is_valid(directory / "nats-server.conf")

    again = run("add", "ulm", "--directory", directory, "--url", "nats://hub:4222")
    assert again.exit_code == 1
    assert "the node 'ulm' exists already" in again.output
    assert read_credentials(directory / "ulm.json") == (user, password)

    assert run("remove", "ulm", "--directory", directory, answer="n\n").exit_code == 1
    assert FleetFiles(directory).nodes == ["ulm"]
    assert "removed" in run("remove", "ulm", "--directory", directory, "--yes").output
    assert not (directory / "ulm.json").exists()
    assert password not in (directory / "users.conf").read_text()
    assert "does not exist (known: none)" in run("remove", "ulm", "--directory", directory, "--yes").output
    assert run("remove", "hub", "--directory", directory, "--yes").exit_code == 1
    assert is_valid(directory / "nats-server.conf")


@pytest.mark.parametrize("node", ["hub", "Ulm", "a b", "a.b", "*", ">", "-a", "a" * 33, "../x", 'a"'])
def test_names_that_are_not_valid(directory: Path, node: str) -> None:
    before = names(directory)
    assert run("add", "--directory", directory, "--url", "nats://hub:4222", "--", node).exit_code != 0
    with pytest.raises(FleetFilesError, match="not a valid name"):
        FleetFiles(directory).add(node)
    assert names(directory) == before


def test_a_url_that_is_not_valid(directory: Path) -> None:
    found = run("add", "ulm", "--directory", directory, "--url", "http://hub")
    assert found.exit_code == 1
    assert 'url: must be "nats://host:4222"' in found.output
    assert FleetFiles(directory).nodes == []


def test_without_a_list(tmp_path: Path) -> None:
    found = run("add", "ulm", "--directory", tmp_path, "--url", "nats://hub:4222")
    assert found.exit_code == 1
    assert "Make it first: gsmgw fleet init" in found.output
    (tmp_path / "nodes.json").write_text("{}")
    assert "is not a list of nodes" in run("add", "ulm", "--directory", tmp_path, "--url", "nats://hub:4222").output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_services_can_read_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = {"gsmgw-nats": (4201, 4301), "gsmgw": (4202, 4302)}

    def getpwnam(name: str) -> pwd.struct_passwd:
        uid, gid = users[name]
        return pwd.struct_passwd((name, "x", uid, gid, "", "/", "/bin/sh"))

    monkeypatch.setattr(pwd, "getpwnam", getpwnam)
    files = FleetFiles(tmp_path / "fleet")
    files.create(Listener.parse("127.0.0.1:4222"), tmp_path)
    files.add("ulm")

    def access(name: str) -> tuple[int, int, int]:
        about = (files.directory / name).stat()
        return about.st_uid, about.st_gid, about.st_mode & 0o777

    assert access("nats-server.conf") == access("users.conf") == (0, 4301, 0o640)
    assert access("hub.json") == (4202, 4302, 0o600)
    assert access("nodes.json") == access("ulm.json") == (0, 0, 0o600)


def test_names_and_passwords_are_quoted() -> None:
    assert json.dumps('a"b') in users_text({"hub": 'a"b'})
