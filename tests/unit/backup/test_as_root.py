"""Root backs up and restores where the service's user puts links: nothing of root's is read or touched."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.databases import make_database, rows

from gsmgw.backup import restore, verify, write_backup
from gsmgw.cli import main
from gsmgw.errors import StoreError
from gsmgw.owners import acting_as_owner, owner_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")

SERVICE = 12345
PRECIOUS = "root:hash:only root reads this"


class House:
    """A machine in small: /etc/gsmgw, /var/lib/gsmgw, and a directory of root's with a file in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.etc, self.state, self.private = root / "etc", root / "state", root / "private"
        self.config, self.database = self.etc / "gsmgw.toml", self.state / "gsmgw.db"
        self.precious = self.private / "shadow"
        self.etc.mkdir(0o750)
        os.chown(self.etc, 0, SERVICE)
        self.private.mkdir(0o700)
        self.precious.write_text(PRECIOUS)
        self.precious.chmod(0o600)
        make_database(self.database)
        self.configure()
        self.give()

    def configure(self, more: str = "") -> None:
        """Write the configuration."""
        self.config.write_text(f'[gateway]\nstate_dir = "{self.state}"\nsocket = "{self.root}/none.sock"\n{more}')
        self.config.chmod(0o600)
        os.chown(self.config, SERVICE, SERVICE)

    def give(self) -> None:
        """Everything in the state directory is the service's."""
        for path in (self.state, *self.state.rglob("*")):
            os.chown(path, SERVICE, SERVICE, follow_symlinks=False)

    def link(self, name: str, target: Path) -> None:
        """The service's user puts a link in its directory."""
        (self.state / name).unlink(missing_ok=True)
        (self.state / name).symlink_to(target)
        os.chown(self.state / name, SERVICE, SERVICE, follow_symlinks=False)

    def unharmed(self) -> bool:
        """Return True if root's directory is as it was."""
        about = self.precious.stat()
        return (
            [entry.name for entry in self.private.iterdir()] == ["shadow"]
            and self.precious.read_text() == PRECIOUS
            and (about.st_mode & 0o777, about.st_uid) == (0o600, 0)
        )


@pytest.fixture
def house() -> Iterator[House]:
    """Outside of the directory of tests, which nobody but root may enter."""
    root = Path(tempfile.mkdtemp(prefix="gsmgw-house-"))
    root.chmod(0o755)
    yield House(root)
    shutil.rmtree(root)


