"""Whose a target of callbacks is, and when it ends; those of before end a week after the upgrade."""

SCRIPT = """
ALTER TABLE webhooks ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhooks ADD COLUMN expires_ms INTEGER;
UPDATE webhooks SET owner = -2, expires_ms = (CAST(strftime('%s', 'now') AS INTEGER) + 604800) * 1000
    WHERE format IN ('kannel', 'twilio')
"""
