"""Inbound: from a raw PDU to a message, a status or the quarantine."""

from gsmgw.inbound.collector import Collector

__all__ = ["Collector"]
