"""Campaigns that make others: by a repetition, or on dates of contacts."""

STATEMENTS = (
    "ALTER TABLE campaigns ADD COLUMN first_ms INTEGER",  # start of a repetition: COUNT counts from it
    "ALTER TABLE campaigns ADD COLUMN parent_id INTEGER REFERENCES campaigns (id) ON DELETE SET NULL",
    "ALTER TABLE campaigns ADD COLUMN occasion TEXT",  # the date for which people are texted
    "ALTER TABLE campaigns ADD COLUMN apart_ms INTEGER NOT NULL DEFAULT 0",  # see model.campaigns.Run
    "CREATE INDEX campaigns_parent ON campaigns (parent_id) WHERE parent_id IS NOT NULL",
    """
    CREATE TABLE campaign_occasions (                 -- who was texted for which date: once
        campaign_id   INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
        number        TEXT NOT NULL,                  -- E.164
        occasion      TEXT NOT NULL,                  -- a date; of one that comes each year, the year
        PRIMARY KEY (campaign_id, number, occasion)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX campaign_occasions_old ON campaign_occasions (campaign_id, occasion)",
)
