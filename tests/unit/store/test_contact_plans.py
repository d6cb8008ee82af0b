"""Changing a contact costs no walk through a table, however many contacts there are."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from support.databases import make_database

from gsmgw.model.contacts import Person
from gsmgw.store import contact_groups, contact_imports, contacts, engine
from gsmgw.store.tx import Tx

LARGE = re.compile(r"SCAN (contacts|contact_values|group_members|member|contact_import_rows|contact_history)\b")
ANNA, BEN = "+4915112345671", "+4915112345672"


def test_statements_that_change_contacts_use_an_index(tmp_path: Path) -> None:
    path = make_database(tmp_path / "g.db", queued=0)
    db = engine.connect(path)
    statements: set[str] = set()
    db.set_trace_callback(statements.add)
    tx = Tx(db)
    number = contacts.create(tx, 1, ANNA, Person("Anna", fields={"city": "Ulm"}, groups=("A",)))
    anna = contacts.load(tx, ANNA)
    assert anna is not None
    contacts.update(tx, 2, anna, ANNA, Person("Anna B", fields={"city": "Bonn"}, groups=("B",)))
    group = contact_groups.load(tx, "A")
    assert group is not None
    contact_groups.add(tx, 3, group, [number])
    contact_groups.remove(tx, 4, group, [number])
    run = contact_imports.begin(tx, 5, ["C"])
    contact_imports.write(tx, 5, run, [(ANNA, Person("Anna C")), (BEN, Person("Ben", groups=("C",)))])
    contact_imports.finish(tx, run)
    assert contact_imports.undo(tx, 6, run, 10) == {"restored": 1, "removed": 1}
    anna = contacts.load(tx, number)
    assert anna is not None
    assert anna.person.name == "Anna B"
    contacts.delete(tx, anna)
    contacts.find(db, ("id < 100", ()), 10)
    db.set_trace_callback(None)
    db.close()
    assert scans(path, statements) == []


def scans(path: Path, statements: set[str]) -> list[str]:
    db = sqlite3.connect(path)
    try:
        wanted = [text for text in statements if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)\b", text)]
        assert len(wanted) > 20
        plans = [(row[3], text) for text in wanted for row in db.execute(f"EXPLAIN QUERY PLAN {text}")]
        return [f"{step}: {text}" for step, text in plans if LARGE.match(step)]
    finally:
        db.close()
