"""Submitting messages."""
