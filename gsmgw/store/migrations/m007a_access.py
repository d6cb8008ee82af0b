"""What a token may do more closely (JSON arrays of modems and pools, empty for any), and who did what."""

SCRIPT = """
ALTER TABLE tokens ADD COLUMN per_minute INTEGER;
ALTER TABLE tokens ADD COLUMN per_day INTEGER;
ALTER TABLE tokens ADD COLUMN modems TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tokens ADD COLUMN pools TEXT NOT NULL DEFAULT '[]';
CREATE TABLE audit (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms         INTEGER NOT NULL,
    who           TEXT NOT NULL,                  -- a token's name, or the user of the socket
    origin        TEXT NOT NULL,                  -- an address, or the process on the socket
    method        TEXT NOT NULL,
    path          TEXT NOT NULL,
    status        INTEGER NOT NULL,               -- what it was answered with
    detail        TEXT NOT NULL DEFAULT '{}'      -- JSON object
)
"""
