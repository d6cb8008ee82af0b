"""A backup is verified, says what is wrong with it, and takes the place of nothing by accident."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.databases import make_database, rows

from gsmgw.backup import RestoreRefused, list_backups, make_scheduled, restore, verify, write_backup
from gsmgw.cli import main
from gsmgw.errors import StoreError


def make_config(directory: Path, more: str = "") -> Path:
    path = directory / "gsmgw.toml"
    path.write_text(f'[gateway]\nstate_dir = "{directory}/state"\nsocket = "{directory}/none.sock"\n{more}')
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a state and a configuration."""
    (tmp_path / "pin").write_text("1234\n")
    make_config(tmp_path, f'[[modem]]\nname = "a"\nport = "/dev/null"\npin_file = "{tmp_path}/pin"\n')
    make_database(tmp_path / "state" / "gsmgw.db")
    return tmp_path


def back_up(place: Path) -> Path:
    target = place / "backup.tar.gz"
    write_backup(place / "state" / "gsmgw.db", place / "gsmgw.toml", target)
    return target


def repack(path: Path, change: dict[str, bytes | None]) -> None:
    """Change members of an archive, or leave them out (None)."""
    with tarfile.open(path) as tar:
        content = {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]
    content.update(change)  # type: ignore[arg-type]
    with tarfile.open(path, "w:gz") as tar:
        for name, data in content.items():
            if data is not None:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))


def test_a_backup_is_one_private_file_with_all_that_is_needed(place: Path) -> None:
    path = back_up(place)
    manifest = verify(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert manifest.rows["messages"] == 3
    assert manifest.last_event == 3
    assert list(manifest.members) == ["gsmgw.db", "gsmgw.toml", "files/0-pin"]
    assert manifest.members["files/0-pin"].origin == f"{place}/pin"
    assert sorted(entry.name for entry in place.iterdir()) == ["backup.tar.gz", "gsmgw.toml", "pin", "state"]


def test_what_cannot_be_read_is_said(place: Path) -> None:
    (place / "pin").unlink()
    manifest = write_backup(place / "state" / "gsmgw.db", place / "gsmgw.toml", place / "b.tar.gz")
    assert manifest.left_out == [f"{place}/pin: No such file or directory"]


def test_a_damaged_backup_is_told(place: Path) -> None:
    path = back_up(place)
    whole = path.read_bytes()
    for at in range(10, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        try:
            verify(path)
        except StoreError:
            continue
        # What still unpacks to the same is no damage: gzip has bits that mean nothing.
        assert gzip.decompress(path.read_bytes()) == gzip.decompress(whole)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError):
        verify(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gsmgw.db": b"other"}, "does not match its checksum"),
        ({"gsmgw.db": None}, "gsmgw.db is missing"),
        ({"stranger": b"x"}, "does not list"),
        ({"manifest.json": b"[]"}, "manifest of the backup cannot be read"),
        ({"manifest.json": b'{"format": 2}'}, "format 2"),
    ],
)
def test_a_wrong_archive_is_told(place: Path, change: dict[str, bytes | None], said: str) -> None:
    path = back_up(place)
    repack(path, change)
    with pytest.raises(StoreError, match=said):
        verify(path)


def test_no_backup_of_a_damaged_database(place: Path) -> None:
    database = place / "state" / "gsmgw.db"
    with closing(sqlite3.connect(database)) as db:
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages_peer'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    with database.open("r+b") as file:
        file.seek((root - 1) * size + 8)
        file.write(b"\xff" * 64)
    with pytest.raises(StoreError, match="damaged"):
        write_backup(database, None, place / "b.tar.gz")
    assert not (place / "b.tar.gz").exists()


def test_the_newest_are_kept(place: Path) -> None:
    directory = place / "state" / "backups"
    made = [make_scheduled(place / "state" / "gsmgw.db", None, directory, 2)[0] for _ in range(4)]
    (directory / "of-somebody.txt").write_text("stays")
    assert [entry.path for entry in list_backups(directory)] == [made[3], made[2]]
    assert (directory / "of-somebody.txt").exists()


def test_files_with_other_names_are_no_backups(place: Path) -> None:
    for name in ("gsmgw-20261399T999999Z.tar.gz", "gsmgw-2026.tar.gz", "notes.txt"):
        (place / name).touch()
    (place / "gsmgw-20261128T081500Z-2.tar.gz").touch()
    (found,) = list_backups(place)
    assert found.made_at == datetime(2026, 11, 28, 8, 15, tzinfo=UTC)


def test_a_clock_that_was_set_back_does_not_cost_the_new_one(place: Path) -> None:
    directory = place / "state" / "backups"
    directory.mkdir()
    (directory / "gsmgw-29990101T000000Z.tar.gz").write_bytes(b"")
    path, _ = make_scheduled(place / "state" / "gsmgw.db", None, directory, 1)
    assert path.exists()


