"""Putting a backup in place: verified first, what was there is kept aside, nothing happens halfway.

Root restores, and the service's user owns where to: each step is done as the owner of its place. Files that the
configuration names go where that user may write, or beside a configuration that is in a directory of the service.
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
    #: Files of the configuration that could not be put in place, and why.
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
    """Verify a backup and put its database and configuration in place.

    The configuration goes to ``config_file`` unless ``keep_config``; the database to ``state_dir``, or where the
    configuration says. Raises :class:`StoreError` for a bad backup and :class:`RestoreRefused` where ``force`` or a
    stopped gateway is needed; then nothing has been changed.
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
                return _put_in_place(backup, source, manifest, targets, directory, cancel_waiting, force)
    except FileNotFoundError as exc:
        raise StoreError(f"there is no file {exc.filename or backup}") from None
    except OSError as exc:
        raise StoreError(f"{exc.filename or directory} cannot be written: {exc.strerror}") from exc


@dataclass(frozen=True, slots=True)
class _Target:
    """A file of the configuration: where it goes, and whose rights that is done with (the owner of ``by``)."""

    path: Path
    content: bytes
    by: Path
    #: Of a new file.
    owner: tuple[int, int] | None


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
                if path.exists():  # with its log, which is found by its name
                    suffix = path.name.removeprefix(database.name)
                    aside = database.with_name(f"{database.name}.{_ASIDE}-{stamp}{suffix}")
                    path.rename(aside)
                    done.aside[path] = aside
            fresh.rename(database)
            (directory / "gsmgw.mark").unlink(missing_ok=True)  # it goes back on purpose
            done.written.append(database)
            flush(directory)
        return done
    finally:
        with acting_as_owner(directory):
            fresh.unlink(missing_ok=True)


def _file_targets(
    manifest: Manifest, files: dict[str, bytes], config: Config | None, config_file: Path, directory: Path
) -> list[_Target]:
    """Where each file goes: the configuration, and those that the configuration itself names, nowhere else."""
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
    """Whether a directory is for the service alone: a backup names files, and /etc would be a place for any."""
    try:
        return owner is None or directory.stat().st_gid == owner[1]
    except OSError:
        return False


def _refuse_to_destroy(database: Path, targets: list[_Target]) -> None:
    with acting_as_owner(database.parent):
        if restored.holds_messages(database):
            raise RestoreRefused(f"{database} holds messages already; --force puts it aside and restores the backup")
    for target in targets:
        with acting_as_owner(target.by):
            if not _is_free(target):
                raise RestoreRefused(
                    f"{target.path} is there already and differs from the backup's: --keep-config leaves it, "
                    "--force puts it aside and restores the backup's"
                )


def _is_free(target: _Target) -> bool:
    """Whether nothing is lost when the file is written."""
    try:
        found = target.path.read_bytes()
    except OSError:  # none, or none of ours to read: writing it says why
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
    """Put a file in place; the one that is there is kept aside."""
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
        done.left_out.append(f"{path}: {exc.strerror}; it is {target.path.name!r} in the backup")


def _give(path: Path, owner: tuple[int, int] | None) -> None:
    if owner is not None and os.geteuid() == 0:  # nobody else may
        os.chown(path, *owner)


def _companions(database: Path) -> list[Path]:
    return [database.with_name(database.name + suffix) for suffix in ("-wal", "-shm", "-journal")]


@contextmanager
def _stopped_gateway(directory: Path) -> Iterator[None]:
    """Hold the state directory as the gateway does, so that none starts in the middle of it."""
    with ExitStack() as held:
        try:
            with acting_as_owner(directory):
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                held.enter_context(hold(directory))
        except BlockingIOError:
            raise RestoreRefused(
                f"a gateway runs on {directory}: stop it first (sudo systemctl stop gsmgw.service gsmgw.socket)"
            ) from None
        yield
