"""Bridges: each speaks the protocol of another SMS gateway, so that programs written for it work unchanged.

A bridge is a package of its own with its routes and its dialect for callbacks. All are off by default ([compat]).
"""

from gsmgw.bridges.bridge import Bridge
from gsmgw.bridges.context import BridgeContext
from gsmgw.bridges.kannel import KANNEL
from gsmgw.bridges.smsgate import SMSGATE
from gsmgw.bridges.twilio import TWILIO

__all__ = ["BRIDGES", "Bridge", "BridgeContext"]

BRIDGES: tuple[Bridge, ...] = (KANNEL, SMSGATE, TWILIO)