def gsmgw(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def content(path: Path) -> bytes:
    with tarfile.open(path) as tar:
        return b"".join(tar.extractfile(entry).read() for entry in tar)  # type: ignore[union-attr]


def test_a_scheduled_backup_is_the_services_to_list_and_to_delete(house: House) -> None:
    done = gsmgw("backup", "--config", house.config)
    assert done.exit_code == 0, done.output
    (made,) = (house.state / "backups").glob("gsmgw-*")
    assert {(path.stat().st_uid, path.stat().st_gid) for path in (made, made.parent)} == {(SERVICE, SERVICE)}
    assert (made.stat().st_mode & 0o777, made.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert os.geteuid() == os.getegid() == 0


def test_a_backup_elsewhere_is_roots(house: House) -> None:
    target = house.private / "b.tar.gz"
    assert gsmgw("backup", target, "--config", house.config).exit_code == 0
    assert (target.stat().st_uid, target.stat().st_mode & 0o777) == (0, 0o600)
    assert verify(target).rows["messages"] == 3
    assert {entry.name for entry in house.state.iterdir()} <= {"gsmgw.db", "gsmgw.db-wal", "gsmgw.db-shm"}
    assert {entry.stat().st_uid for entry in house.state.iterdir()} == {SERVICE}


@pytest.mark.parametrize("where", ["scheduled", "elsewhere"])
def test_a_backup_holds_nothing_that_only_root_reads(house: House, where: str) -> None:
    house.configure(f'[[modem]]\nname = "a"\nport = "/dev/null"\npin_file = "{house.state}/pin"\n')
    house.link("pin", house.precious)
    target = house.root / "b.tar.gz"
    done = gsmgw("backup", *([target] if where == "elsewhere" else []), "--config", house.config)
    assert done.exit_code == 0, done.output
    assert "Permission denied" in done.output
    made = target if where == "elsewhere" else next((house.state / "backups").glob("gsmgw-*"))
    assert PRECIOUS.encode() not in content(made)


@pytest.mark.parametrize("name", ["gsmgw.db", "gsmgw.db-wal", "gsmgw.db-shm", "backups"])
def test_a_backup_follows_no_link_to_what_is_roots(house: House, name: str) -> None:
    house.link(name, house.private if name == "backups" else house.private / "made")
    gsmgw("backup", "--config", house.config)
    gsmgw("backup", house.root / "b.tar.gz", "--config", house.config)
    assert house.unharmed()


@pytest.mark.parametrize(
    "name", ["gsmgw.db", "gsmgw.db-wal", "gsmgw.db-shm", "gsmgw.db.restoring", "gsmgw.db.restoring-wal", "gsmgw.lock"]
)
@pytest.mark.parametrize("target", ["shadow", "made"])
def test_a_restore_follows_no_link_to_what_is_roots(house: House, name: str, target: str) -> None:
    backup = house.root / "b.tar.gz"
    write_backup(house.database, house.config, backup)
    house.link(name, house.private / target)
    gsmgw("restore", "--force", "--config", house.config, backup)
    assert house.unharmed()


def test_a_restore_to_a_link_is_done_with_the_rights_of_who_made_it(house: House) -> None:
    backup = house.root / "b.tar.gz"
    write_backup(house.database, None, backup)
    house.link("sub", house.private)
    with pytest.raises(StoreError, match="Permission denied"):
        restore(backup, house.config, state_dir=house.state / "sub", force=True)
    assert house.unharmed()


def test_what_is_restored_is_the_services_and_private(house: House) -> None:
    pin = house.etc / "pin"
    house.configure(f'[[modem]]\nname = "a"\nport = "/dev/null"\npin_file = "{pin}"\n')
    pin.write_text("1234\n")
    os.chown(pin, SERVICE, SERVICE)
    backup = house.root / "b.tar.gz"
    write_backup(house.database, house.config, backup)
    for path in (house.config, pin, house.database):
        path.unlink()
    done = restore(backup, house.config)
    assert set(done.written) == {house.config, pin, house.database}
    assert {(path.stat().st_uid, path.stat().st_mode & 0o777) for path in done.written} == {(SERVICE, 0o600)}
    assert rows(house.database, "SELECT count(*) FROM messages") == [(3,)]


def test_a_backup_does_not_name_files_of_root_for_root_to_write(house: House) -> None:
    """Whoever can make a backup, as the service's user can, must not choose where root writes what."""
    planted = house.private / "cron"
    house.configure(f'[[modem]]\nname = "a"\nport = "/dev/null"\npin_file = "{planted}"\n')
    planted.write_text("* * * * * root id\n")
    house.private.chmod(0o755)
    backup = house.root / "b.tar.gz"
    write_backup(house.database, house.config, backup)
    planted.unlink()
    done = restore(backup, house.config, force=True)
    assert house.unharmed()
    assert [sentence.partition(":")[0] for sentence in done.left_out] == [str(planted)]


def test_the_configuration_is_replaced_with_the_rights_of_its_directory(house: House) -> None:
    path = house.state / "gsmgw.toml"
    path.write_text("")
    house.give()
    house.link("gsmgw.toml.former", house.precious)
    house.link("gsmgw.toml.new", house.precious)
    (house.root / "new.toml").write_text("[gateway]\n")
    gsmgw("config", "import", house.root / "new.toml", "--config", path)
    assert house.unharmed()
    assert path.read_text() == "[gateway]\n"


def test_the_owner_of_a_path_is_the_first_who_may_change_it(house: House) -> None:
    assert owner_of(house.private) is None
    assert owner_of(house.state) == (SERVICE, SERVICE)
    assert owner_of(house.state / "none" / "deeper") == (SERVICE, SERVICE)
    house.link("away", house.private)
    assert owner_of(house.state / "away" / "shadow") == (SERVICE, SERVICE)
    assert owner_of(house.state / "away" / ".." / "private") == (SERVICE, SERVICE)
    (house.root / "alias").symlink_to(house.state)
    assert owner_of(house.root / "alias") == (SERVICE, SERVICE)
    (house.root / "round").symlink_to(house.root / "round")
    assert owner_of(house.root / "round") is None


def test_root_is_root_again_when_the_work_failed(house: House) -> None:
    groups = os.getgroups()

    def work() -> None:
        with acting_as_owner(house.state) as is_other:
            assert is_other
            assert (os.geteuid(), os.getegid(), os.getgroups()) == (SERVICE, SERVICE, [SERVICE])
            house.precious.read_text()

    with pytest.raises(PermissionError):
        work()
    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, groups)
