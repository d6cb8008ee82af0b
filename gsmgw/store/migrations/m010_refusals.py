"""How often a message was refused with each code, and how often it was repeated without evidence; whether a late result
of a segment in doubt may still come.
"""

SCRIPT = """
ALTER TABLE messages ADD COLUMN refusals TEXT;
ALTER TABLE messages ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;
ALTER TABLE segments ADD COLUMN owed INTEGER NOT NULL DEFAULT 0
"""
