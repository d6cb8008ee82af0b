"""Consent: lists, the present state of each number, its trail, and the purpose of messages."""

STATEMENTS = (
    """
    ALTER TABLE messages ADD COLUMN purpose TEXT NOT NULL DEFAULT 'transactional'
        CHECK (purpose IN ('transactional', 'marketing', 'conversation'))
    """,
    "ALTER TABLE messages ADD COLUMN list TEXT",  # outbound: the consent list of a marketing message
    # The confirmation of an opt-out, an answer to HELP, a question: the only texts that no opt-out blocks.
    "ALTER TABLE messages ADD COLUMN exempt INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE messages ADD COLUMN consent TEXT",  # inbound: the meaning of its text for consent
    """
    CREATE TABLE consent_settings (                   -- one row
        id            INTEGER PRIMARY KEY CHECK (id = 1),
        secret        BLOB NOT NULL,                  -- key of the HMAC that stands for a number
        blocks        TEXT NOT NULL                   -- purposes that an opt-out of everything blocks
    )
    """,
    "INSERT INTO consent_settings VALUES (1, randomblob(32), 'transactional marketing conversation')",
    """
    CREATE TABLE consent_lists (
        name          TEXT PRIMARY KEY,
        keywords      TEXT NOT NULL DEFAULT '[]',     -- JSON array: words after STOP and START
        double_opt_in INTEGER NOT NULL DEFAULT 0,
        stop_reply    TEXT NOT NULL DEFAULT '{}',     -- JSON objects: a text by language
        start_reply   TEXT NOT NULL DEFAULT '{}',
        help_reply    TEXT NOT NULL DEFAULT '{}',
        question      TEXT NOT NULL DEFAULT '{}',
        created_ms    INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE consent (                            -- the present state
        id            INTEGER PRIMARY KEY,
        list          TEXT NOT NULL,                  -- '*' is everything
        person        TEXT NOT NULL,                  -- HMAC of the number
        number        TEXT,                           -- E.164; NULL once the person was erased
        state         TEXT CHECK (state IN ('in', 'confirmed', 'out')),
        changed_ms    INTEGER,
        suspected_ms  INTEGER,                        -- marketing is on hold since; a person decides
        asked_ms      INTEGER,                        -- the question of a double opt-in was sent
        UNIQUE (person, list)
    )
    """,
    """
    CREATE TABLE consent_replies (                    -- when an answer of a kind last went to a person
        person        TEXT NOT NULL,
        list          TEXT NOT NULL,
        kind          TEXT NOT NULL,
        at_ms         INTEGER NOT NULL,
        PRIMARY KEY (person, list, kind)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX consent_out ON consent (id) WHERE state = 'out'",
    "CREATE INDEX consent_suspected ON consent (id) WHERE suspected_ms IS NOT NULL",
    "CREATE INDEX consent_number ON consent (number, list)",
    """
    CREATE TABLE consent_trail (                      -- every change, never changed itself except by an erasure
        id            INTEGER PRIMARY KEY,
        at_ms         INTEGER NOT NULL,
        list          TEXT NOT NULL,
        person        TEXT NOT NULL,
        number        TEXT,
        action        TEXT NOT NULL CHECK (action IN ('in', 'out', 'confirmed', 'asked', 'suspected', 'import',
                          'manual', 'erased')),
        state         TEXT,                           -- after it
        source        TEXT NOT NULL,                  -- sms, api, import
        keyword       TEXT,
        text          TEXT,
        reason        TEXT,
        message_id    INTEGER
    )
    """,
    "CREATE INDEX consent_trail_person ON consent_trail (person, id)",
)
