"""Keyword rules, and the automatic answers that the guards count."""

STATEMENTS = (
    """
    CREATE TABLE rules (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        folded        TEXT NOT NULL UNIQUE,           -- the name without case
        name          TEXT NOT NULL,
        rule          TEXT NOT NULL,                  -- JSON object
        suspended     TEXT,                           -- the reason why it is not used
        overruns      INTEGER NOT NULL DEFAULT 0,     -- how often its regular expression took too long
        created_ms    INTEGER NOT NULL,
        changed_ms    INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE automatic_messages (
        message_id    INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
        at_ms         INTEGER NOT NULL,               -- when it goes
        answer        INTEGER NOT NULL                -- 1 for an answer to the sender, 0 for a forwarded text
    )
    """,
    "CREATE INDEX automatic_messages_time ON automatic_messages (at_ms)",
)
