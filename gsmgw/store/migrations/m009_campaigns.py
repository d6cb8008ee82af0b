"""Campaigns, and a row for each of their recipients."""

STATEMENTS = (
    """
    CREATE TABLE campaigns (
        id            INTEGER PRIMARY KEY,            -- store.ids
        name          TEXT NOT NULL,
        state         TEXT NOT NULL CHECK (state IN ('draft', 'scheduled', 'running', 'paused', 'finished',
                          'canceled')),
        plan          TEXT NOT NULL,                  -- JSON object: audience, texts, limits
        reason        TEXT,                           -- why it is paused
        start_ms      INTEGER,                        -- when a scheduled one starts
        created_ms    INTEGER NOT NULL,
        changed_ms    INTEGER NOT NULL,
        started_ms    INTEGER,
        ended_ms      INTEGER,
        built_to      INTEGER,                        -- contacts up to this one are recipients; NULL: all of them are
        watched_from  INTEGER NOT NULL DEFAULT 0      -- failures of messages after this one pause it
    )
    """,
    "CREATE INDEX campaigns_open ON campaigns (state) WHERE state IN ('scheduled', 'running')",
    """
    CREATE TABLE campaign_recipients (
        campaign_id   INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
        number        TEXT NOT NULL,                  -- E.164
        contact_id    INTEGER,
        variant       INTEGER,
        state         TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'queued', 'skipped')),
        reason        TEXT,                           -- why it was skipped
        message_id    INTEGER,
        not_before_ms INTEGER NOT NULL DEFAULT 0,     -- outside of the hours until then
        PRIMARY KEY (campaign_id, number),
        CHECK ((state = 'queued') = (message_id IS NOT NULL)),
        CHECK ((state = 'skipped') = (reason IS NOT NULL))
    ) WITHOUT ROWID
    """,
    """
    CREATE INDEX campaign_recipients_waiting ON campaign_recipients (campaign_id, not_before_ms)
        WHERE state = 'waiting'
    """,
    "CREATE INDEX campaign_recipients_contact ON campaign_recipients (contact_id) WHERE contact_id IS NOT NULL",
    "CREATE INDEX messages_campaign ON messages (campaign, status, id) WHERE campaign IS NOT NULL",
)
