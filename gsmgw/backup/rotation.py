"""The directory of scheduled backups: file names that sort by time, and deletion of the oldest."""

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
    """A backup in the directory."""

    path: Path
    made_at: datetime
    octets: int

    def as_resource(self) -> dict[str, Any]:
        """Return the backup as a JSON object for the API and the command line."""
        return {"file": str(self.path), "octets": self.octets, "created_at": self.made_at.isoformat()}


def list_backups(directory: Path) -> list[Entry]:
    """Return the backups in a directory, latest first; ignore other files. Raises :class:`StoreError`."""
    found = []
    try:
        for path in directory.iterdir():
            if made_at := _made_at(path.name):
                found.append(((made_at, _number(path.name)), Entry(path, made_at, path.stat().st_size)))
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise StoreError(f"{directory} cannot be read: {exc.strerror}") from exc
    return [entry for _, entry in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _made_at(name: str) -> datetime | None:
    """Return when a backup was made, by its file name; None for any other file."""
    match = _NAME.fullmatch(name)
    try:
        # Not strptime: it imports a module when it is first used, which the service's user may not be able to read.
        return None if match is None else datetime.fromisoformat(match[1])
    except ValueError:
        return None


def make_scheduled(database: Path, config_file: Path | None, directory: Path, keep: int) -> tuple[Path, Manifest]:
    """Write a backup named after the current time, then delete the oldest ones until ``keep`` are left.

    Run it as the service's user, who must be able to list and delete the files. A second caller waits for the first.
    Nothing is deleted unless the new backup is verified.
    """
    with _exclusive(directory):
        stem = f"gsmgw-{datetime.now(UTC).strftime(_STAMP)}"
        same = [entry.path.name for entry in list_backups(directory) if entry.path.name.startswith(stem)]
        path = directory / (f"{stem}-{_number(same[0]) + 1}.tar.gz" if same else f"{stem}.tar.gz")
        manifest = write_backup(database, config_file, path)
        kept = [path, *(entry.path for entry in list_backups(directory) if entry.path != path)]
        for old in kept[keep:]:  # never the new one, even if the clock was set back
            old.unlink(missing_ok=True)
        return path, manifest


def _number(name: str) -> int:
    """Return the number of a backup within its second, from 0."""
    match = _NAME.fullmatch(name)
    return int(match[2] or 0) if match else 0


@contextmanager
def _exclusive(directory: Path) -> Iterator[None]:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Do not lock the directory itself: if it is the state directory, the gateway has locked it.
        descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as exc:
        raise StoreError(f"{directory} cannot be used for backups: {exc.strerror}") from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
