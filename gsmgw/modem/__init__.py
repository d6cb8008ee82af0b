"""One physical modem: channel, driver, link, session, profiles."""

from gsmgw.modem.finder import Finder
from gsmgw.modem.modem import Modem
from gsmgw.modem.services.ussd import UssdReply
from gsmgw.modem.sim.pin import MemoryPinGuard, PinGuard
from gsmgw.modem.tap.transcript import TranscriptRows

__all__ = ["Finder", "MemoryPinGuard", "Modem", "PinGuard", "TranscriptRows", "UssdReply"]
