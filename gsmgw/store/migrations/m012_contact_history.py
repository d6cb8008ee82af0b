"""The latest messages with each number, which segments ask for."""

STATEMENTS = (
    """
    CREATE TABLE contact_history (
        number        TEXT PRIMARY KEY,
        last_reply_ms INTEGER,                        -- received
        last_sent_ms  INTEGER,
        delivered_ms  INTEGER
    ) WITHOUT ROWID
    """,
)
