"""All tables of the first release."""

STATEMENTS = (
    # Messages of both directions, their segments and parts
    """
    CREATE TABLE messages (
        id            INTEGER PRIMARY KEY,            -- store.ids: sorts by time
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
        route         TEXT NOT NULL DEFAULT '',       -- model.routes; '' for any modem
        client        TEXT NOT NULL DEFAULT '',       -- the token's name; '' for the local socket
        priority      INTEGER NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2),
        message_class INTEGER CHECK (message_class BETWEEN 0 AND 3),   -- TS 23.038 4
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
        report_missing INTEGER NOT NULL DEFAULT 0,    -- a delivery report was requested and never came
        replace_type  INTEGER,                        -- inbound: TP-PID 0x41 to 0x47
        replaces      INTEGER,
        replaced_by   INTEGER,
        refusals      TEXT,                           -- JSON object: how often it was refused, by code
        repeats       INTEGER NOT NULL DEFAULT 0,     -- how often it was sent again without evidence
        owner         INTEGER NOT NULL DEFAULT 0,     -- the token's id; 0 the socket, -1 the Twilio door, -2 nobody
        CHECK (direction = 'outbound' AND status IN ('scheduled', 'queued', 'sending', 'sent', 'delivered',
                   'undelivered', 'unknown', 'failed', 'expired', 'canceled')
            OR direction = 'inbound' AND status = 'received'),
        CHECK (text IS NOT NULL OR data IS NOT NULL),
        CHECK (status <> 'scheduled' OR due_ms IS NOT NULL),
        CHECK (status IN ('queued', 'scheduled', 'unknown') OR due_ms IS NULL),
        CHECK (status NOT IN ('sent') OR sent_ms IS NOT NULL),
        CHECK (status <> 'delivered' OR delivered_ms IS NOT NULL),
        CHECK ((direction = 'inbound') = (received_ms IS NOT NULL))
    )
    """,
    """
    CREATE INDEX messages_ready ON messages (route, client, priority, id)
        WHERE status = 'queued' AND due_ms IS NULL
    """,
    "CREATE INDEX messages_due ON messages (due_ms) WHERE due_ms IS NOT NULL",
    """
    CREATE INDEX messages_expiry ON messages (expires_ms)
        WHERE expires_ms IS NOT NULL AND status IN ('queued', 'scheduled')
    """,
    """
    CREATE INDEX messages_open ON messages (status, id)
        WHERE status IN ('scheduled', 'queued', 'sending', 'unknown', 'failed', 'undelivered')
    """,
    "CREATE INDEX messages_peer ON messages (peer, id)",
    "CREATE INDEX messages_inbound ON messages (id) WHERE direction = 'inbound'",
    "CREATE INDEX messages_conversation ON messages (peer, id) WHERE direction = 'inbound'",
    """
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
        copy          TEXT,                           -- memory and index of the modem's stored copy; '' says nothing
        owed          INTEGER NOT NULL DEFAULT 0,     -- a late result may still come
        PRIMARY KEY (message_id, seq),
        CHECK (status NOT IN ('sending', 'sent', 'unknown') OR sim IS NOT NULL AND sending_ms IS NOT NULL),
        CHECK (status <> 'sent' OR sent_ms IS NOT NULL),
        CHECK (status NOT IN ('delivered', 'undelivered') OR report_status IS NOT NULL)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX segments_report ON segments (sim, reference) WHERE report_due = 1",
    "CREATE INDEX segments_usage ON segments (sim, sending_ms) WHERE sending_ms IS NOT NULL",
    "CREATE INDEX segments_doubt ON segments (sim, claim) WHERE doubt IS NOT NULL AND reference IS NULL",
    "CREATE INDEX segments_open ON segments (status) WHERE status IN ('sending', 'unknown')",
    """
    CREATE TABLE sims (                               -- TP-MR as each SIM counts it: evidence for unknown segments
        sim           TEXT PRIMARY KEY,
        reference     INTEGER NOT NULL,               -- of the last accepted segment
        claim         INTEGER NOT NULL,               -- and its place in the order
        steps         INTEGER NOT NULL DEFAULT 0,     -- how often in a row it went up by one
        refused       INTEGER NOT NULL DEFAULT 0,     -- refusals since: each may have used a reference
        repeated      TEXT NOT NULL DEFAULT '[]',     -- JSON: [claim, doubt] of tries that were repeated
        agreed        INTEGER NOT NULL DEFAULT 0,     -- how often in a row EF_SMSS agreed, each at another
        agreed_at     INTEGER                         -- the reference at which it agreed last
    ) WITHOUT ROWID
    """,
    """
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
    )
    """,
    "CREATE INDEX reports_match ON reports (sim, reference)",
    """
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
        length_octets INTEGER,                        -- of the TPDU, as the modem named it
        data          INTEGER,                        -- 8-bit data: never joined with text
        message_id    INTEGER REFERENCES messages (id) ON DELETE SET NULL,
        CHECK (state <> 'quarantined' OR problem IS NOT NULL),
        CHECK (state <> 'waiting' OR total IS NOT NULL)
    )
    """,
    "CREATE INDEX parts_held ON parts (sim, pdu) WHERE held = 1",
    "CREATE INDEX parts_concat ON parts (sender, reference, total) WHERE total IS NOT NULL",
    "CREATE INDEX parts_waiting ON parts (at_ms) WHERE state = 'waiting'",
    "CREATE INDEX parts_message ON parts (message_id) WHERE message_id IS NOT NULL",
    "CREATE INDEX parts_quarantined ON parts (id) WHERE state = 'quarantined'",
    """
    CREATE TABLE events (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms         INTEGER NOT NULL,
        type          TEXT NOT NULL,
        message_id    INTEGER,
        modem         TEXT,
        data          TEXT NOT NULL
    )
    """,
    "CREATE INDEX events_message ON events (message_id) WHERE message_id IS NOT NULL",
    """
    CREATE TABLE idempotency (
        key           TEXT PRIMARY KEY,               -- 'key:' or 'ref:' and what the client sent
        fingerprint   TEXT NOT NULL,                  -- of the request's content
        answer        TEXT NOT NULL,                  -- JSON: the message ids or problems it was answered with
        created_ms    INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE concat_references (                  -- which concatenation references a recipient has seen
        recipient     TEXT PRIMARY KEY,
        state         TEXT NOT NULL,                  -- JSON of pdu.references.References
        used_ms       INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE tokens (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,   -- never given again: messages belong to it
        name          TEXT NOT NULL UNIQUE,
        digest        TEXT NOT NULL UNIQUE,           -- SHA-256 of the token
        scopes        TEXT NOT NULL,
        created_ms    INTEGER NOT NULL,
        expires_ms    INTEGER,
        last_used_ms  INTEGER,
        per_minute    INTEGER,
        per_day       INTEGER,
        modems        TEXT NOT NULL DEFAULT '[]',     -- JSON arrays: it sends through these only
        pools         TEXT NOT NULL DEFAULT '[]'
    )
    """,
    """
    CREATE TABLE refused_pins (                       -- never tried a second time
        sim           TEXT NOT NULL,
        fingerprint   TEXT NOT NULL,
        at_ms         INTEGER NOT NULL,
        PRIMARY KEY (sim, fingerprint)
    ) WITHOUT ROWID
    """,
    """
    CREATE INDEX messages_awaited ON messages (expires_ms)
        WHERE status = 'sent' AND report = 1 AND report_missing = 0
    """,
    "CREATE INDEX messages_replaceable ON messages (peer, replace_type, id) WHERE replace_type IS NOT NULL",
    "CREATE INDEX parts_loose ON parts (at_ms) WHERE message_id IS NULL AND held = 0",
    "CREATE INDEX reports_age ON reports (at_ms)",
    # Webhooks and callbacks
    """
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
        format        TEXT NOT NULL DEFAULT 'standard',
        owner         INTEGER NOT NULL DEFAULT 0,     -- of a callback target: the token's id
        expires_ms    INTEGER,                        -- of a callback target
        CHECK (state = 'active' OR reason IS NOT NULL)
    ) WITHOUT ROWID
    """,
    """
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
    )
    """,
    "CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, id)",
    "CREATE INDEX webhook_deliveries_open ON webhook_deliveries (webhook_id, id) WHERE state = 'pending'",
    """
    CREATE TABLE callbacks (
        message_id    INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
        url           TEXT NOT NULL,
        mask          INTEGER NOT NULL DEFAULT 0
    )
    """,
    # Consumers of the event log, full-text search
    """
    CREATE TABLE cursors (                            -- how far each consumer of the event log is
        name          TEXT PRIMARY KEY,               -- 'search', 'hook:NAME'
        event_id      INTEGER NOT NULL,               -- the last event that it has done with
        holds         INTEGER NOT NULL DEFAULT 0      -- events that it has not seen are not deleted by age
    ) WITHOUT ROWID
    """,
    "INSERT INTO cursors (name, event_id, holds) VALUES ('search', 0, 1)",
    """
    CREATE VIRTUAL TABLE messages_search USING fts5 (
        text, content = 'messages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TRIGGER messages_search_update AFTER UPDATE OF text ON messages
    WHEN old.text IS NOT new.text AND EXISTS (SELECT 1 FROM messages_search_docsize WHERE id = old.id) BEGIN
        INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO messages_search (rowid, text) VALUES (new.id, new.text); END
    """,
    """
    CREATE TRIGGER messages_search_delete AFTER DELETE ON messages
    WHEN EXISTS (SELECT 1 FROM messages_search_docsize WHERE id = old.id) BEGIN
        INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.id, old.text); END
    """,
    # Access, modems, the machine
    """
    CREATE TABLE audit (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms         INTEGER NOT NULL,
        who           TEXT NOT NULL,                  -- a token's name, or the user of the socket
        origin        TEXT NOT NULL,                  -- an address, or the process on the socket
        method        TEXT NOT NULL,
        path          TEXT NOT NULL,
        status        INTEGER NOT NULL,               -- what it was answered with
        detail        TEXT NOT NULL DEFAULT '{}',     -- JSON object
        minor         INTEGER NOT NULL DEFAULT 0      -- a refusal that anybody with a token can cause: bounded apart
    )
    """,
    "CREATE INDEX audit_minor ON audit (minor, id)",
    """
    CREATE TABLE modem_names (
        stick TEXT PRIMARY KEY,
        name  TEXT NOT NULL UNIQUE
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE boots (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        boot_id  TEXT NOT NULL,
        boot_ms  INTEGER NOT NULL,
        since_ms INTEGER NOT NULL,
        first_id INTEGER NOT NULL
    )
    """,
)
