"""Byte streams: serial ports and TCP connections."""

from gsmgw.transport.opening import node_state, open_port, opener_for, port_present, same_node

__all__ = ["node_state", "open_port", "opener_for", "port_present", "same_node"]
