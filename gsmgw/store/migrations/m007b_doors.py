"""Callbacks of the compatibility doors: webhooks that speak another dialect, and what each message wants told."""

SCRIPT = """
ALTER TABLE webhooks ADD COLUMN format TEXT NOT NULL DEFAULT 'standard';
CREATE TABLE callbacks (
    message_id    INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    url           TEXT NOT NULL,
    mask          INTEGER NOT NULL DEFAULT 0
)
"""
