"""A state directory is private: what earlier versions left open is closed, and what is not ours is left alone."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gsmgw.owners import hold, make_private


def test_a_directory_is_held_once_whatever_is_deleted_in_it(tmp_path: Path) -> None:
    (tmp_path / "gsmgw.lock").touch()
    with hold(tmp_path):
        for path in tmp_path.iterdir():
            path.unlink()
        with pytest.raises(BlockingIOError), hold(tmp_path):
            pass
    with hold(tmp_path):
        pass


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_was_open_to_the_group_is_closed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "backups").mkdir(parents=True)
    for name in ("gsmgw.db", "gsmgw.db-wal", "gsmgw.lock", "gsmgw.db.before-upgrade-from-m001"):
        (state / name).touch()
        (state / name).chmod(0o640)
    for directory in (state, state / "backups"):
        directory.chmod(0o750)
    assert len(make_private(state)) == 6
    assert {mode(path) for path in (state, state / "backups")} == {0o700}
    assert {mode(path) for path in state.glob("gsmgw.*")} == {0o600}
    assert make_private(state) == []


def test_a_directory_with_the_files_of_others_stays_open(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    for name in ("gsmgw.db", "notes.txt"):
        (shared / name).touch()
        (shared / name).chmod(0o644)
    assert make_private(shared) == ["gsmgw.db"]
    assert (mode(shared), mode(shared / "notes.txt"), mode(shared / "gsmgw.db")) == (0o755, 0o644, 0o600)


def test_links_and_sockets_are_not_touched(tmp_path: Path) -> None:
    state, other = tmp_path / "state", tmp_path / "other"
    state.mkdir(0o700)
    other.touch()
    other.chmod(0o644)
    (state / "gsmgw.link").symlink_to(other)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(state / "gsmgw.sock"))
        os.chmod(state / "gsmgw.sock", 0o660)
        assert make_private(state) == []
    assert (mode(other), mode(state / "gsmgw.sock")) == (0o644, 0o660)
