"""The boot of the machine in which the gateway ran last, and where its clock began: shows a clock that was set."""

SCRIPT = """
CREATE TABLE boots (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    boot_id  TEXT NOT NULL,
    boot_ms  INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    first_id INTEGER NOT NULL
)
"""
