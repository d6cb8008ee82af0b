"""The tables, step by step. What must never be true of a message is refused by the database itself.

Each module is one step and gives it its name; its ``SCRIPT`` holds the statements, divided by a semicolon at the end of
a line. Steps are run in the order below, and one that has been released is never changed.
"""

from __future__ import annotations

import sqlite3
from types import ModuleType

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from gsmgw.store.migrations import (
    m001_messages,
    m002_webhooks,
    m003_hooks,
    m004_search,
    m005_copies,
    m006_queue,
    m007_message_class,
    m007a_access,
    m007b_doors,
    m009_record,
)

_STEPS = (
    m001_messages,
    m002_webhooks,
    m003_hooks,
    m004_search,
    m005_copies,
    m006_queue,
    m007_message_class,
    m007a_access,
    m007b_doors,
    m009_record,
)

migrations = Migrations("gsmgw")


def _register(step: ModuleType) -> None:
    @migrations(name=step.__name__.rpartition(".")[2])
    def apply(db: Database) -> None:
        for statement in step.SCRIPT.split(";\n"):
            if statement.strip():
                db.execute(statement)


for _step in _STEPS:
    _register(_step)


def applied_migrations(connection: sqlite3.Connection) -> list[str]:
    """The names of the steps that a database has been through, in their order."""
    return [migration.name for migration in migrations.applied(Database(connection))]


def known_migrations() -> list[str]:
    """The names of all steps that this version knows."""
    return [step.__name__.rpartition(".")[2] for step in _STEPS]
