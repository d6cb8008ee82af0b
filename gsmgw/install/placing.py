"""Put a configuration file in place; every earlier one is kept."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from gsmgw.owners import acting_as_owner

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC


def replace_config(target: Path, content: str) -> Path | None:
    """Replace a configuration file atomically, keeping owner and mode. Return where the earlier file is kept.

    The first one is kept with ``.former`` appended to its name, later ones with ``.former-2`` and so on.
    """
    with acting_as_owner(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(target.name + ".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, _NEW, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
        kept = _keep(target) if target.exists() else None
        if kept is not None:
            for path in (kept, fresh):
                shutil.copymode(target, path)
                with suppress(PermissionError):
                    shutil.chown(path, target.stat().st_uid, target.stat().st_gid)
        elif os.geteuid() == 0 and (service := _service_user()) is not None:
            os.chown(fresh, *service)
        fresh.replace(target)
        return kept


def kept_names(target: Path) -> Iterator[Path]:
    """Yield the names under which earlier files are kept, in their order."""
    yield target.with_name(target.name + ".former")
    for number in count(2):
        yield target.with_name(f"{target.name}.former-{number}")


def _keep(target: Path) -> Path:
    """Copy the file to the first free name; one that is kept already is not kept twice. Links are never followed."""
    content = target.read_bytes()
    for place in kept_names(target):
        try:
            with open(os.open(place, _NEW, 0o600), "wb") as file:
                file.write(content)
        except FileExistsError:
            if _has(place, content):
                return place
        else:
            about = target.stat()
            os.utime(place, ns=(about.st_atime_ns, about.st_mtime_ns))
            return place
    raise AssertionError("there is always a free name")


def _has(place: Path, content: bytes) -> bool:
    """Return True for a file with that content; False also for one that may not be read."""
    try:
        return not place.is_symlink() and place.is_file() and place.read_bytes() == content
    except PermissionError:
        return False


def _service_user() -> tuple[int, int] | None:
    """Return the user and group of the service: the file holds PINs, and only the service may read it."""
    try:
        found = pwd.getpwnam("gsmgw")
    except KeyError:
        return None
    return found.pw_uid, found.pw_gid
