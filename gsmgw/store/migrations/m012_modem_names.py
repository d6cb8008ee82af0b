"""Names of modems that were found and not configured: a name stays with its stick, whichever is found first."""

SCRIPT = """
CREATE TABLE modem_names (
    stick TEXT PRIMARY KEY,
    name  TEXT NOT NULL UNIQUE
) WITHOUT ROWID
"""
