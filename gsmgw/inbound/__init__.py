"""Inbound messages: from a raw PDU to a message, a delivery status or the quarantine."""

from gsmgw.inbound.collector import Collector

__all__ = ["Collector"]
