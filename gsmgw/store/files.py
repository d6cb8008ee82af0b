"""Private files that are flushed to disk."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def open_new(path: Path) -> BinaryIO:
    """Create a file with mode 0600 and open it for writing and reading; FileExistsError where there is one."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600), "w+b")


def make_sure_of(path: Path) -> None:
    """Create a new file with mode 0600. Raises FileExistsError."""
    with suppress(FileExistsError):
        open_new(path).close()


def flush(path: Path) -> None:
    """Have what was written to a file, or the names that a directory holds, on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
