"""What is known of families of modems, as data: each profile is a difference from the generic one."""

from gsmgw.modem.profiles.base import GENERIC, Profile

__all__ = ["GENERIC", "Profile"]
