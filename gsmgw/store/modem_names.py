"""The names of discovered modems."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gsmgw.store.tx import Tx


def name_of(tx: Tx, stick: str, candidates: Sequence[str], taken: Collection[str]) -> str:
    """Return the name that a stick has, or the first candidate that nobody has, which it keeps from then on.

    ``taken`` are names of the configuration. The last candidate is used with a number where none is free.
    """
    known = tx.one("SELECT name FROM modem_names WHERE stick = ?", (stick,))
    if known is not None and known[0] not in taken:
        return str(known[0])
    given = {str(row[0]) for row in tx.all("SELECT name FROM modem_names WHERE stick <> ?", (stick,))}
    names = [*candidates, *(f"{candidates[-1]}-{number}" for number in range(2, len(given) + len(taken) + 3))]
    name = next(name for name in names if name not in taken and name not in given)
    tx.run("INSERT OR REPLACE INTO modem_names (stick, name) VALUES (?, ?)", (stick, name))
    return name
