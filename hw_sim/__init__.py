"""Simulated GSM/LTE modems on a virtual network, for testing software that drives modems."""

from .clock import Calendar, VirtualClock
from .harness import Harness
from .network.phone import Message, Phone
from .network.service_centre import RpError
from .profiles.loader import ProfileError, load_profile, profile_names
from .sim_modem import SimModem
from .simulation import Simulation
from .version import VERSION

__all__ = [
    "Calendar",
    "Harness",
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
__version__ = VERSION
