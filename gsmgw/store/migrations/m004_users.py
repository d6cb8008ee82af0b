"""People who sign in, and their sessions."""

STATEMENTS = (
    """
    CREATE TABLE users (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,   -- never given again: messages belong to it
        name          TEXT NOT NULL UNIQUE COLLATE NOCASE,
        role          TEXT NOT NULL CHECK (role IN ('owner', 'operator', 'viewer')),
        password      TEXT NOT NULL,                  -- the hash, with its parameters and its salt
        language      TEXT,
        time_zone     TEXT,
        disabled      INTEGER NOT NULL DEFAULT 0,
        created_ms    INTEGER NOT NULL,
        signed_in_ms  INTEGER                         -- the last time
    )
    """,
    """
    CREATE TABLE sessions (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        digest        TEXT NOT NULL UNIQUE,           -- SHA-256 of the session's token
        created_ms    INTEGER NOT NULL,
        last_used_ms  INTEGER NOT NULL,
        source        TEXT NOT NULL,                  -- the address that signed in
        agent         TEXT NOT NULL                   -- its User-Agent
    )
    """,
    "CREATE INDEX sessions_user ON sessions (user_id, id)",
)
