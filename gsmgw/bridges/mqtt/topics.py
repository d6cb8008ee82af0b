"""The topics of the bridge, below its base."""

from __future__ import annotations

import re
from dataclasses import dataclass

ONLINE, OFFLINE = "online", "offline"
#: Payloads of a switch and a button of Home Assistant.
ON, OFF, PRESS = "ON", "OFF", "PRESS"


def slug(name: str) -> str:
    """Return a name as one level of a topic and as part of an ID: lower case letters, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_") or "x"


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics; ``discovery`` is the prefix of Home Assistant, empty if no devices are announced."""

    base: str
    discovery: str

    @property
    def status(self) -> str:
        """``online`` or ``offline``, retained: the last will."""
        return f"{self.base}/status"

    @property
    def state(self) -> str:
        """The state of the gateway, retained."""
        return f"{self.base}/state"

    @property
    def received(self) -> str:
        """Received texts, missed calls and answers to USSD codes."""
        return f"{self.base}/received"

    @property
    def outcome(self) -> str:
        """Outcomes of sent texts."""
        return f"{self.base}/outcome"

    @property
    def send(self) -> str:
        """Requests to send a text."""
        return f"{self.base}/send"

    @property
    def result(self) -> str:
        """Answers to these requests."""
        return f"{self.base}/result"

    @property
    def devices(self) -> str:
        """The discovery topics that are in use, retained: a later run removes those that are not."""
        return f"{self.base}/devices"

    def modem_state(self, modem: str) -> str:
        """The state of a modem, retained."""
        return f"{self.base}/modem/{modem}/state"

    def modem_reset(self, modem: str) -> str:
        """Restarts a modem."""
        return f"{self.base}/modem/{modem}/reset"

    def modem_enabled(self, modem: str) -> str:
        """Enables or disables a modem."""
        return f"{self.base}/modem/{modem}/enabled"

    def notify(self, name: str) -> str:
        """Texts the recipient of a ``[[mqtt.notify]]``; the payload is the text."""
        return f"{self.base}/notify/{slug(name)}"

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it has started."""
        return f"{self.discovery}/status"

    def device(self, device: str) -> str:
        """Where a device is announced."""
        return f"{self.discovery}/device/{device}/config"

    @property
    def node(self) -> str:
        """The beginning of all IDs."""
        return slug(self.base)

    def subscriptions(self) -> list[str]:
        """Return the topics to subscribe to."""
        base = self.base
        found = [self.send, f"{base}/notify/+", f"{base}/modem/+/reset", f"{base}/modem/+/enabled", self.devices]
        return [*found, self.birth] if self.discovery else found
