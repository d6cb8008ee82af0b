"""The people who are texted: contacts, their fields and groups, segments of them, and their consent."""
