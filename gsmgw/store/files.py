"""Files that must be on the disk, and nobody else's to read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO


def open_new(path: Path, mode: int = 0o600) -> BinaryIO:
    """Create a file with these permissions for writing; FileExistsError where there is one."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode), "wb")


def belong(path: Path, like: Path, mode: int) -> None:
    """Give a file a mode and, where root does it, the owner of another one. Others' files are their own anyway."""
    path.chmod(mode)
    if os.geteuid() == 0:  # nobody else may, and the service's sandbox does not even let it be tried
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def flush(path: Path) -> None:
    """Have what was written to a file, or the names that a directory holds, on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
