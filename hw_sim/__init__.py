"""hw_sim: simulated GSM/LTE modems on a virtual network, for testing software that drives modems."""

from .clock import Calendar, VirtualClock
from .harness import Desk
from .network.phone import Message, Phone
from .network.service_centre import RpError
from .profiles.loader import ProfileError, load_profile, profile_names
from .simulation import SimModem, Simulation

__all__ = [
    "Calendar",
    "Desk",
    "Message",
    "Phone",
    "ProfileError",
    "RpError",
    "SimModem",
    "Simulation",
    "VirtualClock",
    "load_profile",
    "profile_names",
]
__version__ = "0.1.0"
