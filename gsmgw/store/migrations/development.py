"""Databases of the last version before the first release: they have the same tables, made in many steps."""

from __future__ import annotations

from gsmgw.store.migrations import m001_tables

#: The steps that such a database has been through, all of them.
STEPS = frozenset(
    {
        "m001_messages", "m002_webhooks", "m003_hooks", "m004_search", "m005_copies", "m006_queue",
        "m007_message_class", "m007a_access", "m007b_doors", "m009_record", "m010_refusals", "m011_owners",
        "m012_modem_names", "m013_part_kind", "m014_boot", "m015_callbacks", "m016_audit",
    }
)  # fmt: skip

#: Makes such a database one of the first release.
ADOPTION = (
    *(statement for statement in m001_tables.STATEMENTS if "CREATE TABLE cursors" in statement),
    "INSERT INTO cursors (name, event_id) SELECT 'hook:' || name, cursor FROM hooks",
    "INSERT INTO cursors (name, event_id, holds) SELECT 'search', coalesce(min(event_id), 0), 1 FROM search_cursor",
    "DROP TABLE hooks",
    "DROP TABLE search_cursor",
    "ALTER TABLE sims ADD COLUMN repeated TEXT NOT NULL DEFAULT '[]'",
    "DELETE FROM _sqlite_migrations WHERE migration_set = 'gsmgw'",
    "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('gsmgw', 'm001_tables', '')",
)
