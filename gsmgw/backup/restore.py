"""Putting a backup in place: verified first, what was there is kept aside, nothing happens halfway."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gsmgw.backup.archive import CONFIG, DATABASE, MANIFEST, Manifest, named_files, reading, verify
from gsmgw.config import Config, parse_config
from gsmgw.errors import ConfigError, GsmgwError, StoreError
from gsmgw.store import restoring
from gsmgw.store.files import belong, flush, open_new
from gsmgw.store.snapshot import verify_copy

#: What a file is called that had to make room.
_ASIDE = "replaced"


class RestoreRefused(GsmgwError):
    """The backup is good, but putting it in place would destroy something: the sentence says what, and how to go on."""


@dataclass(slots=True)
class Restored:
    """What a restore did. ``waiting`` messages would be sent once the gateway starts."""

    manifest: Manifest
    database: Path
    waiting: int = 0
    canceled: int = 0
    written: list[Path] = field(default_factory=list)
    #: What was there before -> where it is kept.
    aside: dict[Path, Path] = field(default_factory=dict)


def restore(
    backup: Path,
    config_file: Path,
    *,
    state_dir: Path | None = None,
    keep_config: bool = False,
    cancel_waiting: bool = False,
    force: bool = False,
) -> Restored:
    """Verify a backup and put its database and configuration in place.

    The configuration goes to ``config_file`` unless ``keep_config``; the database to ``state_dir``, or where the
    configuration says. Raises :class:`StoreError` for a bad backup and :class:`RestoreRefused` where ``force`` or a
    stopped gateway is needed; then nothing has been changed.
    """
    manifest = verify(backup)
    restoring.refuse_newer(manifest.migrations, manifest.version)
    with reading(backup) as members:
        files = {name: stream.read() for name, stream in members if name not in (DATABASE, MANIFEST)}
    config = _config_in_effect(files, config_file, keep_config)
    directory = state_dir or (config or Config()).gateway.state_dir
    try:
        with _stopped_gateway(directory):
            return _put_in_place(backup, manifest, files, config, config_file, directory, cancel_waiting, force)
    except OSError as exc:
        raise StoreError(f"{exc.filename or directory} cannot be written: {exc.strerror}") from exc


def _config_in_effect(files: dict[str, bytes], config_file: Path, keep: bool) -> Config | None:
    """Forgets the backup's configuration where the one that is here stays."""
    if keep:
        for name in [name for name in files if name == CONFIG or name.startswith("files/")]:
            del files[name]
    try:
        if CONFIG in files:
            return parse_config(files[CONFIG].decode(), f"{CONFIG} of the backup")
        if config_file.is_file():
            return parse_config(config_file.read_text(encoding="utf-8"), str(config_file))
    except (ConfigError, UnicodeDecodeError) as exc:
        raise StoreError(f"the configuration cannot be used ({exc}); --keep-config leaves the backup's out") from None
    return None


def _put_in_place(
    backup: Path,
    manifest: Manifest,
    files: dict[str, bytes],
    config: Config | None,
    config_file: Path,
    directory: Path,
    cancel_waiting: bool,
    force: bool,
) -> Restored:
    database = directory / "gsmgw.db"
    targets = _file_targets(manifest, files, config, config_file)
    if not force:
        _refuse_to_destroy(database, targets)
    fresh = directory / "gsmgw.db.restoring"
    for leftover in (fresh, *_companions(fresh)):
        leftover.unlink(missing_ok=True)
    _extract_database(backup, fresh)
    try:
        verify_copy(fresh)
        done = Restored(manifest, database)
        if cancel_waiting:
            done.canceled = restoring.cancel_waiting(fresh, time.time_ns() // 1_000_000)
        done.waiting = restoring.count_waiting(fresh)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        for path, content in targets.items():
            if path.exists() and path.read_bytes() == content:
                continue
            _write_beside(path, content, done, stamp)
        for path in (database, *_companions(database)):
            if path.exists():  # with its log, which is found by its name
                suffix = path.name.removeprefix(database.name)
                aside = database.with_name(f"{database.name}.{_ASIDE}-{stamp}{suffix}")
                path.rename(aside)
                done.aside[path] = aside
        belong(fresh, directory, 0o640)
        fresh.rename(database)
        done.written.append(database)
        flush(directory)
        return done
    finally:
        fresh.unlink(missing_ok=True)


def _file_targets(
    manifest: Manifest, files: dict[str, bytes], config: Config | None, config_file: Path
) -> dict[Path, bytes]:
    """Where each file goes: the configuration, and those that the configuration itself names, nowhere else."""
    allowed = set() if config is None else set(named_files(config))
    targets: dict[Path, bytes] = {}
    for name, content in files.items():
        origin = manifest.members[name].origin
        if name == CONFIG:
            targets[config_file] = content
        elif origin is not None and Path(origin) in allowed:
            targets[Path(origin)] = content
    return targets


def _refuse_to_destroy(database: Path, targets: dict[Path, bytes]) -> None:
    if restoring.holds_messages(database):
        raise RestoreRefused(f"{database} holds messages already; --force puts it aside and restores the backup")
    for path, content in targets.items():
        if path.exists() and path.read_bytes() != content and path.read_text(errors="replace").strip():
            if _only_comments(path):
                continue
            raise RestoreRefused(
                f"{path} is there already and differs from the backup's: --keep-config leaves it, "
                "--force puts it aside and restores the backup's"
            )


def _only_comments(path: Path) -> bool:
    lines = (line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return not [line for line in lines if line and not line.startswith(("#", "[gateway]"))]


def _extract_database(backup: Path, target: Path) -> None:
    with reading(backup) as members, open_new(target) as file:
        for name, stream in members:
            if name == DATABASE:
                shutil.copyfileobj(stream, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


def _write_beside(path: Path, content: bytes, done: Restored, stamp: str) -> None:
    """Put content where a file may be, which is kept aside."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    partial = path.with_name(path.name + ".restoring")
    partial.unlink(missing_ok=True)
    with open_new(partial) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    owner = path if path.exists() else path.parent
    if path.exists():
        aside = path.with_name(f"{path.name}.{_ASIDE}-{stamp}")
        shutil.copy2(path, aside)
        belong(aside, owner, path.stat().st_mode & 0o777)
        done.aside[path] = aside
    belong(partial, owner, 0o640)
    partial.rename(path)
    flush(path.parent)
    done.written.append(path)


def _companions(database: Path) -> list[Path]:
    return [database.with_name(database.name + suffix) for suffix in ("-wal", "-shm", "-journal")]


@contextmanager
def _stopped_gateway(directory: Path) -> Iterator[None]:
    """Hold the state directory as the daemon does (daemon._single), so that none starts in the middle of it."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o750)
    lock = directory / "gsmgw.lock"
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        belong(lock, directory, 0o640)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RestoreRefused(
            f"a gateway runs on {directory}: stop it first (sudo systemctl stop gsmgw.service gsmgw.socket)"
        ) from None
    finally:
        os.close(descriptor)
