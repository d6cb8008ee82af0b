"""Transcripts of the conversation on a port."""
