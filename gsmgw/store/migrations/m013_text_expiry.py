"""Texts that are kept for less time than their messages."""

STATEMENTS = (
    """
    CREATE TABLE text_expiry (
        message_id    INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
        due_ms        INTEGER NOT NULL                -- its text is erased then, once the message has ended
    )
    """,
    "CREATE INDEX text_expiry_due ON text_expiry (due_ms)",
)
