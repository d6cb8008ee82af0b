"""One physical modem: channel, driver, link, session, profiles."""

from gsmgw.modem.pin import MemoryPinGuard, PinGuard
from gsmgw.modem.session import Modem

__all__ = ["MemoryPinGuard", "Modem", "PinGuard"]
