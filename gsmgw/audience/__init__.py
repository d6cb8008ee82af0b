"""Contacts, their fields and groups, and segments of them."""
