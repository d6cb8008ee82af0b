"""The migrations that create the tables. Constraints in the database refuse invalid states of a message.

Each module is one step and gives it its name; its ``STATEMENTS`` are run in their order. Steps are run in the order
below, and one that has been released is never changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

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
    m019_smpp,
    m020_fleet,
    m021_fleet_erasures,
    m022_cheap_conditions,
)

if TYPE_CHECKING:
    from sqlite_utils import Database

#: The steps in their order.
STEPS: dict[str, Sequence[str]] = {
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
    "m019_smpp": m019_smpp.STATEMENTS,
    "m020_fleet": m020_fleet.STATEMENTS,
    "m021_fleet_erasures": m021_fleet_erasures.STATEMENTS,
    "m022_cheap_conditions": m022_cheap_conditions.STATEMENTS,
}

#: The table of sqlite-utils that says which steps a database has, and the name of ours in it.
_TABLE, _SET = "_sqlite_migrations", "gsmgw"


def applied_migrations(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the applied migrations, in order."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)).fetchone():
        return []
    found = connection.execute(f"SELECT name FROM {_TABLE} WHERE migration_set = ? ORDER BY rowid", (_SET,))
    return [str(name) for (name,) in found]


def known_migrations() -> list[str]:
    """Return the names of all migrations of this version."""
    return list(STEPS)


def apply_migrations(connection: sqlite3.Connection, stop_before: str | None = None) -> None:
    """Run the steps that the database lacks. sqlite-utils is imported here: most starts need none."""
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    migrations = Migrations(_SET)
    for name, statements in STEPS.items():
        migrations(name=name)(_step(statements))
    migrations.apply(Database(connection), stop_before=stop_before)


def _step(statements: Sequence[str]) -> Callable[[Database], None]:
    def run(db: Database) -> None:
        for statement in statements:
            db.execute(statement)

    return run
