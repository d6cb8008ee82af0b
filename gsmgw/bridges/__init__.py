"""Bridges: each speaks a protocol that other programs know, so that they work unchanged. All are off by default.

A bridge is a package of its own. ``kannel``, ``smsgate`` and ``twilio`` are routes of the API's listeners, with a
dialect for callbacks ([compat]). ``mqtt``, ``email`` and ``smpp`` stand beside them, with connections of their own;
they are imported only where they are configured.
"""

from gsmgw.bridges.bridge import Bridge, StandingBridge
from gsmgw.bridges.context import BridgeContext
from gsmgw.bridges.kannel import KANNEL
from gsmgw.bridges.smsgate import SMSGATE
from gsmgw.bridges.twilio import TWILIO

__all__ = ["BRIDGES", "Bridge", "BridgeContext", "StandingBridge"]

BRIDGES: tuple[Bridge, ...] = (KANNEL, SMSGATE, TWILIO)
