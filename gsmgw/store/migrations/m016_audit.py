"""Which audit entries anybody with a token can cause at will: they have a bound of their own."""

SCRIPT = """
ALTER TABLE audit ADD COLUMN minor INTEGER NOT NULL DEFAULT 0;
UPDATE audit SET minor = 1 WHERE status >= 400;
CREATE INDEX audit_minor ON audit (minor, id)
"""
