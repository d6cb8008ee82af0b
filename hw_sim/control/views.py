"""Phones and modems as JSON."""

from __future__ import annotations

from dataclasses import asdict

from ..network.phone import Phone
from ..sim_modem import SimModem
from .client import Answer


def phone_view(phone: Phone) -> Answer:
    """Return a phone as JSON."""
    received = []
    for message in phone.received:
        entry = asdict(message)
        entry["data"] = None if message.data is None else message.data.hex()
        received.append(entry)
    return {"number": phone.number, "received": received, "sent": phone.sent, "on": phone.reachable()}


def modem_view(modem: SimModem) -> Answer:
    """Return a modem as JSON."""
    return {
        "name": modem.name,
        "path": modem.path,
        "profile": modem.profile.name,
        "number": modem.number,
        "imei": modem.imei,
        "powered": modem.powered,
        "sim": modem.sim.state,
        "registration": modem.radio.stat,
        "signal": modem.radio.rssi,
        "storage": {name: [len(memory), memory.capacity] for name, memory in modem.memories.items()},
        "waiting": modem.network.waiting(modem),
        "faults": [fault.kind for fault in modem.faults.active],
    }
