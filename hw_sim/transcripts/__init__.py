"""Transcripts of a line, recorded and replayed."""
