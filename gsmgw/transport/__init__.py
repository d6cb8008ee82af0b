"""Byte streams: serial ports and TCP connections."""

from gsmgw.transport.opening import open_port, opener_for, port_present, same_node

__all__ = ["open_port", "opener_for", "port_present", "same_node"]
