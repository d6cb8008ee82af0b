"""How far each exec hook is in the event log."""

SCRIPT = """
CREATE TABLE hooks (
    name          TEXT PRIMARY KEY,
    cursor        INTEGER NOT NULL                -- the last event that it has done with
) WITHOUT ROWID
"""
