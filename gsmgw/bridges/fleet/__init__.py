"""The fleet: many gateways that work as one, over NATS JetStream.

A hub accepts messages for all of them and assigns each to one node. The node sends it like any other message, and tells
the hub what becomes of it, and what its modems receive.
"""
