"""One physical modem: channel, driver, link, session, profiles."""

from gsmgw.modem.finder import Finder
from gsmgw.modem.pin import MemoryPinGuard, PinGuard
from gsmgw.modem.session import Modem
from gsmgw.modem.transcript import Transcript, TranscriptRows
from gsmgw.modem.ussd import UssdReply

__all__ = ["Finder", "MemoryPinGuard", "Modem", "PinGuard", "Transcript", "TranscriptRows", "UssdReply"]
