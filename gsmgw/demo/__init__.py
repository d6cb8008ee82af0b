"""``gsmgw demo``: demonstrations that need no hardware."""

from gsmgw.demo.fleet import tell as tell_fleet
from gsmgw.demo.single import SHORT, tell

__all__ = ["SHORT", "tell", "tell_fleet"]
