"""Sums by hour, for statistics. They outlive the messages."""

STATEMENTS = (
    "ALTER TABLE messages ADD COLUMN campaign TEXT",  # outbound: the campaign that it belongs to
    """
    CREATE TABLE rollups (
        dimension     TEXT NOT NULL CHECK (dimension IN ('all', 'modem', 'campaign', 'tag', 'country')),
        hour_ms       INTEGER NOT NULL,               -- its beginning, UTC
        key           TEXT NOT NULL,                  -- of the dimension; '' for all
        accepted      INTEGER NOT NULL DEFAULT 0,
        sent          INTEGER NOT NULL DEFAULT 0,
        segments      INTEGER NOT NULL DEFAULT 0,     -- sent ones
        delivered     INTEGER NOT NULL DEFAULT 0,
        undelivered   INTEGER NOT NULL DEFAULT 0,
        report_missing INTEGER NOT NULL DEFAULT 0,
        failed        INTEGER NOT NULL DEFAULT 0,
        expired       INTEGER NOT NULL DEFAULT 0,
        canceled      INTEGER NOT NULL DEFAULT 0,
        received      INTEGER NOT NULL DEFAULT 0,
        priced        INTEGER NOT NULL DEFAULT 0,     -- segments with a price, and what they cost, in millionths
        cost          INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (dimension, hour_ms, key)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE rollup_details (                     -- delivery times by bucket, failures by cause
        dimension     TEXT NOT NULL,
        hour_ms       INTEGER NOT NULL,
        key           TEXT NOT NULL,
        kind          TEXT NOT NULL CHECK (kind IN ('took', 'cause')),
        name          TEXT NOT NULL,                  -- the number of the bucket, or the code of the cause
        count         INTEGER NOT NULL,
        PRIMARY KEY (dimension, hour_ms, key, kind, name)
    ) WITHOUT ROWID
    """,
    "INSERT INTO cursors (name, event_id, holds) VALUES ('rollups', 0, 1)",
)
