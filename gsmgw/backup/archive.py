"""The backup file: a .tar.gz of manifest.json, gsmgw.db, gsmgw.toml and the files that gsmgw.toml refers to."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import platform
import secrets
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

from gsmgw import __version__
from gsmgw.config import Config, parse_config
from gsmgw.errors import ConfigError, StoreError
from gsmgw.owners import acting_as_owner
from gsmgw.store.files import flush, open_new
from gsmgw.store.snapshot import Snapshot, take_snapshot

FORMAT = 1
MANIFEST, DATABASE, CONFIG = "manifest.json", "gsmgw.db", "gsmgw.toml"
#: The fastest level compresses texts to a quarter; higher levels take a Pi much longer for little gain.
_LEVEL = 1
_PORTION_OCTETS = 1 << 20
#: Maximum size of a manifest or configuration; bytes.
_MOST_TEXT_OCTETS = 4 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a backup. ``origin`` is the original path of a file that the configuration refers to."""

    octets: int
    sha256: str
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of a backup. ``left_out`` lists files that could not be read, with reasons."""

    created_at: str
    version: str
    migrations: tuple[str, ...]
    last_event: int
    rows: dict[str, int]
    members: dict[str, Member]
    left_out: list[str] = field(default_factory=list)
    format: int = FORMAT
    machine: str = ""

    def to_json(self) -> str:
        """Return the JSON that is stored in the archive."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Parse a manifest. Raises :class:`StoreError` if it is not valid or has a newer format."""
        try:
            raw = json.loads(text)
            if raw["format"] != FORMAT:
                raise StoreError(
                    f"the backup has format {raw['format']}, but this gsmgw reads format {FORMAT}: upgrade it"
                )
            raw["members"] = {name: Member(**member) for name, member in raw["members"].items()}
            raw["migrations"] = tuple(raw["migrations"])
            return cls(**raw)
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            raise StoreError(f"the manifest of the backup cannot be read: {exc}") from None


