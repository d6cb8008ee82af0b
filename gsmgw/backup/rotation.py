"""The directory of scheduled backups: names that sort by time, and how many are kept."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gsmgw.backup.archive import Manifest, write_backup
from gsmgw.errors import StoreError

_NAME = re.compile(r"gsmgw-([0-9]{8}T[0-9]{6}Z)(?:-([0-9]+))?\.tar\.gz")
_LOCK = ".gsmgw-backup.lock"
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Entry:
    """A backup that is kept."""

    path: Path
    made_at: datetime
    octets: int

    def as_resource(self) -> dict[str, Any]:
        """As people and programs are shown it."""
        return {"file": str(self.path), "octets": self.octets, "created_at": self.made_at.isoformat()}


def list_backups(directory: Path) -> list[Entry]:
    """The backups in a directory, the latest first; other files are ignored. Raises :class:`StoreError`."""
    found = []
    try:
        for path in directory.iterdir():
            if match := _NAME.fullmatch(path.name):
                made_at = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
                found.append(((match[1], _number(path.name)), Entry(path, made_at, path.stat().st_size)))
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise StoreError(f"{directory} cannot be read: {exc.strerror}") from exc
    return [entry for _, entry in sorted(found, key=lambda pair: pair[0], reverse=True)]


def make_scheduled(database: Path, config_file: Path | None, directory: Path, keep: int) -> tuple[Path, Manifest]:
    """Make a backup named by the time in ``directory``, then delete the oldest ones until ``keep`` are left.

    To be run as the user of the service, whose they are to list and to delete one day. One at a time: a second caller
    waits for the first. Nothing is deleted unless the new one is good.
    """
    with _turn(directory):
        stem = f"gsmgw-{datetime.now(UTC).strftime(_STAMP)}"
        same = [entry.path.name for entry in list_backups(directory) if entry.path.name.startswith(stem)]
        path = directory / (f"{stem}-{_number(same[0]) + 1}.tar.gz" if same else f"{stem}.tar.gz")
        manifest = write_backup(database, config_file, path)
        kept = [path, *(entry.path for entry in list_backups(directory) if entry.path != path)]
        for old in kept[keep:]:  # a clock that was set back must not cost the newest one
            old.unlink(missing_ok=True)
        return path, manifest


def _number(name: str) -> int:
    """Which one of the same second it is, from 0 on."""
    match = _NAME.fullmatch(name)
    return int(match[2] or 0) if match else 0


@contextmanager
def _turn(directory: Path) -> Iterator[None]:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Not the directory itself: where backups lie beside the database, the gateway has locked it.
        descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as exc:
        raise StoreError(f"{directory} cannot be used for backups: {exc.strerror}") from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
