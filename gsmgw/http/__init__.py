"""Serving HTTP: listeners, TLS, bounds, problems and event streams."""
