"""The daemon with a death wish: kill -9 before or after its Nth commit. python doomed.py N before|after run ..."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from typing import Any

from gsmgw.store import engine


class _Connection(sqlite3.Connection):
    left = int(sys.argv[1])
    after = sys.argv[2] == "after"

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql != "COMMIT":
            return super().execute(sql, *values)
        _Connection.left -= 1
        if _Connection.left == 0 and not _Connection.after:
            os.kill(os.getpid(), signal.SIGKILL)
        cursor = super().execute(sql, *values)
        if _Connection.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return cursor


def main() -> None:
    """Patch the connection's class, then be the command line."""
    connect = sqlite3.connect

    def doomed(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return connect(*arguments, factory=_Connection, **options)

    engine.sqlite3.connect = doomed  # type: ignore[attr-defined,assignment]
    sys.argv = ["gsmgw", *sys.argv[3:]]
    from gsmgw.cli import main as cli

    cli()


main()
