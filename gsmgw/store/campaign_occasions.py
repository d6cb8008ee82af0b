"""Campaigns on dates of contacts: who has one of some dates, and who was texted for which."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gsmgw.model.contacts import FieldValue
from gsmgw.store.contacts import Clause
from gsmgw.store.tx import Tx, as_json


@dataclass(frozen=True, slots=True)
class Dated:
    """A contact with its date."""

    contact_id: int
    number: str
    time_zone: str | None
    value: FieldValue


def with_dates(db: sqlite3.Connection, wanted: Clause, field: str, values: Sequence[str]) -> list[Dated]:
    """Return the contacts of an audience that have one of these dates in a field."""
    condition, parameters = wanted
    rows = db.execute(
        "SELECT contacts.id, contacts.number, contacts.time_zone, dated.value FROM json_each(?) AS wanted "
        "CROSS JOIN contact_values AS dated ON dated.field = ? AND dated.value = wanted.value "
        f"CROSS JOIN (SELECT id, number, time_zone FROM contacts WHERE {condition}) AS contacts "
        "ON contacts.id = dated.contact_id ORDER BY contacts.id",
        (as_json(values), field, *parameters),
    )
    return [Dated(*row) for row in rows]


def all_dates(db: sqlite3.Connection, field: str) -> list[str]:
    """Return all dates that contacts have in a field."""
    rows = db.execute("SELECT DISTINCT value FROM contact_values WHERE field = ?", (field,))
    return [str(row[0]) for row in rows]


def not_yet_texted(db: sqlite3.Connection, campaign_id: int, people: Iterable[tuple[str, str]]) -> set[str]:
    """Return which numbers were not texted for their occasion."""
    done = set()
    everybody = set()
    for number, occasion in people:
        everybody.add(number)
        row = db.execute(
            "SELECT 1 FROM campaign_occasions WHERE campaign_id = ? AND number = ? AND occasion = ?",
            (campaign_id, number, occasion),
        ).fetchone()
        if row is not None:
            done.add(number)
    return everybody - done


def note(tx: Tx, campaign_id: int, number: str, occasion: str) -> bool:
    """Note that somebody is texted for an occasion. Return False if that was noted before."""
    return bool(
        tx.run(
            "INSERT OR IGNORE INTO campaign_occasions (campaign_id, number, occasion) VALUES (?, ?, ?)",
            (campaign_id, number, occasion),
        )
    )


def add_recipient(tx: Tx, run_id: int, number: str, contact_id: int) -> None:
    """Add a recipient to the run for an occasion."""
    tx.run(
        "INSERT OR IGNORE INTO campaign_recipients (campaign_id, number, contact_id) VALUES (?, ?, ?)",
        (run_id, number, contact_id),
    )


def prune(tx: Tx, campaign_id: int, before: str) -> None:
    """Forget occasions that have long passed."""
    tx.run("DELETE FROM campaign_occasions WHERE campaign_id = ? AND occasion < ?", (campaign_id, before))
