"""Any class of TS 23.038 4 instead of class 0 alone."""

SCRIPT = """
ALTER TABLE messages ADD COLUMN message_class INTEGER CHECK (message_class BETWEEN 0 AND 3);
UPDATE messages SET message_class = 0 WHERE flash <> 0;
ALTER TABLE messages DROP COLUMN flash
"""
