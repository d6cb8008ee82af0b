"""Limits of SIMs, pools and people: messages per time, recipients per day, sending hours."""
