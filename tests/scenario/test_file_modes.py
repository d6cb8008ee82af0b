"""A member of the group gsmgw uses the socket and reads nothing else: no PIN, key, message, token or backup."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import listens, until

from gsmgw.client import Client

ROOT = Path(__file__).parents[2]
SERVICE, MEMBER, STRANGER = 4711, 4712, 4713
TOOLS = ("setpriv", "systemd-tmpfiles", "curl")
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user"),
    pytest.mark.skipif(any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}"),
]


class Machine:
    """An installation below a directory, with a user for the service, a member of its group and a stranger."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.etc, self.state, self.run = root / "etc/gsmgw", root / "var/lib/gsmgw", root / "run/gsmgw"
        self.socket, self.config = self.run / "gsmgw.sock", self.etc / "gsmgw.toml"
        self.etc.mkdir(parents=True)
        (root / "etc/passwd").write_text(f"root:x:0:0::/:/bin/sh\ngsmgw:x:{SERVICE}:{SERVICE}::/:/bin/sh\n")
        (root / "etc/group").write_text(f"root:x:0:\ngsmgw:x:{SERVICE}:\n")

    def write(self, name: str, text: str) -> None:
        """A careless administrator writes a file that everybody may read."""
        (self.etc / name).write_text(text)
        (self.etc / name).chmod(0o644)

    def correct(self) -> None:
        """Do what the package and each boot do."""
        subprocess.run(
            ["systemd-tmpfiles", "--create", f"--root={self.root}", str(ROOT / "systemd" / "gsmgw.tmpfiles")],
            check=True,
        )

    def give(self) -> None:
        """Give the service the files that it wrote."""
        for path in (self.state, self.run, *self.state.rglob("*"), *self.run.rglob("*")):
            os.chown(path, SERVICE, SERVICE, follow_symlinks=False)

    def may(self, user: int, group: int, *command: str) -> bool:
        """Return True if a command of a user succeeds."""
        who = ["setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={group}"]
        return subprocess.run([*who, *command], capture_output=True, check=False, timeout=60).returncode == 0


@pytest.fixture
def machine() -> Iterator[Machine]:
    root = Path(tempfile.mkdtemp(prefix="gsmgw-modes-"))
    root.chmod(0o755)
    yield Machine(root)
    shutil.rmtree(root)


def test_a_member_of_the_group_reaches_the_socket_and_no_file(machine: Machine) -> None:
    machine.write("office.pin", "1234\n")
    machine.write("key.pem", "a key\n")
    machine.write(
        "gsmgw.toml",
        f'[gateway]\nstate_dir = "{machine.state}"\nsocket = "{machine.socket}"\n[modems]\ndiscover = false\n'
        f'[[modem]]\nname = "office"\nport = "/dev/none"\npin_file = "{machine.etc}/office.pin"\n',
    )
    (machine.etc / "gsmgw.toml.former").write_text('[[modem]]\npin = "1234"\n')
    machine.correct()
    command = [sys.executable, "-m", "gsmgw", "run", "--config", str(machine.config)]
    with (machine.root / "log").open("wb") as log, subprocess.Popen(command, stderr=log, umask=0o022) as child:
        try:
            until(lambda: listens(machine.socket))
            with Client(machine.socket) as client:
                client.send("+4915112345678", "a text")
                client.request("POST", "/v1/tokens", json={"name": "shop", "scopes": ["send"]})
                (machine.state / "backups").mkdir(0o700)  # as the service would; here root runs it
                machine.give()
                client.request("POST", "/v1/backups")
            health = ("curl", "-sf", "--unix-socket", str(machine.socket), "http://gsmgw/v1/stats")
            assert machine.may(MEMBER, SERVICE, *health)
            assert not machine.may(STRANGER, STRANGER, *health)
            files = [path for place in (machine.etc, machine.state) for path in place.rglob("*") if path.is_file()]
            assert {"gsmgw.db", "gsmgw.db-wal", "office.pin", "gsmgw.toml", "gsmgw.toml.former", "key.pem"} <= {
                path.name for path in files
            }
            assert any(path.suffix != ".db" and "backups" in path.parts for path in files)
            for user, group in ((MEMBER, SERVICE), (STRANGER, STRANGER)):
                assert [str(path) for path in files if machine.may(user, group, "cat", str(path))] == []
                assert not machine.may(user, group, "ls", str(machine.etc))
                assert not machine.may(user, group, "ls", str(machine.state))
            machine.give()
            assert all(machine.may(SERVICE, SERVICE, "cat", str(path)) for path in files)
        finally:
            child.terminate()


def test_units_and_scripts_agree_about_modes() -> None:
    """Where systemd-tmpfiles is missing, the package's script does the same."""
    rows = [
        line.split() for line in (ROOT / "systemd/gsmgw.tmpfiles").read_text().splitlines() if not line.startswith("#")
    ]
    script = (ROOT / "packaging/debian/postinst").read_text()
    for kind, path, mode, user, group, _ in rows:
        if kind == "d" and not path.startswith("/run"):
            assert f"install -d -m {mode} -o {user} -g {group} {path}\n" in script
    service = (ROOT / "systemd/gsmgw.service").read_text()
    assert "StateDirectoryMode=0700\n" in service
    assert "UMask=0077\n" in service
    assert "SocketMode=0660\n" in (ROOT / "systemd/gsmgw.socket").read_text()
