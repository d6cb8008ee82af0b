"""Drips with the people in them, and open questions."""

STATEMENTS = (
    """
    CREATE TABLE drips (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        folded        TEXT NOT NULL UNIQUE,           -- the name without case
        name          TEXT NOT NULL,
        drip          TEXT NOT NULL,                  -- JSON object
        paused        INTEGER NOT NULL DEFAULT 0,
        resumed_ms    INTEGER NOT NULL DEFAULT 0,     -- end of the last pause
        created_ms    INTEGER NOT NULL,
        changed_ms    INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE drip_people (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        drip_id       INTEGER NOT NULL REFERENCES drips (id) ON DELETE CASCADE,
        number        TEXT NOT NULL,                  -- E.164
        contact_id    INTEGER,
        source        TEXT NOT NULL,                  -- who enrolled: api, rule, campaign
        reason        TEXT,                           -- why it ended; NULL while active
        step          INTEGER NOT NULL DEFAULT 0,     -- the next one
        due_ms        INTEGER NOT NULL,               -- when it is due; or, until it is planned, the enrollment
        planned       INTEGER NOT NULL DEFAULT 0,
        enrolled_ms   INTEGER NOT NULL,
        ended_ms      INTEGER,
        UNIQUE (drip_id, number),
        CHECK ((reason IS NULL) = (ended_ms IS NULL))
    )
    """,
    "CREATE INDEX drip_people_due ON drip_people (drip_id, due_ms) WHERE reason IS NULL",
    "CREATE INDEX drip_people_number ON drip_people (number)",
    """
    CREATE TABLE drip_messages (
        person_id     INTEGER NOT NULL REFERENCES drip_people (id) ON DELETE CASCADE,
        step          INTEGER NOT NULL,
        message_id    INTEGER NOT NULL,
        PRIMARY KEY (person_id, step)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE asking_messages (
        message_id    INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
        ask           TEXT NOT NULL                   -- JSON object; the question is open once the message is sent
    )
    """,
    """
    CREATE TABLE open_questions (
        number        TEXT PRIMARY KEY,               -- E.164
        ask           TEXT NOT NULL,                  -- JSON object
        message_id    INTEGER NOT NULL,               -- the text that asks
        asked_ms      INTEGER NOT NULL,
        until_ms      INTEGER NOT NULL,
        unreadable    INTEGER NOT NULL DEFAULT 0      -- answers that could not be read
    ) WITHOUT ROWID
    """,
    "CREATE INDEX open_questions_until ON open_questions (until_ms)",
)
