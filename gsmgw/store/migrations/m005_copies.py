"""Where a modem keeps the copy of a segment: memory and index; empty for one that says nothing."""

SCRIPT = "ALTER TABLE segments ADD COLUMN copy TEXT"
