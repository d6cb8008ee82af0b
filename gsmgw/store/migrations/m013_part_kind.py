"""Whether a received part holds 8-bit data: text and data are never parts of one message."""

SCRIPT = """
ALTER TABLE parts ADD COLUMN data INTEGER
"""