def test_restored_elsewhere(place: Path, tmp_path: Path) -> None:
    path, other = back_up(place), tmp_path / "other"
    done = restore(path, other / "etc" / "gsmgw.toml", state_dir=other / "state")
    assert done.waiting == 3
    assert (other / "etc" / "gsmgw.toml").read_bytes() == (place / "gsmgw.toml").read_bytes()
    query = "SELECT * FROM messages ORDER BY id"
    assert rows(other / "state" / "gsmgw.db", query) == rows(place / "state" / "gsmgw.db", query)


def test_what_is_here_is_not_overwritten_and_with_force_kept_aside(place: Path) -> None:
    path = back_up(place)
    make_config(place, "[api]\n")
    database = place / "state" / "gsmgw.db"
    with pytest.raises(RestoreRefused, match="already contains messages"):
        restore(path, place / "gsmgw.toml")
    database.rename(place / "state" / "moved")
    with pytest.raises(RestoreRefused, match="differs"):
        restore(path, place / "gsmgw.toml")
    assert not database.exists()
    (place / "state" / "moved").rename(database)
    done = restore(path, place / "gsmgw.toml", force=True, cancel_waiting=True)
    assert done.canceled == 3
    assert done.waiting == 0
    assert rows(done.aside[database], "SELECT status FROM messages") == [("queued",)] * 3
    assert rows(database, "SELECT status FROM messages") == [("canceled",)] * 3
    assert rows(database, "SELECT count(*) FROM events WHERE type = 'message.canceled'") == [(3,)]
    assert done.aside[place / "gsmgw.toml"].read_text().endswith("[api]\n")
    assert "pin_file" in (place / "gsmgw.toml").read_text()


def test_the_configuration_here_can_be_kept(place: Path, tmp_path: Path) -> None:
    path, other = back_up(place), tmp_path / "other"
    other.mkdir()
    here = make_config(other, "[api]\n")
    restore(path, here, keep_config=True)
    assert here.read_text().endswith("[api]\n")
    assert rows(other / "state" / "gsmgw.db", "SELECT count(*) FROM messages") == [(3,)]


def test_files_go_only_where_the_configuration_names_them(place: Path, tmp_path: Path) -> None:
    path = back_up(place)
    with tarfile.open(path) as tar:
        manifest = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
    manifest["members"]["files/0-pin"]["origin"] = f"{tmp_path}/planted"
    repack(path, {"manifest.json": json.dumps(manifest).encode()})
    restore(path, tmp_path / "other" / "gsmgw.toml", state_dir=tmp_path / "other" / "state")
    assert not (tmp_path / "planted").exists()


def test_a_backup_of_a_newer_version_is_refused_before_anything_is_done(place: Path, tmp_path: Path) -> None:
    path = back_up(place)
    with tarfile.open(path) as tar:
        manifest = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
    manifest["migrations"].append("m999_future")
    repack(path, {"manifest.json": json.dumps(manifest).encode()})
    with pytest.raises(StoreError, match=r"newer than this one .*m999_future"):
        restore(path, tmp_path / "other" / "gsmgw.toml", state_dir=tmp_path / "other" / "state")
    assert not (tmp_path / "other").exists()


def test_the_commands(place: Path) -> None:
    run = CliRunner().invoke
    config = str(place / "gsmgw.toml")
    made = run(main, ["backup", str(place / "b.tar.gz"), "--config", config])
    assert made.exit_code == 0, made.output
    assert "3 messages up to event 3" in made.output
    assert run(main, ["backup", str(place / "b.tar.gz"), "--config", config]).exit_code == 1
    assert "is good" in run(main, ["backup", "--verify", str(place / "b.tar.gz")]).output
    scheduled = json.loads(run(main, ["backup", "--config", config, "--json"]).output)
    listed = json.loads(run(main, ["backup", "--config", config, "--list", "--json"]).output)
    assert listed["file"] == scheduled["file"]
    refused = run(main, ["restore", str(place / "b.tar.gz"), "--config", config])
    assert refused.exit_code == 1
    assert "--force" in refused.output
    taken = run(main, ["restore", str(place / "b.tar.gz"), "--config", config, "--force"])
    assert taken.exit_code == 0, taken.output
    assert "3 messages are waiting and will be sent" in taken.output


def test_the_configuration_goes_out_and_in(place: Path) -> None:
    run = CliRunner().invoke
    config = place / "gsmgw.toml"
    content = config.read_text()
    assert run(main, ["config", "export", "--config", str(config)]).output == content
    bad = run(main, ["config", "import", "-", "--config", str(config)], input="[gatway]\n")
    assert bad.exit_code == 1
    assert "did you mean 'gateway'" in bad.output
    good = run(main, ["config", "import", "-", "--config", str(config)], input=content + "# changed\n")
    assert good.exit_code == 0, good.output
    assert config.read_text().endswith("# changed\n")
    assert (place / "gsmgw.toml.former").read_text() == content
