"""SMPP accounts, what their clients know of messages, and parts of long messages that wait for others."""

STATEMENTS = (
    "ALTER TABLE tokens ADD COLUMN smpp TEXT",  # hash of the SMPP password; NULL: not an SMPP account
    """
    CREATE TABLE smpp_messages (
        message_id    INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
        id            INTEGER NOT NULL,               -- the ID that the client was given
        registered    INTEGER NOT NULL,               -- registered_delivery
        source        TEXT NOT NULL,                  -- TON, NPI and address as the client wrote them
        destination   TEXT NOT NULL,
        PRIMARY KEY (message_id, id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX smpp_messages_id ON smpp_messages (id)",
    """
    CREATE TABLE smpp_parts (
        id            INTEGER PRIMARY KEY,            -- the ID that the client was given
        owner         INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
        whole         TEXT NOT NULL,                  -- which message it is a part of
        number        INTEGER NOT NULL,
        peer          TEXT NOT NULL,                  -- the recipient's digits
        octets        BLOB NOT NULL,
        registered    INTEGER NOT NULL,
        source        TEXT NOT NULL,
        destination   TEXT NOT NULL,
        created_ms    INTEGER NOT NULL,
        UNIQUE (owner, whole, number)
    )
    """,
    "CREATE INDEX smpp_parts_peer ON smpp_parts (peer)",
)
