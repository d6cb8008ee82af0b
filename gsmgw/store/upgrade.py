"""Upgrade a database to the current version: completely or not at all, with a copy to go back to."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gsmgw.documentation import page
from gsmgw.errors import StoreError
from gsmgw.store.files import flush, open_new
from gsmgw.store.migrations import applied_migrations, apply_migrations, development, known_migrations

#: Copies of the database as it was before an upgrade.
_KEPT_COPIES = 2


def migrate(path: Path) -> None:
    """Bring the database at ``path`` to the newest form: all missing steps in one transaction, or none of them.

    Before that a copy of the database as it was is put aside (:func:`rollback_copies`). A database that a newer version
    of gsmgw has written is refused with :class:`StoreError`.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table; later it has no effect
        connection.execute("PRAGMA journal_mode = WAL")
        applied = applied_migrations(connection)
        if set(applied) == development.STEPS:
            _adopt(connection, path, applied[-1])
            applied = applied_migrations(connection)
        elif set(applied) & development.STEPS:
            raise StoreError(
                f"{path} was written by a version before the first release and cannot be upgraded: export its messages "
                "with that version (gsmgw export), then move the file away and start gsmgw with a new database"
            )
        if unknown := sorted(set(applied) - set(known_migrations())):
            raise StoreError(
                f"{path} was written by a newer version of gsmgw (it has {', '.join(unknown)}): "
                f"install that version, or restore a backup made by this one{_way_back(path)}"
            )
        if set(known_migrations()) <= set(applied):
            return
        if applied:
            _put_aside(connection, path, applied[-1])
        with _atomic(connection):
            apply_migrations(connection)
            if strays := connection.execute('SELECT "table", rowid FROM pragma_foreign_key_check LIMIT 3').fetchall():
                raise StoreError(
                    f"{path} cannot be upgraded: rows have missing references ({strays}). It was not changed"
                )
    except sqlite3.DatabaseError as exc:
        raise StoreError(f"{path} cannot be used as a database: {exc}") from exc
    finally:
        connection.close()


def _adopt(connection: sqlite3.Connection, path: Path, form: str) -> None:
    """Make a database of the last version before the first release one of the first release."""
    _put_aside(connection, path, form)
    with _atomic(connection):
        for statement in development.ADOPTION:
            connection.execute(statement)


@contextmanager
def _atomic(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit everything in the block, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def rollback_copies(path: Path) -> list[Path]:
    """Return the copies of the database at ``path`` from before upgrades, latest last."""
    return sorted(path.parent.glob(f"{path.name}.before-upgrade-from-*"), key=lambda copy: copy.stat().st_mtime_ns)


def _put_aside(connection: sqlite3.Connection, path: Path, form: str) -> None:
    """Copy the database into its directory, named after its last migration; keep two such copies."""
    target = path.with_name(f"{path.name}.before-upgrade-from-{form}")
    partial = target.with_name(target.name + ".part")
    needed = _octets(path) + _octets(path.with_name(path.name + "-wal"))
    if (free := shutil.disk_usage(path.parent).free) < 2 * needed:
        raise StoreError(
            f"upgrading the database and keeping a copy needs {2 * needed} free bytes in {path.parent}, "
            f"but only {free} are free. Nothing was changed"
        )
    try:
        partial.unlink(missing_ok=True)
        open_new(partial).close()
        copy = sqlite3.connect(partial, isolation_level=None)
        try:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        finally:
            copy.close()
        flush(partial)
        partial.replace(target)
    except OSError as exc:
        raise StoreError(f"the copy {target} cannot be made before the upgrade: {exc.strerror}") from exc
    for old in rollback_copies(path)[:-_KEPT_COPIES]:
        old.unlink()


def _way_back(path: Path) -> str:
    copies = rollback_copies(path)
    return f"; a copy from before an upgrade is {copies[-1]}, see {page('guides/upgrade.md')}" if copies else ""


def _octets(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
