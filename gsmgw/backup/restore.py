"""Restore a backup: verify it first, move existing files aside, replace all files or none.

As root, each step runs as the owner of its target directory. Files that the configuration refers to are written only
where the service's user may write, or next to a configuration in a directory of the service.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from gsmgw.backup.archive import CONFIG, DATABASE, MANIFEST, Manifest, named_files, reading, verify
from gsmgw.config import Config, parse_config
from gsmgw.errors import ConfigError, GsmgwError, StoreError
from gsmgw.owners import acting_as_owner, hold, owner_of
from gsmgw.store import restored
from gsmgw.store.files import flush, open_new
from gsmgw.store.snapshot import verify_copy

#: Part of the name of a file that was moved aside.
_ASIDE = "replaced"


class RestoreRefused(GsmgwError):
    """The backup is good, but restoring it would destroy data. The message says how to continue."""


@dataclass(slots=True)
class Restored:
    """The result of a restore. ``waiting`` messages will be sent when the gateway starts."""

    manifest: Manifest
    database: Path
    waiting: int = 0
    canceled: int = 0
    written: list[Path] = field(default_factory=list)
    #: New path of each file that was moved aside, by its old path.
    aside: dict[Path, Path] = field(default_factory=dict)
    #: Files that could not be restored, with reasons.
    left_out: list[str] = field(default_factory=list)


def restore(
    backup: Path,
    config_file: Path,
    *,
    state_dir: Path | None = None,
    keep_config: bool = False,
    cancel_waiting: bool = False,
    force: bool = False,
) -> Restored:
    """Verify a backup and restore its database and configuration.

    The configuration goes to ``config_file`` unless ``keep_config`` is set; the database goes to ``state_dir`` or to
    the configured directory. Raises :class:`StoreError` for a bad backup, and :class:`RestoreRefused` if ``force`` or
    a stopped gateway is needed; in both cases nothing has changed.
    """
    try:
        with backup.open("rb") as source:
            manifest = verify(backup, source)
            restored.refuse_newer(manifest.migrations, manifest.version)
            with reading(backup, source) as members:
                files = {name: stream.read() for name, stream in members if name not in (DATABASE, MANIFEST)}
            with acting_as_owner(config_file.parent):
                config = _config_in_effect(files, config_file, keep_config)
            directory = state_dir or (config or Config()).gateway.state_dir
            targets = _file_targets(manifest, files, config, config_file, directory)
            with _stopped_gateway(directory):
                return _replace_files(backup, source, manifest, targets, directory, cancel_waiting, force)
    except FileNotFoundError as exc:
        raise StoreError(f"{exc.filename or backup} does not exist") from None
    except OSError as exc:
        raise StoreError(f"{exc.filename or directory} cannot be written: {exc.strerror}") from exc


@dataclass(frozen=True, slots=True)
class _Target:
    """A file to restore: its path, and the directory ``by`` whose owner writes it."""

    path: Path
    content: bytes
    by: Path
    #: Owner of a new file.
    owner: tuple[int, int] | None


def _config_in_effect(files: dict[str, bytes], config_file: Path, keep: bool) -> Config | None:
    """Return the configuration after the restore; with ``keep``, drop the backup's from ``files``."""
    if keep:
        for name in [name for name in files if name == CONFIG or name.startswith("files/")]:
            del files[name]
    try:
        if CONFIG in files:
            return parse_config(files[CONFIG].decode(), f"{CONFIG} of the backup")
        if config_file.is_file():
            return parse_config(config_file.read_text(encoding="utf-8"), str(config_file))
    except (ConfigError, UnicodeDecodeError) as exc:
        raise StoreError(f"the configuration is not valid ({exc}). Keep the current one with --keep-config") from None
    return None


