"""Where events are posted to, how far each target is, and what became of each delivery."""

SCRIPT = """
CREATE TABLE webhooks (
    id            TEXT PRIMARY KEY,
    url           TEXT NOT NULL,
    description   TEXT NOT NULL DEFAULT '',
    events        TEXT NOT NULL,                  -- JSON arrays; an empty one lets everything through
    tags          TEXT NOT NULL,
    modems        TEXT NOT NULL,
    ordered       INTEGER NOT NULL DEFAULT 1,
    secrets       TEXT NOT NULL,                  -- JSON array of objects, newest first
    state         TEXT NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
    reason        TEXT,                           -- why it is not active
    cursor        INTEGER NOT NULL,               -- the last event that was looked at
    created_ms    INTEGER NOT NULL,
    CHECK (state = 'active' OR reason IS NOT NULL)
) WITHOUT ROWID;

CREATE TABLE webhook_deliveries (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id    TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id      INTEGER,                        -- none for a test
    type          TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('event', 'replay', 'test')),
    state         TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts      INTEGER NOT NULL DEFAULT 0,     -- of this round: begins anew when the target is resumed
    due_ms        INTEGER,
    created_ms    INTEGER NOT NULL,
    ended_ms      INTEGER,
    tries         TEXT NOT NULL DEFAULT '[]',     -- JSON array: what came of each
    CHECK ((state = 'pending') = (due_ms IS NOT NULL)),
    CHECK ((state = 'pending') = (ended_ms IS NULL)),
    CHECK (kind = 'test' OR event_id IS NOT NULL)
);
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (webhook_id, id) WHERE state = 'pending'
"""
