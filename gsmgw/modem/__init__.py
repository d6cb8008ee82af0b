"""Physical modems: finding their ports, connecting to them, sending, receiving, recovery."""

from gsmgw.modem.finder import Finder
from gsmgw.modem.modem import Modem
from gsmgw.modem.services.ussd import UssdReply
from gsmgw.modem.sim.pin import MemoryPinGuard, PinGuard
from gsmgw.modem.tap.transcript import TranscriptRows

__all__ = ["Finder", "MemoryPinGuard", "Modem", "PinGuard", "TranscriptRows", "UssdReply"]
