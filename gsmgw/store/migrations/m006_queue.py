"""Reports that never came; received messages that take the place of an earlier one (``replace_type``: TP-PID 0x41
to 0x47); the TPDU length that the modem named, to read a quarantined PDU again.
"""

SCRIPT = """
ALTER TABLE messages ADD COLUMN report_missing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN replace_type INTEGER;
ALTER TABLE messages ADD COLUMN replaces INTEGER;
ALTER TABLE messages ADD COLUMN replaced_by INTEGER;
CREATE INDEX messages_awaited ON messages (expires_ms)
    WHERE status = 'sent' AND report = 1 AND report_missing = 0;
CREATE INDEX messages_replaceable ON messages (peer, replace_type, id) WHERE replace_type IS NOT NULL;
ALTER TABLE parts ADD COLUMN length_octets INTEGER;
CREATE INDEX parts_loose ON parts (at_ms) WHERE message_id IS NULL AND held = 0;
CREATE INDEX reports_age ON reports (at_ms)
"""
