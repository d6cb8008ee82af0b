"""Inbound messages: from a raw PDU to a message, a delivery status or the quarantine."""

from gsmgw.inbound.collector import Collector
from gsmgw.inbound.receive_hook import AfterCommit, ReceiveHook

__all__ = ["AfterCommit", "Collector", "ReceiveHook"]
