"""How far each exec hook is in the event log."""

from __future__ import annotations

from collections.abc import Collection

from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, kinds


def open_cursors(tx: Tx, names: Collection[str]) -> dict[str, int]:
    """The last event that each of these hooks has done with; a new one begins now, one not named is forgotten."""
    rows = tx.all("SELECT name, cursor FROM hooks")
    known = dict(tx.readable("hooks", _cursor_of, rows))
    for name in {row[0] for row in rows} - known.keys():
        tx.run("DELETE FROM hooks WHERE name = ?", (name,))
    tx.run_many("DELETE FROM hooks WHERE name = ?", [(name,) for name in known.keys() - set(names)])
    last = int(tx.one("SELECT coalesce(max(id), 0) FROM events")[0])
    fresh = [name for name in names if name not in known]
    tx.run_many("INSERT INTO hooks (name, cursor) VALUES (?, ?)", [(name, last) for name in fresh])
    return {name: known.get(name, last) for name in names}


_KINDS = kinds("name, cursor", integers="cursor")


def _cursor_of(row: tuple[str, int]) -> tuple[str, int]:
    check(row, _KINDS)
    return row


def move(tx: Tx, name: str, cursor: int) -> None:
    """A hook has done with the events up to this one."""
    tx.run("UPDATE hooks SET cursor = ? WHERE name = ? AND cursor < ?", (cursor, name, cursor))
