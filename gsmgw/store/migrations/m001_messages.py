"""Messages of both directions, their segments and parts, the event log."""

SCRIPT = """
CREATE TABLE messages (
    id            INTEGER PRIMARY KEY,            -- model.IdSource: sorts by time
    direction     TEXT NOT NULL CHECK (direction IN ('outbound', 'inbound')),
    status        TEXT NOT NULL,
    peer          TEXT NOT NULL,                  -- the other side: E.164, short code or name
    own           TEXT,                           -- the SIM's own number, where known
    text          TEXT,
    data          BLOB,
    port          INTEGER,
    encoding      TEXT NOT NULL,
    segments      INTEGER NOT NULL CHECK (segments BETWEEN 1 AND 255),
    modem         TEXT,                           -- that carried it, or carries it now
    route         TEXT NOT NULL DEFAULT '',       -- a word of outbound.router; '' for any modem
    client        TEXT NOT NULL DEFAULT '',       -- the token's name; '' for the local socket
    priority      INTEGER NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2),
    flash         INTEGER NOT NULL DEFAULT 0,
    report        INTEGER NOT NULL DEFAULT 0,
    on_unknown    TEXT CHECK (on_unknown IN ('resend', 'hold')),
    client_ref    TEXT,
    tags          TEXT,                           -- JSON array
    attempts      INTEGER NOT NULL DEFAULT 0,
    created_ms    INTEGER NOT NULL,
    send_at_ms    INTEGER,
    expires_ms    INTEGER,
    due_ms        INTEGER,                        -- when a deferred, scheduled or unknown one is looked at
    waiting       TEXT,                           -- why it is deferred, a sentence
    sent_ms       INTEGER,
    delivered_ms  INTEGER,
    received_ms   INTEGER,
    smsc_ms       INTEGER,                        -- inbound: TP-SCTS
    error         TEXT,                           -- JSON object
    incomplete    INTEGER NOT NULL DEFAULT 0,
    CHECK (direction = 'outbound' AND status IN ('scheduled', 'queued', 'sending', 'sent', 'delivered',
               'undelivered', 'unknown', 'failed', 'expired', 'canceled')
        OR direction = 'inbound' AND status = 'received'),
    CHECK (text IS NOT NULL OR data IS NOT NULL),
    CHECK (status <> 'scheduled' OR due_ms IS NOT NULL),
    CHECK (status IN ('queued', 'scheduled', 'unknown') OR due_ms IS NULL),
    CHECK (status NOT IN ('sent') OR sent_ms IS NOT NULL),
    CHECK (status <> 'delivered' OR delivered_ms IS NOT NULL),
    CHECK ((direction = 'inbound') = (received_ms IS NOT NULL))
);
CREATE INDEX messages_ready ON messages (route, client, priority, id)
    WHERE status = 'queued' AND due_ms IS NULL;
CREATE INDEX messages_due ON messages (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX messages_expiry ON messages (expires_ms)
    WHERE expires_ms IS NOT NULL AND status IN ('queued', 'scheduled');
CREATE INDEX messages_open ON messages (status, id)
    WHERE status IN ('scheduled', 'queued', 'sending', 'unknown', 'failed', 'undelivered');
CREATE INDEX messages_peer ON messages (peer, id);
CREATE INDEX messages_inbound ON messages (id) WHERE direction = 'inbound';
CREATE INDEX messages_conversation ON messages (peer, id) WHERE direction = 'inbound';

CREATE TABLE segments (
    message_id    INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    seq           INTEGER NOT NULL CHECK (seq BETWEEN 1 AND 255),
    status        TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'delivered', 'undelivered',
                      'unknown', 'failed')),
    tpdu          BLOB NOT NULL,                  -- the SMS-SUBMIT as it goes to the modem
    recipient     TEXT NOT NULL,                  -- the digits that a report is matched by
    reference     INTEGER CHECK (reference BETWEEN 0 AND 255),   -- TP-MR
    modem         TEXT,
    sim           TEXT,
    attempt       INTEGER NOT NULL DEFAULT 0,
    claim         INTEGER,                        -- the order in which segments were handed to a SIM
    doubt         INTEGER,                        -- which interruption left it unknown
    sending_ms    INTEGER,
    sent_ms       INTEGER,
    report_due    INTEGER NOT NULL DEFAULT 0,
    report_status INTEGER,                        -- TP-ST
    discharge_ms  INTEGER,                        -- TP-DT
    error         TEXT,
    PRIMARY KEY (message_id, seq),
    CHECK (status NOT IN ('sending', 'sent', 'unknown') OR sim IS NOT NULL AND sending_ms IS NOT NULL),
    CHECK (status <> 'sent' OR sent_ms IS NOT NULL),
    CHECK (status NOT IN ('delivered', 'undelivered') OR report_status IS NOT NULL)
) WITHOUT ROWID;
CREATE INDEX segments_report ON segments (sim, reference) WHERE report_due = 1;
CREATE INDEX segments_usage ON segments (sim, sending_ms) WHERE sending_ms IS NOT NULL;
CREATE INDEX segments_doubt ON segments (sim, claim) WHERE doubt IS NOT NULL AND reference IS NULL;
CREATE INDEX segments_open ON segments (status) WHERE status IN ('sending', 'unknown');

CREATE TABLE sims (                               -- TP-MR as each SIM counts it: evidence for unknown segments
    sim           TEXT PRIMARY KEY,
    reference     INTEGER NOT NULL,               -- of the last accepted segment
    claim         INTEGER NOT NULL,               -- and its place in the order
    steps         INTEGER NOT NULL DEFAULT 0,     -- how often in a row it went up by one
    refused       INTEGER NOT NULL DEFAULT 0      -- refusals since: each may have used a reference up
) WITHOUT ROWID;

CREATE TABLE reports (                            -- status reports that matched nothing when they came
    id            INTEGER PRIMARY KEY,
    at_ms         INTEGER NOT NULL,
    modem         TEXT NOT NULL,
    sim           TEXT NOT NULL,
    reference     INTEGER NOT NULL,
    recipient     TEXT NOT NULL,
    report_status INTEGER NOT NULL,
    discharge_ms  INTEGER,
    pdu           TEXT NOT NULL
);
CREATE INDEX reports_match ON reports (sim, reference);

CREATE TABLE parts (                              -- received PDUs, raw, before and after they are understood
    id            INTEGER PRIMARY KEY,
    at_ms         INTEGER NOT NULL,
    modem         TEXT NOT NULL,
    sim           TEXT NOT NULL,
    storage       TEXT,
    slot          INTEGER,
    pdu           TEXT NOT NULL,
    held          INTEGER NOT NULL DEFAULT 1,     -- the modem may still have it: read again, it is the same one
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'assembled', 'quarantined', 'silent', 'stored')),
    problem       TEXT,
    sender        TEXT,
    reference     INTEGER,
    total         INTEGER,
    seq           INTEGER,
    smsc_ms       INTEGER,
    message_id    INTEGER REFERENCES messages (id) ON DELETE SET NULL,
    CHECK (state <> 'quarantined' OR problem IS NOT NULL),
    CHECK (state <> 'waiting' OR total IS NOT NULL)
);
CREATE INDEX parts_held ON parts (sim, pdu) WHERE held = 1;
CREATE INDEX parts_concat ON parts (sender, reference, total) WHERE total IS NOT NULL;
CREATE INDEX parts_waiting ON parts (at_ms) WHERE state = 'waiting';
CREATE INDEX parts_message ON parts (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX parts_quarantined ON parts (id) WHERE state = 'quarantined';

CREATE TABLE events (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms         INTEGER NOT NULL,
    type          TEXT NOT NULL,
    message_id    INTEGER,
    modem         TEXT,
    data          TEXT NOT NULL
);
CREATE INDEX events_message ON events (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE idempotency (
    key           TEXT PRIMARY KEY,               -- 'key:' or 'ref:' and what the client sent
    fingerprint   TEXT NOT NULL,                  -- of the request's content
    answer        TEXT NOT NULL,                  -- JSON: the message ids or problems it was answered with
    created_ms    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE concat_references (                  -- which concatenation references a recipient has seen
    recipient     TEXT PRIMARY KEY,
    state         TEXT NOT NULL,                  -- JSON of pdu.references.References
    used_ms       INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE tokens (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    digest        TEXT NOT NULL UNIQUE,           -- SHA-256 of the token
    scopes        TEXT NOT NULL,
    created_ms    INTEGER NOT NULL,
    expires_ms    INTEGER,
    last_used_ms  INTEGER
);

CREATE TABLE refused_pins (                       -- never tried a second time
    sim           TEXT NOT NULL,
    fingerprint   TEXT NOT NULL,
    at_ms         INTEGER NOT NULL,
    PRIMARY KEY (sim, fingerprint)
) WITHOUT ROWID
"""
