"""How far each exec hook is in the event log."""

from __future__ import annotations

from collections.abc import Collection

from gsmgw.store.tx import Tx


def open_cursors(tx: Tx, names: Collection[str]) -> dict[str, int]:
    """The last event that each of these hooks has done with; a new one begins now, one not named is forgotten."""
    known = {row[0]: int(row[1]) for row in tx.all("SELECT name, cursor FROM hooks")}
    tx.run_many("DELETE FROM hooks WHERE name = ?", [(name,) for name in known.keys() - set(names)])
    last = int(tx.one("SELECT coalesce(max(id), 0) FROM events")[0])
    fresh = [name for name in names if name not in known]
    tx.run_many("INSERT INTO hooks (name, cursor) VALUES (?, ?)", [(name, last) for name in fresh])
    return {name: known.get(name, last) for name in names}


def move(tx: Tx, name: str, cursor: int) -> None:
    """A hook has done with the events up to this one."""
    tx.run("UPDATE hooks SET cursor = ? WHERE name = ? AND cursor < ?", (cursor, name, cursor))
