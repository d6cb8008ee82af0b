"""The people who are texted: their consent."""
