"""The tables, step by step. What must never be true of a message is refused by the database itself.

Each module is one step and gives it its name; its ``SCRIPT`` holds the statements, divided by a semicolon at the end of
a line. Steps are run in the order below, and one that has been released is never changed.
"""

from __future__ import annotations

import sqlite3
from importlib import import_module

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

_STEPS = (
    "m001_messages",
    "m002_webhooks",
    "m003_hooks",
    "m004_search",
    "m005_copies",
    "m006_queue",
    "m007_message_class",
    "m007a_access",
    "m007b_doors",
    "m009_record",
    "m010_refusals",
    "m011_owners",
    "m012_modem_names",
    "m013_part_kind",
    "m014_boot",
    "m015_callbacks",
    "m016_audit",
    "m017_repeats",
)

migrations = Migrations("gsmgw")


def _register(step: str) -> None:
    script = import_module(f"{__name__}.{step}").SCRIPT

    @migrations(name=step)
    def apply(db: Database) -> None:
        for statement in script.split(";\n"):
            if statement.strip():
                db.execute(statement)


for _step in _STEPS:
    _register(_step)


def applied_migrations(connection: sqlite3.Connection) -> list[str]:
    """The names of the steps that a database has been through, in their order."""
    return [migration.name for migration in migrations.applied(Database(connection))]


def known_migrations() -> list[str]:
    """The names of all steps that this version knows."""
    return list(_STEPS)
