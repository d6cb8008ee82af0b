"""Transcripts of a serial line: their form, recording and replay."""
