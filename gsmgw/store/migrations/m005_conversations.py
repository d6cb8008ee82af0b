"""Tables for work on conversations: read, assign, close, note; and saved answers."""

STATEMENTS = (
    """
    CREATE TABLE conversations (
        peer          TEXT PRIMARY KEY,
        last_id       INTEGER NOT NULL,               -- the latest message
        last_in_id    INTEGER NOT NULL DEFAULT 0,     -- the latest received one, 0 if there is none
        read_id       INTEGER NOT NULL DEFAULT 0,     -- received ones up to this one have been read
        via           TEXT,                           -- the modem that received the latest one: an answer leaves there
        state         TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
        assigned_to   TEXT                            -- a user
    )
    """,
    "CREATE INDEX conversations_last ON conversations (last_id)",
    "CREATE INDEX conversations_unread ON conversations (last_id) WHERE last_in_id > read_id",
    "CREATE INDEX conversations_assigned ON conversations (assigned_to, last_id) WHERE assigned_to IS NOT NULL",
    "CREATE INDEX conversations_via ON conversations (via, last_id) WHERE via IS NOT NULL",
    "CREATE INDEX conversations_closed ON conversations (last_id) WHERE state = 'closed'",
    """
    INSERT INTO conversations (peer, last_id, last_in_id, read_id, via)
        SELECT peer, max(id), coalesce(max(CASE direction WHEN 'inbound' THEN id END), 0),
            coalesce(max(CASE direction WHEN 'inbound' THEN id END), 0),
            (SELECT modem FROM messages AS last WHERE last.peer = messages.peer AND last.direction = 'inbound'
                ORDER BY last.id DESC LIMIT 1)
        FROM messages GROUP BY peer
    """,
    """
    CREATE TABLE conversation_notes (                 -- never sent
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        peer          TEXT NOT NULL REFERENCES conversations (peer) ON DELETE CASCADE,
        at_ms         INTEGER NOT NULL,
        author        TEXT NOT NULL,
        text          TEXT NOT NULL
    )
    """,
    "CREATE INDEX conversation_notes_peer ON conversation_notes (peer, id)",
    """
    CREATE TABLE answers (                            -- canned ones
        name          TEXT PRIMARY KEY COLLATE NOCASE,
        text          TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)
