"""Whose a message is: the number of its token, which no later token gets; 0 for the socket, -1 for the Twilio door, -2
for a token that no longer exists. Keys and references of clients are among those of their owner.
"""

SCRIPT = """
CREATE TABLE tokens_new (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
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
);
INSERT INTO tokens_new
    (id, name, digest, scopes, created_ms, expires_ms, last_used_ms, per_minute, per_day, modems, pools)
    SELECT id, name, digest, scopes, created_ms, expires_ms, last_used_ms, per_minute, per_day, modems, pools
    FROM tokens;
DROP TABLE tokens;
ALTER TABLE tokens_new RENAME TO tokens;
ALTER TABLE messages ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;
UPDATE messages SET owner = coalesce(
    (SELECT id FROM tokens WHERE name = messages.client AND tokens.created_ms <= messages.created_ms),
    CASE client WHEN 'twilio' THEN -1 ELSE -2 END) WHERE client <> '';
UPDATE idempotency SET key = 'ref:#' || coalesce(
    (SELECT owner FROM messages WHERE id = CAST(idempotency.answer AS INTEGER)), 0) || char(10) || substr(key, 5)
    WHERE key LIKE 'ref:%';
UPDATE idempotency SET key = 'key:#' || (SELECT id FROM tokens WHERE name = substr(key, 5, instr(key, char(10)) - 5))
    || substr(key, instr(key, char(10)))
    WHERE key LIKE 'key:%' AND EXISTS (SELECT 1 FROM tokens WHERE tokens.created_ms <= idempotency.created_ms
    AND name = substr(key, 5, instr(key, char(10)) - 5));
UPDATE idempotency SET key = 'key:#0' || char(10) || substr(key, 5)
    WHERE key LIKE 'key:%' AND instr(key, char(10)) = 0
"""
