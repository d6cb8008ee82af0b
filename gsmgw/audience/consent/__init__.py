"""Consent: what received texts say, and what follows from it."""
