"""The earlier tries of segments that were sent again without evidence: claim and doubt of each, since the reference."""

SCRIPT = """
ALTER TABLE sims ADD COLUMN repeated TEXT NOT NULL DEFAULT '[]'
"""
