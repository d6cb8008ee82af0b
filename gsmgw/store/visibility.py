"""Visibility rules for restricted tokens."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from gsmgw.model import MessageRecord


@dataclass(frozen=True, slots=True)
class Sight:
    """The visible messages: those of an owner, of these modems, and of these routes."""

    owner: int
    modems: frozenset[str]
    routes: frozenset[str]

    def sees(self, record: MessageRecord) -> bool:
        """Return True if a message is visible."""
        return record.owner == self.owner or record.modem in self.modems or record.route in self.routes

    def clause(self) -> tuple[str, list[str | int]]:
        """Return the rules as an SQL condition on the messages table, with its parameters."""
        words = "(owner = ? OR modem IN (SELECT value FROM json_each(?)) OR route IN (SELECT value FROM json_each(?)))"
        return words, [self.owner, json.dumps(sorted(self.modems)), json.dumps(sorted(self.routes))]


def seen_of(db: sqlite3.Connection, ids: Collection[int], sight: Sight) -> frozenset[int]:
    """Which of these messages may be seen."""
    words, values = sight.clause()
    rows = db.execute(
        f"SELECT id FROM messages WHERE id IN (SELECT value FROM json_each(?)) AND {words}",
        (json.dumps(list(ids)), *values),
    )
    return frozenset(row[0] for row in rows)
