"""Keyword rules: what they match, the guards against loops, and the runner that acts on received texts."""