def write_backup(database: Path, config_file: Path | None, target: Path, *, overwrite: bool = False) -> Manifest:
    """Back up a database, in use or not, and its configuration. ``target`` appears only once verified; mode 0600.

    As root, read as the owner of the database and write as the owner of the target directory. Blocks the calling
    thread, but never the daemon. Raises :class:`StoreError`.
    """
    if target.exists() and not overwrite:
        raise StoreError(f"{target} already exists. Overwrite it with --force")
    partial = target.with_name(f".gsmgw-backup-{secrets.token_hex(4)}")
    try:
        with acting_as_owner(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = open_new(partial)
        try:
            with file, acting_as_owner(database.parent) as is_other:
                manifest = _fill(file, database, config_file, database.parent if is_other else target.parent)
                if verify(target, file) != manifest:
                    raise StoreError(f"the backup {target} differs from the written data: check the disk")
            with acting_as_owner(target.parent):
                partial.replace(target)
                flush(target.parent)
            return manifest
        finally:
            with acting_as_owner(target.parent):
                partial.unlink(missing_ok=True)
    except OSError as exc:
        raise StoreError(f"the backup {target} cannot be written: {exc.strerror or exc}") from exc


def _fill(file: BinaryIO, database: Path, config_file: Path | None, workspace: Path) -> Manifest:
    """Write a backup to ``file``, with a temporary copy of the database in ``workspace``."""
    _check_free_space(database, workspace)
    with tempfile.TemporaryDirectory(prefix=".gsmgw-backup-", dir=workspace) as work:
        copy = Path(work) / DATABASE
        created_at = datetime.now(UTC)
        snapshot = take_snapshot(database, copy)
        files, left_out = _configuration(config_file)
        return _pack(file, created_at, snapshot, copy, files, left_out)


def verify(path: Path, file: BinaryIO | None = None) -> Manifest:
    """Read a complete backup and compare each file with the manifest. Raises :class:`StoreError` with the fault.

    ``file`` is the backup if it is already open.
    """
    with reading(path, file) as members:
        manifest, seen = _compared(path, members)
    if missing := sorted(set(manifest.members) - seen):
        raise StoreError(f"{path} is incomplete: {', '.join(missing)} is missing")
    if DATABASE not in seen:
        raise StoreError(f"{path} is incomplete: {DATABASE} is missing")
    return manifest


def _compared(path: Path, members: Iterator[tuple[str, IO[bytes]]]) -> tuple[Manifest, set[str]]:
    manifest, seen = None, set()
    for name, stream in members:
        if manifest is None:
            if name != MANIFEST:
                raise StoreError(f"{path} is not a gsmgw backup: it begins with {name!r} instead of {MANIFEST}")
            manifest = Manifest.from_json(stream.read(_MOST_TEXT_OCTETS))
            continue
        member = manifest.members.get(name)
        if member is None or name in seen:
            raise StoreError(f"{path} is damaged: its manifest does not list {name!r}")
        if _digest(stream) != (member.octets, member.sha256):
            raise StoreError(f"{path} is damaged: {name} does not match its checksum")
        seen.add(name)
    if manifest is None:
        raise StoreError(f"{path} is incomplete: {MANIFEST} is missing")
    return manifest, seen


@contextmanager
def reading(path: Path, file: BinaryIO | None = None) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """Yield the files of a backup in order, each with a stream that is valid until the next file.

    Read errors within the block are raised as :class:`StoreError`.
    """
    try:
        if file is not None:
            file.seek(0)
        with gzip.open(path if file is None else file) as packed:
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                yield _members(path, tar)
            while packed.read(_PORTION_OCTETS):  # up to the gzip checksum at the end
                pass
    except FileNotFoundError:
        raise StoreError(f"{path} does not exist") from None
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as exc:
        raise StoreError(f"{path} is damaged or is not a gsmgw backup: {exc}") from exc


def _members(path: Path, tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for entry in tar:
        stream = tar.extractfile(entry) if entry.isreg() else None
        if stream is None:
            raise StoreError(f"{path} is not a gsmgw backup: {entry.name!r} is not a regular file")
        yield entry.name, stream


def named_files(config: Config) -> list[Path]:
    """Return the files that a configuration refers to."""
    named = [config.modems.profiles, config.webhooks.ca_file, *(modem.pin_file for modem in config.modem)]
    return list(dict.fromkeys(path for path in named if path is not None))


def _configuration(path: Path | None) -> tuple[dict[str, tuple[bytes, str | None]], list[str]]:
    """Return content and origin of the configuration file and the files it refers to, by member name."""
    if path is None:
        return {}, ["no configuration file found"]
    found: dict[str, tuple[bytes, str | None]] = {}
    left_out: list[str] = []
    try:
        content = path.read_bytes()
        found[CONFIG] = (content, str(path))
        others = named_files(parse_config(content.decode(), str(path)))
    except (OSError, UnicodeDecodeError, ConfigError) as exc:
        return found, [f"{path}: {exc}"]
    for number, other in enumerate(others):
        try:
            found[f"files/{number}-{other.name}"] = (other.read_bytes(), str(other))
        except OSError as exc:
            left_out.append(f"{other}: {exc.strerror}")
    return found, left_out


def _pack(
    file: BinaryIO,
    created_at: datetime,
    snapshot: Snapshot,
    copy: Path,
    files: dict[str, tuple[bytes, str | None]],
    left_out: list[str],
) -> Manifest:
    with copy.open("rb") as stream:
        listed = {DATABASE: Member(*_digest(stream))}
    for name, (content, origin) in files.items():
        listed[name] = Member(*_digest(io.BytesIO(content)), origin)
    manifest = Manifest(
        created_at=created_at.isoformat(timespec="milliseconds"),
        version=__version__,
        migrations=snapshot.migrations,
        last_event=snapshot.last_event,
        rows=snapshot.rows,
        members=listed,
        left_out=left_out,
        machine=platform.node(),
    )
    with (
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        moment = int(created_at.timestamp())
        _add(tar, MANIFEST, moment, io.BytesIO(text := manifest.to_json().encode()), len(text))
        for name, (content, _) in files.items():
            _add(tar, name, moment, io.BytesIO(content), len(content))
        with copy.open("rb") as stream:
            _add(tar, DATABASE, moment, stream, listed[DATABASE].octets)
    file.flush()
    os.fsync(file.fileno())
    return manifest


def _add(tar: tarfile.TarFile, name: str, moment: int, stream: IO[bytes], octets: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = octets, 0o600, moment
    tar.addfile(entry, stream)


def _digest(stream: IO[bytes]) -> tuple[int, str]:
    digest, octets = hashlib.sha256(), 0
    while portion := stream.read(_PORTION_OCTETS):
        digest.update(portion)
        octets += len(portion)
    return octets, digest.hexdigest()


def _check_free_space(database: Path, directory: Path) -> None:
    """Raise :class:`StoreError` unless the copy and the backup fit; assume compression to at most a half."""
    size = sum(path.stat().st_size for path in (database, database.with_name(database.name + "-wal")) if path.exists())
    free = shutil.disk_usage(directory).free
    if free < size * 3 // 2:
        raise StoreError(f"a backup needs about {size * 3 // 2} bytes in {directory}, but only {free} are free")


def as_resource(manifest: Manifest, path: Path) -> dict[str, Any]:
    """Return a backup as a JSON object for the API and the command line."""
    return {
        "file": str(path),
        "octets": path.stat().st_size,
        "created_at": manifest.created_at,
        "version": manifest.version,
        "messages": manifest.rows.get("messages", 0),
        "last_event": manifest.last_event,
        "left_out": manifest.left_out,
    }
