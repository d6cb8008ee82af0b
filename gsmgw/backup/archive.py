"""The file of a backup: a gzipped tar of manifest.json, gsmgw.db, gsmgw.toml and the files that the latter names."""

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
#: Texts shrink to a quarter at the fastest level; higher ones cost a Pi much more time for little.
_LEVEL = 1
_PORTION_OCTETS = 1 << 20
#: A manifest or configuration larger than that is not one of ours.
_MOST_TEXT_OCTETS = 4 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup. ``origin`` is where it was, for those that the configuration names."""

    octets: int
    sha256: str
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup. ``left_out`` says which files of the configuration could not be read, and why."""

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
        """As it stands in the archive."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Read one; :class:`StoreError` when it is none, or one of a later format."""
        try:
            raw = json.loads(text)
            if raw["format"] != FORMAT:
                raise StoreError(f"the backup has format {raw['format']}, this gsmgw reads format {FORMAT}: upgrade it")
            raw["members"] = {name: Member(**member) for name, member in raw["members"].items()}
            raw["migrations"] = tuple(raw["migrations"])
            return cls(**raw)
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            raise StoreError(f"the manifest of the backup cannot be read: {exc}") from None


def write_backup(database: Path, config_file: Path | None, target: Path, *, overwrite: bool = False) -> Manifest:
    """Back up a database, in use or not, with its configuration to ``target``; verified, mode 0600, or not there.

    Run by root, it reads as the owner of the database and writes as the owner of the place of ``target``. Blocks the
    calling thread, never the daemon. Raises :class:`StoreError`.
    """
    if target.exists() and not overwrite:
        raise StoreError(f"{target} exists already")
    partial = target.with_name(f".gsmgw-backup-{secrets.token_hex(4)}")
    try:
        with acting_as_owner(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = open_new(partial)
        try:
            with file, acting_as_owner(database.parent) as is_other:
                manifest = _fill(file, database, config_file, database.parent if is_other else target.parent)
                if verify(target, file) != manifest:
                    raise StoreError(f"the backup {target} does not hold what was written to it")
            with acting_as_owner(target.parent):
                partial.replace(target)
                flush(target.parent)
            return manifest
        finally:
            with acting_as_owner(target.parent):
                partial.unlink(missing_ok=True)
    except OSError as exc:
        raise StoreError(f"the backup {target} cannot be written: {exc.strerror or exc}") from exc


def _fill(file: BinaryIO, database: Path, config_file: Path | None, room: Path) -> Manifest:
    """Write a backup to ``file``; the copy of the database lies in ``room`` meanwhile."""
    _room_for(database, room)
    with tempfile.TemporaryDirectory(prefix=".gsmgw-backup-", dir=room) as work:
        copy = Path(work) / DATABASE
        created_at = datetime.now(UTC)
        snapshot = take_snapshot(database, copy)
        files, left_out = _configuration(config_file)
        return _pack(file, created_at, snapshot, copy, files, left_out)


def verify(path: Path, file: BinaryIO | None = None) -> Manifest:
    """Read a backup from end to end and compare each file with the manifest; :class:`StoreError` names the fault.

    ``file`` is the backup where it is open already.
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
                raise StoreError(f"{path} is no backup of gsmgw: it begins with {name!r} instead of {MANIFEST}")
            manifest = Manifest.from_json(stream.read(_MOST_TEXT_OCTETS))
            continue
        member = manifest.members.get(name)
        if member is None or name in seen:
            raise StoreError(f"{path} holds {name!r}, which its manifest does not list")
        if _digest(stream) != (member.octets, member.sha256):
            raise StoreError(f"{path} is damaged: {name} is not what the manifest says")
        seen.add(name)
    if manifest is None:
        raise StoreError(f"{path} is incomplete: {MANIFEST} is missing")
    return manifest, seen


@contextmanager
def reading(path: Path, file: BinaryIO | None = None) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The files of a backup in their order, each with a stream that is valid until the next one is asked for.

    Whatever is wrong with the file while the block reads from it comes out as :class:`StoreError`.
    """
    try:
        if file is not None:
            file.seek(0)
        with gzip.open(path if file is None else file) as packed:
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                yield _members(path, tar)
            while packed.read(_PORTION_OCTETS):  # to the end, where the checksum of the whole stands
                pass
    except FileNotFoundError:
        raise StoreError(f"there is no file {path}") from None
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as exc:
        raise StoreError(f"{path} is damaged, or no backup of gsmgw: {exc}") from exc


def _members(path: Path, tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for entry in tar:
        stream = tar.extractfile(entry) if entry.isreg() else None
        if stream is None:
            raise StoreError(f"{path} is no backup of gsmgw: {entry.name!r} is no plain file")
        yield entry.name, stream


def named_files(config: Config) -> list[Path]:
    """The files that a configuration refers to and that it is not whole without."""
    named = [config.modems.profiles, config.webhooks.ca_file, *(modem.pin_file for modem in config.modem)]
    return list(dict.fromkeys(path for path in named if path is not None))


def _configuration(path: Path | None) -> tuple[dict[str, tuple[bytes, str | None]], list[str]]:
    """Member name -> content and origin of the configuration file and of those that it names."""
    if path is None:
        return {}, ["there was no configuration file"]
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


def _room_for(database: Path, directory: Path) -> None:
    """The copy and the packed file must fit; the latter is taken to shrink to a half at least."""
    wanted = sum(
        path.stat().st_size for path in (database, database.with_name(database.name + "-wal")) if path.exists()
    )
    free = shutil.disk_usage(directory).free
    if free < wanted * 3 // 2:
        raise StoreError(f"a backup needs about {wanted * 3 // 2} octets in {directory}, and {free} are free")


def as_resource(manifest: Manifest, path: Path) -> dict[str, Any]:
    """A backup as people and programs are shown it."""
    return {
        "file": str(path),
        "octets": path.stat().st_size,
        "created_at": manifest.created_at,
        "version": manifest.version,
        "messages": manifest.rows.get("messages", 0),
        "last_event": manifest.last_event,
        "left_out": manifest.left_out,
    }
