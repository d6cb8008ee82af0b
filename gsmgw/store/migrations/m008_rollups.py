"""Sums by hour and by day, for statistics. They outlive the messages."""

#: Buckets of delivery times.
_TOOK = "".join(f"took_{number} INTEGER NOT NULL DEFAULT 0, " for number in range(16))

STATEMENTS = (
    "ALTER TABLE messages ADD COLUMN campaign TEXT",  # outbound: the campaign that it belongs to
    f"""
    CREATE TABLE rollups (
        dimension     TEXT NOT NULL CHECK (dimension IN ('all', 'modem', 'campaign', 'tag', 'country')),
        hours         INTEGER NOT NULL CHECK (hours IN (1, 24)),   -- the length of the span
        start_ms      INTEGER NOT NULL,               -- its beginning, UTC
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
        {_TOOK}
        PRIMARY KEY (dimension, hours, start_ms, key)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE rollup_causes (                      -- failures by the code of their error
        dimension     TEXT NOT NULL,
        hours         INTEGER NOT NULL,
        start_ms      INTEGER NOT NULL,
        key           TEXT NOT NULL,
        code          TEXT NOT NULL,
        count         INTEGER NOT NULL,
        PRIMARY KEY (dimension, hours, start_ms, key, code)
    ) WITHOUT ROWID
    """,
    "INSERT INTO cursors (name, event_id, holds) VALUES ('rollups', 0, 1)",
)
