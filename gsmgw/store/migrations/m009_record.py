"""Whether a SIM's own record of its last reference (EF_SMSS) is kept up to date: how often in a row it agreed, each
time at another reference, and at which it did last.
"""

SCRIPT = """
ALTER TABLE sims ADD COLUMN agreed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sims ADD COLUMN agreed_at INTEGER
"""
