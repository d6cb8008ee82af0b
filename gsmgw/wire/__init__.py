"""The wire format, in one place: resources, requests, events and their encoding.

The API, its client, webhooks and bridges use it.
"""