def _replace_files(
    backup: Path,
    source: BinaryIO,
    manifest: Manifest,
    targets: list[_Target],
    directory: Path,
    cancel_waiting: bool,
    force: bool,
) -> Restored:
    database, fresh = directory / "gsmgw.db", directory / "gsmgw.db.restoring"
    done = Restored(manifest, database)
    if not force:
        _refuse_to_destroy(database, targets)
    with acting_as_owner(directory):
        for leftover in (fresh, *_companions(fresh)):
            leftover.unlink(missing_ok=True)
        _extract_database(backup, source, fresh)
    try:
        with acting_as_owner(directory):
            verify_copy(fresh)
            if cancel_waiting:
                done.canceled = restored.cancel_waiting(fresh, time.time_ns() // 1_000_000)
            done.waiting = restored.count_waiting(fresh)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        for target in targets:
            with acting_as_owner(target.by):
                _write_beside(target, done, stamp)
        with acting_as_owner(directory):
            for path in (database, *_companions(database)):
                if path.exists():  # together with its WAL, which SQLite finds by its name
                    suffix = path.name.removeprefix(database.name)
                    aside = database.with_name(f"{database.name}.{_ASIDE}-{stamp}{suffix}")
                    path.rename(aside)
                    done.aside[path] = aside
            fresh.rename(database)
            (directory / "gsmgw.mark").unlink(missing_ok=True)  # the event counter goes back on purpose
            done.written.append(database)
            flush(directory)
        return done
    finally:
        with acting_as_owner(directory):
            fresh.unlink(missing_ok=True)


def _file_targets(
    manifest: Manifest, files: dict[str, bytes], config: Config | None, config_file: Path, directory: Path
) -> list[_Target]:
    """Return the target of each file: only the configuration, and files that it refers to."""
    allowed = set() if config is None else set(named_files(config))
    owner = owner_of(directory)
    targets: list[_Target] = []
    for name, content in files.items():
        origin = manifest.members[name].origin
        if name == CONFIG:
            targets.append(_Target(config_file, content, config_file.parent, owner))
        elif origin is not None and Path(origin) in allowed:
            beside = Path(origin).parent == config_file.parent and _is_of(owner, config_file.parent)
            targets.append(_Target(Path(origin), content, config_file.parent if beside else directory, owner))
    return targets


def _is_of(owner: tuple[int, int] | None, directory: Path) -> bool:
    """Return True if a directory belongs to the service: a backup must not write to any other, such as /etc."""
    try:
        return owner is None or directory.stat().st_gid == owner[1]
    except OSError:
        return False


def _refuse_to_destroy(database: Path, targets: list[_Target]) -> None:
    with acting_as_owner(database.parent):
        if restored.holds_messages(database):
            raise RestoreRefused(
                f"{database} already contains messages. Move it aside and restore the backup with --force"
            )
    for target in targets:
        with acting_as_owner(target.by):
            if not _is_free(target):
                raise RestoreRefused(
                    f"{target.path} already exists and differs from the backup. Keep it with --keep-config, "
                    "or move it aside with --force"
                )


def _is_free(target: _Target) -> bool:
    """Return True if writing the file loses nothing."""
    try:
        found = target.path.read_bytes()
    except OSError:  # missing or not readable: writing it reports the reason
        return True
    return found == target.content or not found.strip() or _only_comments(target.path)


def _only_comments(path: Path) -> bool:
    lines = (line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return not [line for line in lines if line and not line.startswith(("#", "[gateway]"))]


def _extract_database(backup: Path, source: BinaryIO, target: Path) -> None:
    with reading(backup, source) as members, open_new(target) as file:
        for name, stream in members:
            if name == DATABASE:
                shutil.copyfileobj(stream, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


def _write_beside(target: _Target, done: Restored, stamp: str) -> None:
    """Write a file; move an existing one aside."""
    path = target.path
    partial = path.with_name(path.name + ".restoring")
    try:
        if path.exists() and path.read_bytes() == target.content:
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        partial.unlink(missing_ok=True)
        with open_new(partial) as file:
            file.write(target.content)
            file.flush()
            os.fsync(file.fileno())
        owner = target.owner
        if path.exists():
            aside, before = path.with_name(f"{path.name}.{_ASIDE}-{stamp}"), path.stat()
            shutil.copy2(path, aside)
            owner = (before.st_uid, before.st_gid)
            _give(aside, owner)
            done.aside[path] = aside
        _give(partial, owner)
        partial.rename(path)
        flush(path.parent)
        done.written.append(path)
    except PermissionError as exc:
        if target.by == path.parent:
            raise
        done.left_out.append(f"{path}: {exc.strerror}. Extract {target.path.name!r} from the backup yourself")


def _give(path: Path, owner: tuple[int, int] | None) -> None:
    if owner is not None and os.geteuid() == 0:  # only root may
        os.chown(path, *owner)


def _companions(database: Path) -> list[Path]:
    return [database.with_name(database.name + suffix) for suffix in ("-wal", "-shm", "-journal")]


@contextmanager
def _stopped_gateway(directory: Path) -> Iterator[None]:
    """Lock the state directory so that no gateway can start during the restore."""
    with ExitStack() as held:
        try:
            with acting_as_owner(directory):
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                held.enter_context(hold(directory))
        except BlockingIOError:
            raise RestoreRefused(
                f"a gateway is running on {directory}. Stop it first: sudo systemctl stop gsmgw.service gsmgw.socket"
            ) from None
        yield
