"""Full-text search. Texts get into the index a little later (store.search); what is in it follows its message."""

SCRIPT = """
CREATE VIRTUAL TABLE messages_search USING fts5 (
    text, content = 'messages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER messages_search_update AFTER UPDATE OF text ON messages
WHEN old.text IS NOT new.text AND EXISTS (SELECT 1 FROM messages_search_docsize WHERE id = old.id) BEGIN
    INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.id, old.text); INSERT
    INTO messages_search (rowid, text) VALUES (new.id, new.text); END;
CREATE TRIGGER messages_search_delete AFTER DELETE ON messages
WHEN EXISTS (SELECT 1 FROM messages_search_docsize WHERE id = old.id) BEGIN
    INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.id, old.text); END;
CREATE TABLE search_cursor (
    event_id      INTEGER NOT NULL                -- the last event whose message is in the index
);
INSERT INTO search_cursor (event_id) SELECT coalesce(max(id), 0) FROM events;
INSERT INTO messages_search (messages_search) VALUES ('rebuild')
"""
