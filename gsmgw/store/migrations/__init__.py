"""The migrations that create the tables. Constraints in the database refuse invalid states of a message.

Each module is one step and gives it its name; its ``STATEMENTS`` are run in their order. Steps are run in the order
below, and one that has been released is never changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from gsmgw.store.migrations import (
    m001_tables,
    m002_contacts,
    m003_consent,
    m004_users,
    m005_conversations,
    m006_templates,
    m007_rules,
    m008_rollups,
    m009_campaigns,
    m012_contact_history,
    m013_text_expiry,
    m014_drips,
    m015_campaign_runs,
)

_STEPS: dict[str, Sequence[str]] = {
    "m001_tables": m001_tables.STATEMENTS,
    "m002_contacts": m002_contacts.STATEMENTS,
    "m003_consent": m003_consent.STATEMENTS,
    "m004_users": m004_users.STATEMENTS,
    "m005_conversations": m005_conversations.STATEMENTS,
    "m006_templates": m006_templates.STATEMENTS,
    "m007_rules": m007_rules.STATEMENTS,
    "m008_rollups": m008_rollups.STATEMENTS,
    "m009_campaigns": m009_campaigns.STATEMENTS,
    "m012_contact_history": m012_contact_history.STATEMENTS,
    "m013_text_expiry": m013_text_expiry.STATEMENTS,
    "m014_drips": m014_drips.STATEMENTS,
    "m015_campaign_runs": m015_campaign_runs.STATEMENTS,
}

migrations = Migrations("gsmgw")


def add_step(name: str, statements: Sequence[str]) -> None:
    """Add a migration after the others."""

    @migrations(name=name)
    def apply(db: Database) -> None:
        for statement in statements:
            db.execute(statement)


for _name, _statements in _STEPS.items():
    add_step(_name, _statements)


def applied_migrations(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the applied migrations, in order."""
    return [migration.name for migration in migrations.applied(Database(connection))]


def known_migrations() -> list[str]:
    """Return the names of all migrations of this version."""
    return [migration.name for migration in migrations._migrations]
