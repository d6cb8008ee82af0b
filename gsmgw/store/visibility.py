"""What somebody may read who is held to some of the modems."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from gsmgw.model import MessageRecord


@dataclass(frozen=True, slots=True)
class Sight:
    """The messages of an owner, those that these modems carried, and those that are bound to these routes."""

    owner: int
    modems: frozenset[str]
    routes: frozenset[str]

    def sees(self, record: MessageRecord) -> bool:
        """Whether a message is among them."""
        return record.owner == self.owner or record.modem in self.modems or record.route in self.routes

    def clause(self) -> tuple[str, list[str | int]]:
        """The same as a condition on the table of messages, with its values."""
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
