"""Profiles of modem families: TOML files, and the loader that reads them."""
