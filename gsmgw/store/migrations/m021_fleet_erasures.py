"""Numbers that the nodes of a hub have to erase and have not been told."""

STATEMENTS = (
    """
    CREATE TABLE fleet_erasures (
        number        TEXT PRIMARY KEY,
        at_ms         INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
)
