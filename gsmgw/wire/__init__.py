"""What goes over the wire, once: resources, requests, events, and how they are written.

The API, its client, webhooks and bridges use it.
"""
