"""Messages that a hub has assigned to nodes, and what it has received from them."""

STATEMENTS = (
    """
    CREATE TABLE fleet_jobs (
        message_id    INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
        node          TEXT NOT NULL,
        attempt       INTEGER NOT NULL,               -- how often the message was assigned
        assigned_ms   INTEGER NOT NULL,
        published     INTEGER NOT NULL DEFAULT 0,     -- the NATS server has it
        begun         INTEGER NOT NULL DEFAULT 0,     -- the node has said that it sends it
        open          INTEGER NOT NULL DEFAULT 1,     -- the node has not said that it is done with it
        wanted        TEXT CHECK (wanted IN ('cancel', 'release'))   -- what the node was asked for
    )
    """,
    "CREATE INDEX fleet_jobs_open ON fleet_jobs (node, message_id) WHERE open = 1",
    """
    CREATE TABLE fleet_received (
        node          TEXT NOT NULL,
        id            INTEGER NOT NULL,               -- of the message at the node
        message_id    INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
        PRIMARY KEY (node, id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX fleet_received_message ON fleet_received (message_id)",
    """
    CREATE TABLE fleet_state (
        key           TEXT PRIMARY KEY,               -- stream: the last message of the events' stream
        value         INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
)
