"""Saved templates."""

STATEMENTS = (
    """
    CREATE TABLE templates (
        folded        TEXT PRIMARY KEY,               -- the name without case
        name          TEXT NOT NULL,
        text          TEXT NOT NULL,                  -- Liquid
        created_ms    INTEGER NOT NULL,
        changed_ms    INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
)
