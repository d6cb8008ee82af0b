"""Drips: what they send."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from gsmgw.model.consent import Purpose
from gsmgw.model.contacts import fold
from gsmgw.model.drips import Drip, SavedDrip, Step
from gsmgw.model.events import DripStateChanged, Json
from gsmgw.store.lifecycle import cancel
from gsmgw.store.rules import hours_json, hours_of
from gsmgw.store.states import WAITING, of
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, kinds, readable

_COLUMNS = "id, drip, paused, resumed_ms, created_ms, changed_ms"
_KINDS = kinds(_COLUMNS, integers="id paused resumed_ms created_ms changed_ms")


def drip_json(drip: Drip) -> dict[str, Json]:
    """Return a drip as JSON."""
    return {
        "name": drip.name,
        "steps": [{"delay": each.delay, "text": each.text, "template": each.template} for each in drip.steps],
        "purpose": drip.purpose.value,
        "list": drip.list,
        "ends_on_answer": drip.ends_on_answer,
        "late_hours": drip.late_hours,
        **hours_json(drip.hours),
    }


def _drip(row: Any) -> SavedDrip:
    check(row, _KINDS)
    found: Mapping[str, Any] = json.loads(row[1])
    drip = Drip(
        name=found["name"],
        steps=tuple(Step(each["delay"], each["text"], each["template"]) for each in found["steps"]),
        purpose=Purpose(found["purpose"]),
        list=found["list"],
        ends_on_answer=found["ends_on_answer"],
        late_hours=found["late_hours"],
        hours=hours_of(found["hours"], tuple(found["days"])),
    )
    return SavedDrip(row[0], drip, bool(row[2]), *row[3:])


def all_drips(db: sqlite3.Connection) -> list[SavedDrip]:
    """Return all drips by name."""
    return readable(db, "drips", _drip, db.execute(f"SELECT {_COLUMNS} FROM drips ORDER BY folded"))


def get(db: sqlite3.Connection, name: str) -> SavedDrip | None:
    """Return a drip, or None if it does not exist."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM drips WHERE folded = ?", (fold(name),))
    return next(iter(readable(db, "drips", _drip, rows)), None)


def load(tx: Tx, name: str) -> SavedDrip | None:
    """Return a drip in a transaction."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM drips WHERE folded = ?", (fold(name),))
    return next(iter(tx.readable("drips", _drip, rows)), None)


def load_all(tx: Tx) -> list[SavedDrip]:
    """Return all drips in a transaction."""
    return tx.readable("drips", _drip, tx.all(f"SELECT {_COLUMNS} FROM drips ORDER BY folded"))


def count(tx: Tx) -> int:
    """Return the number of drips."""
    return int(tx.one("SELECT count(*) FROM drips")[0])


def save(tx: Tx, now_ms: int, drip: Drip) -> None:
    """Save a drip, or replace the one of this name; the people in it stay at their step."""
    tx.run(
        "INSERT INTO drips (folded, name, drip, created_ms, changed_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (folded) "
        "DO UPDATE SET name = excluded.name, drip = excluded.drip, changed_ms = excluded.changed_ms",
        (fold(drip.name), drip.name, json.dumps(drip_json(drip), ensure_ascii=False), now_ms, now_ms),
    )


def set_paused(tx: Tx, now_ms: int, saved: SavedDrip, *, paused: bool) -> bool:
    """Pause or resume a drip, with its event. Return False if it is in that state already."""
    changed = tx.run(
        "UPDATE drips SET paused = ?1, resumed_ms = CASE WHEN ?1 THEN resumed_ms ELSE ?2 END, changed_ms = ?2 "
        "WHERE id = ?3 AND paused <> ?1",
        (int(paused), now_ms, saved.id),
    )
    if changed:
        state = "paused" if paused else "resumed"
        tx.event(now_ms, DripStateChanged(saved.drip.name, state, active(tx, saved.id)))
    return bool(changed)


def active(tx: Tx, drip_id: int) -> int:
    """Return how many people get further steps."""
    return int(tx.one("SELECT count(*) FROM drip_people WHERE drip_id = ? AND reason IS NULL", (drip_id,))[0])


def delete(tx: Tx, now_ms: int, saved: SavedDrip) -> tuple[int, list[tuple[int, str]]]:
    """Delete a drip and cancel its messages that wait. Return how many people were active, and those messages."""
    people = active(tx, saved.id)
    rows = tx.all(
        "SELECT m.id, m.peer FROM drip_people p CROSS JOIN drip_messages d ON d.person_id = p.id "
        f"CROSS JOIN messages m ON m.id = d.message_id WHERE p.drip_id = ? AND {of('m', WAITING)}",
        (saved.id,),
    )
    canceled = [(int(message_id), str(peer)) for message_id, peer in rows if cancel(tx, now_ms, message_id)]
    tx.run("DELETE FROM drips WHERE id = ?", (saved.id,))
    tx.event(now_ms, DripStateChanged(saved.drip.name, "deleted", people))
    return people, canceled


def counts(db: sqlite3.Connection) -> dict[int, dict[str | None, int]]:
    """Return by drip how many people are active (None), or ended for each reason."""
    found: dict[int, dict[str | None, int]] = {}
    for drip_id, reason, number in db.execute(
        "SELECT drip_id, reason, count(*) FROM drip_people WHERE drip_id > 0 GROUP BY drip_id, reason"
    ):
        found.setdefault(drip_id, {})[reason] = number
    return found
